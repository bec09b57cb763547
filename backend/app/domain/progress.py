"""How far an experiment is, as it is stored and streamed: of each executor, and of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

from app.domain.json import JsonObject
from app.domain.run import Tally
from app.domain.status import ExperimentStatus

ExecutionMode = Literal["worker", "in_process"]
"""Where an experiment runs: in a worker process, or in the API's own when there is no queue."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The status that an experiment ends with, and why."""

    status: ExperimentStatus
    reason: str | None = None

    def as_dict(self) -> JsonObject:
        """Return the ending as it is stored."""
        return {"status": self.status, "reason": self.reason}

    @classmethod
    def from_dict(cls, value: JsonObject) -> "Ending":
        """Return the ending that ``as_dict`` wrote."""
        return cls(ExperimentStatus(value["status"]), value["reason"])


CANCELLED = Ending(ExperimentStatus.CANCELLED, "Cancelled on request.")
"""What a user's request ends an experiment with."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """What one executor tells of itself at one moment.

    Attributes:
        rate_per_s: runs per second for which it called the model; ``None`` before the first.
        in_flight: its model calls in flight.
        limit: concurrent calls that its limiter allows; ``None`` before the first call.
        interval_s: seconds between the starts of its calls that a rate limit requires; 0 without one.
        waiting_s: seconds until it may call the endpoint again.
        mode: where it runs.
        note: what it prepares; ``None`` once it works.
        waiting_for: what keeps the endpoint from answering it.
    """

    rate_per_s: float | None = None
    in_flight: int = 0
    limit: int | None = None
    interval_s: float = 0.0
    waiting_s: float = 0.0
    mode: ExecutionMode = "worker"
    note: str | None = None
    waiting_for: str | None = None

    def as_dict(self) -> JsonObject:
        """Return the gauges as they are stored."""
        return {name: getattr(self, name) for name in _gauge_names}

    @classmethod
    def from_dict(cls, value: JsonObject) -> "Gauges":
        """Return the gauges that ``as_dict`` wrote; an older version may have written fewer fields."""
        return cls(**{name: value[name] for name in _gauge_names if name in value})


@dataclass(frozen=True, slots=True)
class ProgressSnapshot:
    """Progress of one experiment at one moment.

    Attributes:
        total: runs planned.
        done: runs stored, failed ones included.
        failed: runs that failed for good.
        cached: runs answered from the response cache.
        accuracy: mean exact match so far; ``None`` if nothing is scored yet.
        failures: failed runs by kind.
        rate_per_s: runs per second of the current executors for which the model was called; ``None``
            before the first. Answers from the cache say nothing of how long the others take.
        eta_s: seconds until all runs are stored, at that rate.
        active_s: seconds of work so far, by all executors.
        in_flight: model calls in flight.
        limit: concurrent calls that the limiter allows at the moment; ``None`` before the first call.
        waiting_s: seconds until the endpoint may be called again: a rate limit, or see ``waiting_for``.
        mode: where the experiment runs.
        note: what is being prepared, before the first run.
        waiting_for: what keeps the endpoint from answering (it loads the model, or is overloaded); ``None``
            if nothing does, or a rate limit.
        executors: at work on the experiment.
    """

    total: int
    done: int = 0
    failed: int = 0
    cached: int = 0
    accuracy: float | None = None
    failures: Mapping[str, int] = field(default_factory=dict)
    rate_per_s: float | None = None
    eta_s: float | None = None
    active_s: float = 0.0
    in_flight: int = 0
    limit: int | None = None
    waiting_s: float = 0.0
    mode: ExecutionMode = "worker"
    note: str | None = None
    waiting_for: str | None = None
    executors: int = 1

    def as_dict(self) -> JsonObject:
        """Return the snapshot as it is stored and streamed."""
        return {name: getattr(self, name) for name in _names}

    @classmethod
    def from_dict(cls, value: JsonObject) -> "ProgressSnapshot":
        """Return the snapshot that ``as_dict`` wrote; an older version may have written fewer fields."""
        return cls(**{name: value[name] for name in _names if name in value})


_names = tuple(each.name for each in fields(ProgressSnapshot))
_gauge_names = tuple(each.name for each in fields(Gauges))


def progress_of(total: int, tally: Tally, active_s: float, executors: Sequence[Gauges]) -> ProgressSnapshot:
    """Return the progress of an experiment.

    Args:
        total: runs planned.
        tally: of all runs so far.
        active_s: seconds of work so far.
        executors: gauges of those at work, at least one.
    """
    rates = [one.rate_per_s for one in executors if one.rate_per_s is not None]
    limits = [one.limit for one in executors if one.limit is not None]
    working = [one for one in executors if one.note is None]
    rate = sum(rates) if rates else None
    return ProgressSnapshot(
        total=total,
        done=tally.stored,
        failed=tally.failed,
        cached=tally.cached,
        accuracy=tally.correct / tally.scored if tally.scored else None,
        failures={kind.value: count for kind, count in tally.failures.items()},
        rate_per_s=rate,
        eta_s=(total - tally.stored) / rate if rate else None,
        active_s=round(active_s, 3),
        in_flight=sum(one.in_flight for one in executors),
        limit=sum(limits) if limits else None,
        waiting_s=max(one.waiting_s for one in executors),
        mode=executors[0].mode,
        note=None if working else executors[0].note,
        waiting_for=next((one.waiting_for for one in executors if one.waiting_for), None),
        executors=len(executors),
    )
