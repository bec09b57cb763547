"""An experiment as a log of OpenAI's evals framework: the JSONL that its recorder writes.

The first line is the specification of the run. Each answer is a ``sampling`` event with the prompt and what
was sampled, a ``match`` event by exact match, and a ``metrics`` event with all scores; a failed run is an
``error`` event. The last line is the final report, once the experiment has ended.
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from datetime import datetime

import orjson

from app.domain.json import JsonObject
from app.services.harnesses.exports.exported import Exported, ExportedRun, Questions
from app.services.harnesses.exports.means import Mean
from app.services.harnesses.logs import OURS

_SPLIT = "test"
_MATCH = "exact_match"


class _Log:
    """One log while it is written.

    Args:
        experiment: of which.
    """

    def __init__(self, experiment: Exported) -> None:
        self._experiment = experiment
        self._event = 0
        self._question = 0
        self._means: dict[str, Mean] = {}
        self._failed = 0
        self._usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

    def spec(self) -> JsonObject:
        """Return the first line."""
        one = self._experiment
        name = f"{one.task}.{_SPLIT}.{one.dataset['version']}"
        return {
            "spec": {
                "completion_fns": [one.model],
                "eval_name": name,
                "base_eval": one.task,
                "split": _SPLIT,
                "run_config": {
                    "completion_fns": [one.model],
                    "eval_spec": {"cls": OURS, "args": one.method, "key": name, "group": one.task},
                    "seed": one.params.get("seed"),
                    "max_samples": one.planned // one.repeats,
                    "command": f"{OURS} export {one.id} -f openai-evals",
                    "initial_settings": {"visible": False},
                    OURS: one.about,
                },
                "created_by": str(one.provenance.get("created_by") or ""),
                "run_id": one.id,
                "created_at": _time(one.created_at),
            }
        }

    def events(self, runs: Sequence[ExportedRun]) -> Iterator[JsonObject]:
        """Yield the events of a question's runs, and count them."""
        values: dict[str, list[float]] = {}
        for run in runs:
            for kind, data in self._of(run):
                yield {
                    "run_id": self._experiment.id,
                    "event_id": self._event,
                    "sample_id": f"{_SPLIT}.{self._question}",
                    "type": kind,
                    "data": {**data, OURS: run.identity},
                    "created_by": "",
                    "created_at": _time(run.stored_at),
                }
                self._event += 1
            self._failed += run.output is None
            for name, value in run.values.items():
                values.setdefault(name, []).append(value)
        for name, given in values.items():
            self._means.setdefault(name, Mean()).add(given)
        self._question += 1

    def _of(self, run: ExportedRun) -> Iterator[tuple[str, JsonObject]]:
        if run.output is None:
            yield "error", {"type": run.error_kind, "message": run.error}
            return
        usage = self._used(run)
        prompt = run.messages or run.question
        yield "sampling", {"prompt": prompt, "sampled": [run.output], **({"usage": usage} if usage else {})}
        match = run.values.get(_MATCH)
        if match is not None:
            expected = run.golds[0] if len(run.golds) == 1 else list(run.golds)
            yield (
                "match",
                {"correct": match == 1, "expected": expected, "picked": run.answer, "sampled": run.output},
            )
        if run.values:
            yield "metrics", dict(run.values)

    def _used(self, run: ExportedRun) -> JsonObject | None:
        prompt, completion = run.usage.prompt_tokens, run.usage.completion_tokens
        if prompt is None or completion is None:
            return None
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
        for name, count in usage.items():
            self._usage[name] += count
        return usage

    def report(self) -> JsonObject:
        """Return the last line."""
        scores: JsonObject = {}
        for name, mean in self._means.items():
            scores[name] = mean.value
            scores[f"{name}_stderr"] = mean.error
        match = self._means.get(_MATCH)
        return {
            "final_report": {
                **({} if match is None else {"accuracy": match.value}),
                **scores,
                "failed": self._failed,
                "status": self._experiment.status,
                **{f"usage_{name}": count for name, count in self._usage.items()},
            }
        }


def _time(when: datetime) -> str:
    return str(when)


async def write(experiment: Exported, questions: Questions) -> AsyncGenerator[bytes]:
    """Yield the lines of an experiment, question by question."""
    log = _Log(experiment)
    yield _line(log.spec())
    async for runs in questions:
        yield b"".join(map(_line, log.events(runs)))
    if experiment.status.ended:
        yield _line(log.report())


def _line(value: JsonObject) -> bytes:
    return orjson.dumps(value) + b"\n"
