"""An experiment as the files of lm-evaluation-harness: samples and results, in the folder of the model.

A zip holds them, as there are two. A line is one answer: repeats of a question are lines with the same
``doc_id``, told apart under ``llmforge``. A failed run is a line whose response is null, with its error.
"""

import re
from collections.abc import AsyncGenerator, Sequence

import orjson

from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.services.harnesses.exports.archive import StreamedZip
from app.services.harnesses.exports.exported import Exported, ExportedRun, Questions, ScoreNames
from app.services.harnesses.exports.means import Mean
from app.services.harnesses.logs import OURS

_HARNESS = "lm-eval"
_FIELDS = (
    *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"),
    *("doc_hash", "prompt_hash", "target_hash", "error", OURS),
)
"""Keys of a line that are no metrics."""
_UNSAFE = re.compile(r'["<>:/|\\?*\[\]]+')
_KWARGS = {"max_tokens": "max_gen_toks", "stop": "until"}
"""Names of our sampling parameters in generation kwargs, where they differ."""


class _Log:
    """One log while it is written.

    Args:
        experiment: of which.
    """

    def __init__(self, experiment: Exported) -> None:
        self._experiment = experiment
        self._names = experiment.names(_HARNESS, _FIELDS)
        self._kwargs = _generation_kwargs(experiment)
        self._means: dict[str, Mean] = {}
        self._questions = 0
        self._lines = 0
        self._failed = 0

    def lines(self, runs: Sequence[ExportedRun]) -> bytes:
        """Return the lines of a question's runs, and count them."""
        values: dict[str, list[float]] = {}
        lines: list[bytes] = []
        for run in runs:
            lines.append(orjson.dumps(_line(run, self._questions, self._names, self._kwargs)))
            self._failed += run.output is None
            for name, value in run.values.items():
                values.setdefault(self._names.of(name), []).append(value)
        for name, given in values.items():
            self._means.setdefault(name, Mean()).add(given)
        self._questions += 1
        self._lines += len(runs)
        return b"".join(line + b"\n" for line in lines)

    def results(self) -> JsonObject:
        """Return the file of results."""
        one = self._experiment
        task = one.task
        source, _, model = one.model.partition("/")
        seeds = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
        seconds = None if one.started_at is None else (one.when - one.started_at).total_seconds()
        return {
            "results": {task: self._metrics()},
            "group_subtasks": {},
            "configs": {task: self._config()},
            "versions": {task: one.dataset["version"]},
            "n-shot": {task: _shots(one)},
            "higher_is_better": {task: dict.fromkeys(self._means, True)},
            "n-samples": {task: {"original": one.dataset["size"], "effective": self._questions}},
            "config": {
                "model": source,
                "model_args": {"model": model or source},
                "batch_size": 1,
                "batch_sizes": [],
                "device": None,
                "use_cache": None,
                "limit": None if self._questions == one.dataset["size"] else self._questions,
                "bootstrap_iters": 0,
                "gen_kwargs": self._kwargs,
                **(dict.fromkeys(seeds, one.params["seed"]) if "seed" in one.params else {}),
            },
            "git_hash": None,
            "date": (one.started_at or one.created_at).timestamp(),
            "task_hashes": {task: content_hash([one.dataset["name"], one.dataset["version"]])},
            "model_source": source,
            "model_name": model or source,
            "model_name_sanitized": folder_of(one),
            "system_instruction": one.method.get("system"),
            "chat_template": None,
            "total_evaluation_time_seconds": None if seconds is None else str(seconds),
            OURS: {**one.about, "answers": self._lines, "failed": self._failed},
        }

    def _metrics(self) -> JsonObject:
        metrics: JsonObject = {}
        for name, mean in self._means.items():
            metrics[f"{name},none"] = mean.value
            metrics[f"{name}_stderr,none"] = "N/A" if mean.error is None else mean.error
        task = self._experiment.task
        return {"name": task, "alias": task, "sample_len": self._questions, **metrics}

    def _config(self) -> JsonObject:
        one = self._experiment
        template = one.method.get("template")
        return {
            "task": one.task,
            "dataset_name": one.dataset["name"],
            **({"doc_to_text": template} if isinstance(template, str) else {}),
            "description": "",
            "num_fewshot": _shots(one),
            "metric_list": [
                {"metric": name, "aggregation": "mean", "higher_is_better": True} for name in self._means
            ],
            "output_type": "generate_until",
            "generation_kwargs": self._kwargs,
            "repeats": one.repeats,
            "metadata": {"version": one.dataset["version"], "model": one.model},
        }


def folder_of(experiment: Exported) -> str:
    """Return the folder of a model's results, as lm-evaluation-harness names it."""
    source, _, model = experiment.model.partition("/")
    return _UNSAFE.sub("__", model or source).strip(". ") or "model"


def _line(run: ExportedRun, number: int, names: ScoreNames, kwargs: JsonObject) -> JsonObject:
    doc = {"id": run.key, "question": run.question, "answers": list(run.golds)}
    doc |= {name: value for name, value in run.metadata.items() if name not in doc}
    target = run.golds[0] if len(run.golds) == 1 else str(list(run.golds)) if run.golds else ""
    scores = {names.of(name): score.value for name, score in run.scores.items()}
    if run.output is None:
        scores = dict.fromkeys(names.all)
    return {
        "doc_id": number,
        "doc": doc,
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": run.prompt, "arg_1": kwargs}},
        "resps": [[run.output]],
        "filtered_resps": [run.output if run.answer is None else run.answer],
        "filter": "none",
        "metrics": list(scores),
        "doc_hash": content_hash(doc),
        "prompt_hash": content_hash(run.prompt),
        "target_hash": content_hash(target),
        **scores,
        **({} if run.error is None else {"error": run.error}),
        OURS: {**run.identity, "finish_reason": run.finish_reason},
    }


def _generation_kwargs(experiment: Exported) -> JsonObject:
    params = {name: value for name, value in experiment.params.items() if name != "unsupported"}
    return {_KWARGS.get(name, name): value for name, value in params.items()}


def _shots(experiment: Exported) -> int:
    shots = experiment.method.get("shots")
    return shots if isinstance(shots, int) else 0


async def write(experiment: Exported, questions: Questions) -> AsyncGenerator[bytes]:
    """Yield the archive of an experiment, question by question."""
    when = experiment.when.replace(tzinfo=None).isoformat(timespec="microseconds").replace(":", "-")
    folder, log = folder_of(experiment), _Log(experiment)
    archive = StreamedZip(experiment.when)
    with archive.open(f"{folder}/samples_{experiment.task}_{when}.jsonl") as samples:
        async for runs in questions:
            samples.write(log.lines(runs))
            yield archive.take()
    results = orjson.dumps(log.results(), option=orjson.OPT_INDENT_2)
    archive.add(f"{folder}/results_{when}.json", results)
    yield archive.finish()
