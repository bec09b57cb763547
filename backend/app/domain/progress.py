"""How far an experiment is, as it is stored and streamed, and what a heartbeat tells its executor."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Literal

from app.domain.json import JsonObject

ExecutionMode = Literal["worker", "in_process"]
"""Where an experiment runs: in a worker process, or in the API's own when there is no queue."""


class Beat(Enum):
    """What an executor learns from its heartbeat."""

    CONTINUE = "continue"
    CANCEL = "cancel"
    """A user has cancelled or deleted the experiment."""
    LEASE_LOST = "lease lost"
    """Another executor holds the lease, or the experiment has ended."""


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
        rate_per_s: runs per second of the current executor for which the model was called; ``None``
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

    def as_dict(self) -> JsonObject:
        """Return the snapshot as it is stored and streamed."""
        return {name: getattr(self, name) for name in _names}

    @classmethod
    def from_dict(cls, value: JsonObject) -> "ProgressSnapshot":
        """Return the snapshot that ``as_dict`` wrote; an older version may have written fewer fields."""
        return cls(**{name: value[name] for name in _names if name in value})


_names = tuple(each.name for each in fields(ProgressSnapshot))
