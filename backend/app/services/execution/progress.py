"""How far an experiment is: what this executor has done of it, and the whole."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.progress import ExecutionMode, Gauges
from app.domain.run import RunRecord, Tally
from app.domain.sharding import ShardSlice
from app.domain.status import FailureKind
from app.services.execution.lease import Report, Whole
from app.services.execution.shard_repository import ShardReport
from app.services.runs.repository import Outcome

Clock = Callable[[], float]
"""The time in seconds, from any start."""


class LimiterState(Protocol):
    """What a limiter tells of itself; see ``AdaptiveLimiter``."""

    @property
    def in_flight(self) -> int:
        """Calls in flight."""
        ...

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        ...

    @property
    def interval_s(self) -> float:
        """Seconds between starts that a rate limit requires."""
        ...

    @property
    def waiting_s(self) -> float:
        """Seconds until calls may start again."""
        ...


@dataclass(slots=True)
class _HeldShard:
    """Counts of a shard that this executor holds.

    Attributes:
        samples: that it has in all.
        last_run: number of its newest run, as the writer counts them.
    """

    samples: int
    stored: int = 0
    cached: int = 0
    scored: int = 0
    correct: float = 0.0
    failures: Counter[FailureKind] = field(default_factory=Counter)
    last_run: int = 0

    def count(self, exact_match: float | None, failure_kind: FailureKind | None, *, cached: bool) -> None:
        self.stored += 1
        self.cached += cached
        if failure_kind is not None:
            self.failures[failure_kind] += 1
        if exact_match is not None:
            self.scored += 1
            self.correct += exact_match

    def tally(self) -> Tally:
        failures = Counter(self.failures)
        return Tally(self.stored, failures.total(), self.correct, self.scored, self.cached, failures)


class Progress:
    """Counts of one experiment: of this executor's shards by itself, of the others' as they last told.

    Attributes:
        total: runs planned; 0 until ``begin``.
    """

    def __init__(self, mode: ExecutionMode = "worker", clock: Clock = time.monotonic) -> None:
        self.total = 0
        self._mode = mode
        self._clock = clock
        self._limiter: LimiterState | None = None
        self._note: str | None = None
        self._waiting_for: str | None = None
        self._rest = Tally()
        self._held: dict[int, _HeldShard] = {}
        self._active_before_s = 0.0
        self._made = 0
        self._working = False
        self._reported_at = self._made_since = clock()

    def begin(self, total: int, whole: Whole) -> None:
        """Continue from what has been done so far."""
        self.total = total
        self._rest, self._active_before_s = whole.sums.tally, whole.active_s

    def prepare(self, note: str | None) -> None:
        """Say what is being prepared."""
        self._note = note

    def prepared(self) -> None:
        """Start the clock: opening models and indexes does not count as work."""
        self._note = None
        self._working = True
        self._reported_at = self._made_since = self._clock()

    def wait_for(self, what: str | None) -> None:
        """Say what the endpoint needs time for; ``None``: it answers."""
        self._waiting_for = what

    def watch(self, limiter: LimiterState) -> None:
        """Tell the state of this limiter, too."""
        self._limiter = limiter

    def take(self, shard: ShardSlice, repeats: int, outcomes: Iterable[Outcome]) -> None:
        """Count the runs of a shard from now on, beginning with those that are stored."""
        held = _HeldShard((shard.stop - shard.start) * repeats)
        for one in outcomes:
            held.count(one.exact_match, one.failure_kind, cached=one.cached)
        self._held[shard.number] = held

    def count(self, run: RunRecord, shard: int, number: int) -> None:
        """Count one run of a shard; ``number``: as the writer counts them."""
        held = self._held[shard]
        held.count(run.exact_match, run.failure_kind, cached=run.cached)
        held.last_run = number
        if not run.cached:
            self._made += 1
        elif not self._made:  # what was taken from the cache first says nothing of the speed
            self._made_since = self._clock()

    @property
    def tally(self) -> Tally:
        """Counts of all runs that are stored or about to be."""
        return sum((held.tally() for held in self._held.values()), start=self._rest)

    @property
    def wall_s(self) -> float:
        """Seconds of work so far, by all executors."""
        return self._active_before_s + (self._clock() - self._reported_at if self._working else 0.0)

    def gauges(self) -> Gauges:
        """Return what this executor tells of itself."""
        here_s = self._clock() - self._made_since
        limiter = self._limiter
        return Gauges(
            rate_per_s=self._made / here_s if here_s > 0 and self._made else None,
            in_flight=limiter.in_flight if limiter else 0,
            limit=limiter.limit if limiter else None,
            interval_s=limiter.interval_s if limiter else 0.0,
            waiting_s=round(limiter.waiting_s, 1) if limiter else 0.0,
            mode=self._mode,
            note=self._note,
            waiting_for=self._waiting_for,
        )

    def report(self, committed: int) -> Report:
        """Return what the next heartbeat tells.

        Args:
            committed: runs that the writer has stored.
        """
        shards = [
            ShardReport(number, one.tally(), one.stored == one.samples and one.last_run <= committed)
            for number, one in self._held.items()
        ]
        worked_s = self._clock() - self._reported_at if self._working else None
        return Report(self.total, self.gauges(), shards, worked_s)

    def told(self, report: Report, whole: Whole) -> None:
        """Take over what the heartbeat has found; finished shards are counted with the others from now on."""
        for one in report.shards:
            if one.number not in whole.held:
                self._held.pop(one.number, None)
        self._rest, self._active_before_s = whole.sums.tally, whole.active_s
        if report.worked_s is not None:
            self._reported_at += report.worked_s
