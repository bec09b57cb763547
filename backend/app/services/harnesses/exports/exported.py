"""What a log of another harness is written from: the experiment, and its runs question by question."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

import orjson

from app.domain.generation import Usage
from app.domain.json import JsonObject
from app.domain.scoring import Score, ScoreKind
from app.domain.status import ExperimentStatus, RunStatus
from app.models import Experiment, Result
from app.services.evaluation.scorers.registry import SCORERS
from app.services.harnesses.logs import OURS

_FILLED = ("params", "seed")  # of the configuration: not those of an imported experiment


@dataclass(frozen=True, slots=True)
class Exported:
    """An experiment, as the head of a log describes it.

    Attributes:
        id: of the experiment, as text.
        model: ``provider/model``, or as the harness called it that it was imported from.
        task: name of its dataset.
        scoring: by which its answers are scored.
        config: as it is stored; of an imported one without sampling parameters.
        provenance: by this scoring.
        planned: runs that it consists of.
        kinds: of each score that its result has, by name.
    """

    id: str
    name: str
    description: str
    status: ExperimentStatus
    reason: str | None
    model: str
    task: str
    scoring: str
    tags: Sequence[str]
    config: JsonObject
    provenance: JsonObject
    planned: int
    kinds: Mapping[str, ScoreKind]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def about(self) -> JsonObject:
        """What no harness has a field for, as it stands under ``OURS``."""
        return {
            "experiment": self.id,
            "name": self.name,
            "description": self.description,
            "status": self.status,
            "reason": self.reason,
            "scoring": self.scoring,
            "tags": list(self.tags),
            "config": self.config,
            "provenance": self.provenance,
        }

    @property
    def method(self) -> JsonObject:
        """The configuration of the method, with its name."""
        found = self.config.get("method")
        return found if isinstance(found, dict) else {"name": "naive"}

    @property
    def repeats(self) -> int:
        """Answers to each question."""
        found = self.config.get("repeats", 1)
        return found if isinstance(found, int) else 1

    @property
    def params(self) -> JsonObject:
        """Sampling parameters, those that are set, and the seed."""
        given = {**self.config.get("params", {}), "seed": self.config.get("seed")}
        return {name: value for name, value in given.items() if value not in (None, [])}

    @property
    def dataset(self) -> JsonObject:
        """Name, version, size and scoring rule of the dataset."""
        return dict(self.provenance["dataset"])

    @property
    def when(self) -> datetime:
        """When it ended; when it was created, if it has not."""
        return self.finished_at or self.created_at

    def is_binary(self, score: str) -> bool:
        """Return whether a score is 0 or 1."""
        kind = self.kinds.get(score)
        return (SCORERS.describe(score).kind if kind is None else kind) == "binary"

    def names(self, harness: str, reserved: Collection[str] = ()) -> "ScoreNames":
        """Return what its scores are called in a log of a harness; see ``ScoreNames``."""
        return ScoreNames(harness, [*self.provenance.get("scorers", {}), *self.kinds], reserved)


class ScoreNames:
    """What scores are called in a log of a harness.

    Our own have their names, and the harness's own, in an experiment that was imported from it, those that it
    gave them. Where both are the same, ours is called ``llmforge.NAME``.

    Args:
        harness: whose log it is.
        names: of all scores that the experiment may have.
        reserved: names that mean something else in this log.
    """

    def __init__(self, harness: str, names: Collection[str], reserved: Collection[str] = ()) -> None:
        self._before = f"{harness}."
        theirs = {name.removeprefix(self._before) for name in names if name.startswith(self._before)}
        self._taken = {*theirs, *reserved}
        self.all = tuple(dict.fromkeys(map(self.of, names)))

    def of(self, name: str) -> str:
        """Return the name of a score in the log."""
        if name.startswith(self._before):
            return name.removeprefix(self._before)
        return f"{OURS}.{name}" if name in self._taken else name


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """One answer to one question, or the failure to give one.

    Attributes:
        key: of the question in its dataset.
        golds: accepted answers.
        metadata: of the question.
        output: text of the model; ``None`` for a failed run.
        answer: that was read from it.
        error: why there is no output.
        error_kind: kind of that failure.
        calls: every model call, as it was sent and answered.
        usage: tokens of all calls.
        latency_ms: in milliseconds.
        cost_usd: in US dollars.
        stored_at: when it had ended.
    """

    id: int
    key: str
    question: str
    golds: tuple[str, ...]
    metadata: JsonObject
    repeat: int
    output: str | None
    answer: str | None
    error: str | None
    error_kind: str | None
    scores: Mapping[str, Score]
    calls: Sequence[JsonObject]
    usage: Usage
    latency_ms: float | None
    cost_usd: float | None
    cached: bool
    stored_at: datetime

    @property
    def messages(self) -> list[JsonObject]:
        """The prompt of the last call, as messages of a chat; empty if no call was made."""
        return list(self.calls[-1].get("messages", ())) if self.calls else []

    @property
    def prompt(self) -> str:
        """The prompt as one text: a single message of the user as it is, several as JSON."""
        sent = self.messages
        if not sent:
            return self.question
        if len(sent) == 1 and sent[0].get("role") == "user":
            return str(sent[0].get("content") or "")
        return orjson.dumps(sent).decode()

    @property
    def finish_reason(self) -> str | None:
        """The server's word for why the last call ended."""
        found = self.calls[-1].get("finish_reason") if self.calls else None
        return found if isinstance(found, str) else None

    @property
    def values(self) -> dict[str, float]:
        """The scores that have a value."""
        return {name: one.value for name, one in self.scores.items() if one.value is not None}

    @property
    def identity(self) -> JsonObject:
        """What tells it from all others, where a harness has no field for it."""
        return {"key": self.key, "repeat": self.repeat, "run": self.id}


