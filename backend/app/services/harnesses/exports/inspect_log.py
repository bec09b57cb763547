"""An experiment as a log of Inspect: an ``.eval`` file, version 2.

It is a zip with an entry for each sample and epoch, the summaries of all of them, the scores of each question
over its epochs, and a header with settings and metrics. Samples are written as they are read; the rest
collects in temporary files.
"""

import math
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile

from app.domain.json import JsonObject
from app.domain.scoring import Score
from app.domain.status import ExperimentStatus
from app.services.harnesses.exports.archive import JsonList, StreamedZip
from app.services.harnesses.exports.exported import Exported, ExportedRun, Questions
from app.services.harnesses.exports.inspect_sample import (
    dumped,
    error_json,
    generate_config,
    sample_json,
    summary_json,
    usage_of,
)
from app.services.harnesses.exports.means import Mean
from app.services.harnesses.logs import OURS

_HARNESS = "inspect"
_VERSION = 2
_STATUS = {
    ExperimentStatus.PENDING: "started",
    ExperimentStatus.RUNNING: "started",
    ExperimentStatus.COMPLETED: "success",
    ExperimentStatus.FAILED: "error",
    ExperimentStatus.CANCELLED: "cancelled",
}


@dataclass(slots=True)
class _Scorer:
    """What is known of one score so far.

    Attributes:
        name: in the log.
        binary: whether it is 0 or 1.
        reduced: the mean of each question over its epochs.
        unscored: questions with answers that it does not score.
    """

    name: str
    binary: bool
    reduced: JsonList
    mean: Mean = field(default_factory=Mean)
    unscored: int = 0

    @property
    def metric(self) -> str:
        """What Inspect calls its mean."""
        return "accuracy" if self.binary else "mean"


class _Log:
    """One log while it is written.

    Args:
        experiment: of which.
        files: the temporary files, closed by the caller.
    """

    def __init__(self, experiment: Exported, files: ExitStack) -> None:
        self._experiment = experiment
        self._names = experiment.names(_HARNESS)
        self._files = files
        self._archive = StreamedZip(experiment.when)
        self._summaries = self._list()
        self._ids: list[str] = []
        self._scorers: dict[str, _Scorer] = {}
        self._answered = 0
        self._usage: dict[str, float] = {}

    def add(self, runs: Sequence[ExportedRun]) -> bytes:
        """Add the runs of a question, and return the new bytes of the file."""
        self._ids.append(runs[0].key)
        scores: dict[str, list[Score]] = {}
        for run in runs:
            values = {name: self._scorer(name).binary for name in run.scores}
            sample = sample_json(self._experiment, run, self._names, values)
            self._archive.add(f"samples/{run.key}_epoch_{run.repeat + 1}.json", dumped(sample))
            self._summaries.add(dumped(summary_json(sample)))
            self._answered += run.output is not None
            for name, amount in (usage_of(run) or {}).items():
                self._usage[name] = self._usage.get(name, 0) + amount
            for name, score in run.scores.items():
                scores.setdefault(name, []).append(score)
        for name, given in scores.items():
            self._reduce(self._scorer(name), runs[0].key, given)
        return self._archive.take()

    def end(self) -> Iterator[bytes]:
        """Add what stands beside the samples, and yield the last bytes of the file."""
        start = {"version": _VERSION, "eval": self._eval(), "plan": self._plan()}
        self._archive.add("_journal/start.json", dumped(start))
        for name in ("_journal/summaries/1.json", "summaries.json"):
            yield from self._archive.add_parts(name, self._summaries.parts())
        yield from self._archive.add_parts("reductions.json", self._reductions())
        self._archive.add("header.json", dumped({**start, **self._results()}))
        yield self._archive.finish()

    def _list(self) -> JsonList:
        return JsonList(self._files.enter_context(TemporaryFile()))

    def _scorer(self, name: str) -> _Scorer:
        if name not in self._scorers:
            binary = self._experiment.is_binary(name)
            self._scorers[name] = _Scorer(self._names.of(name), binary, self._list())
        return self._scorers[name]

    def _reduce(self, scorer: _Scorer, key: str, scores: Sequence[Score]) -> None:
        """Add the scores of one question's epochs."""
        values = [one.value for one in scores if one.value is not None]
        scorer.mean.add(values)
        scorer.unscored += not values
        value = sum(values) / len(values) if values else math.nan
        reduced = {"value": value, "explanation": scores[0].reason, "history": [], "sample_id": key}
        scorer.reduced.add(dumped(reduced))

    def _reductions(self) -> Iterator[bytes]:
        before = b"["
        for scorer in self._scorers.values():
            yield before + b'{"scorer":' + dumped(scorer.name) + b',"samples":'
            yield from scorer.reduced.parts()
            yield b"}"
            before = b","
        yield b"]" if self._scorers else b"[]"

    def _eval(self) -> JsonObject:
        one = self._experiment
        code = one.provenance.get("code") or {}
        limit = (
            {} if one.planned == one.dataset["size"] * one.repeats else {"limit": one.planned // one.repeats}
        )
        return {
            "eval_id": one.id,
            "run_id": one.id,
            "created": one.created_at.isoformat(),
            "task": one.task,
            "task_id": one.id,
            "task_version": one.dataset["version"],
            "task_display_name": one.name,
            "task_attribs": {},
            "task_args": {},
            "task_args_passed": {},
            "solver": one.method["name"],
            "solver_args": self._solver(),
            "tags": list(one.tags),
            "dataset": {
                "name": one.dataset["name"],
                "samples": one.dataset["size"],
                "sample_ids": self._ids,
                "shuffled": False,
            },
            "model": one.model,
            "model_generate_config": generate_config(one.params),
            "model_args": {},
            "config": {
                **limit,
                "epochs": one.repeats,
                "fail_on_error": one.config.get("max_failed_share", False),
                "log_samples": True,
            },
            "packages": {OURS: str(code.get("version") or "unknown")},
            "metadata": {OURS: one.about},
            "scorers": [
                {
                    "name": scorer.name,
                    "options": {},
                    "metrics": [
                        {"name": f"inspect_ai/{metric}", "options": {}}
                        for metric in (scorer.metric, "stderr")
                    ],
                    "metadata": {},
                }
                for scorer in self._scorers.values()
            ],
        }

    def _solver(self) -> JsonObject:
        return {name: value for name, value in self._experiment.method.items() if name != "name"}

    def _plan(self) -> JsonObject:
        step = {"solver": self._experiment.method["name"], "params": self._solver(), "params_passed": {}}
        return {"name": "plan", "steps": [step], "config": generate_config(self._experiment.params)}

    def _results(self) -> JsonObject:
        one = self._experiment
        reason = one.reason or "The experiment failed."
        scorers = [scorer for scorer in self._scorers.values() if scorer.mean.values]
        headline = (
            {"scorer": scorers[0].name, "score": scorers[0].name, "metric": scorers[0].metric}
            if scorers
            else None
        )
        return {
            "status": _STATUS[one.status],
            "results": {
                "total_samples": one.planned,
                "completed_samples": self._answered,
                "scores": [_score_json(scorer) for scorer in scorers],
                **({} if headline is None else {"headline": headline}),
            },
            "stats": {
                "started_at": _time(one.started_at),
                "completed_at": _time(one.finished_at),
                "model_usage": {one.model: self._usage} if self._usage else {},
                "role_usage": {},
            },
            **({"error": error_json(reason, None)} if one.status is ExperimentStatus.FAILED else {}),
            "invalidated": False,
        }


def _score_json(scorer: _Scorer) -> JsonObject:
    metrics = {scorer.metric: scorer.mean.of_questions, "stderr": scorer.mean.error_of_questions or 0.0}
    return {
        "name": scorer.name,
        "scorer": scorer.name,
        "scored_samples": scorer.mean.questions,
        "unscored_samples": scorer.unscored,
        "params": {},
        "metrics": {name: {"name": name, "value": value, "params": {}} for name, value in metrics.items()},
    }


def _time(when: datetime | None) -> str:
    return "" if when is None else when.isoformat()


async def write(experiment: Exported, questions: Questions) -> AsyncGenerator[bytes]:
    """Yield the log of an experiment, question by question."""
    with ExitStack() as files:
        log = _Log(experiment, files)
        async for runs in questions:
            yield log.add(runs)
        for piece in log.end():
            yield piece