Questions = AsyncIterator[list[ExportedRun]]
"""The runs of one question after another, each with all its repeats."""


def exported(experiment: Experiment, scoring: str, result: Result | None) -> Exported:
    """Return what logs say of an experiment.

    Args:
        experiment: of which runs are exported.
        scoring: by which scoring.
        result: by this scoring; ``None`` while there is none.
    """
    config = dict(experiment.config)
    if experiment.method == "imported":
        config = {name: value for name, value in config.items() if name not in _FILLED}
    scores = {} if result is None else result.metrics["scores"]
    return Exported(
        id=str(experiment.id),
        name=experiment.name,
        description=experiment.description,
        status=ExperimentStatus(experiment.status),
        reason=experiment.reason,
        model=experiment.model,
        task=experiment.dataset_name,
        scoring=scoring,
        tags=tuple(experiment.tags),
        config=config,
        provenance=dict(experiment.provenance if result is None else result.provenance),
        planned=experiment.total,
        kinds={name: about["kind"] for name, about in scores.items()},
        created_at=experiment.created_at,
        started_at=experiment.started_at,
        finished_at=experiment.finished_at,
    )


def run_of(row: JsonObject, order: Mapping[str, int]) -> ExportedRun:
    """Return the run in a row of an export.

    Args:
        row: see ``exported_rows``.
        order: the place of each score among all: Postgres keeps them in an order of its own.
    """
    answered = row["status"] == RunStatus.OK
    scores = row["scores"] or {}
    return ExportedRun(
        id=row["run_id"],
        key=row["example_key"],
        question=row["question"],
        golds=tuple(row["gold"]),
        metadata=row["metadata"] or {},
        repeat=row["repeat"],
        output=(row["output"] or "") if answered else None,
        answer=row["answer"],
        error=None if answered else row["failure_message"] or "the run failed",
        error_kind=row["failure_kind"],
        scores={
            name: Score(name, scores[name]["value"], scores[name]["reason"] or "")
            for name in sorted(scores, key=lambda one: order.get(one, len(order)))
        },
        calls=row["calls"] or [],
        usage=Usage(
            row["prompt_tokens"],
            row["completion_tokens"],
            row["reasoning_tokens"],
            row["cache_read_tokens"],
            row["cache_write_tokens"],
        ),
        latency_ms=row["latency_ms"],
        cost_usd=row["cost_usd"],
        cached=row["cached"],
        stored_at=row["created_at"],
    )


async def by_question(batches: AsyncGenerator[list[JsonObject]]) -> AsyncGenerator[list[ExportedRun]]:
    """Yield the runs in batches of rows, question by question, as they follow each other."""
    order = {about.name: place for place, about in enumerate(SCORERS.descriptions())}
    runs: list[ExportedRun] = []
    async with aclosing(batches):
        async for batch in batches:
            for row in batch:
                run = run_of(row, order)
                if runs and runs[-1].key != run.key:
                    yield runs
                    runs = []
                runs.append(run)
    if runs:
        yield runs
