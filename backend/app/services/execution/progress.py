"""How far an experiment is, and publishing it to whoever watches."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol, Self

import redis.asyncio
from redis.exceptions import RedisError

from app.core.queue import connect_async, publish_progress
from app.domain.progress import ExecutionMode, ProgressSnapshot
from app.domain.run import RunRecord, Tally
from app.domain.status import ExperimentStatus, FailureKind

_REDIS_PAUSE_S = 5.0  # after a failure, so that a Redis that is away costs nothing

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
    def waiting_s(self) -> float:
        """Seconds until calls may start again."""
        ...


class Progress:
    """Counts of one experiment, those of earlier executors included.

    Attributes:
        total: runs planned; 0 until ``begin``.
        stored: runs stored or about to be.
        failed: runs that failed for good.
        failures: the same, by kind.
    """

    def __init__(self, mode: ExecutionMode = "worker", clock: Clock = time.monotonic) -> None:
        self.total = self.stored = self.failed = 0
        self.failures: Counter[FailureKind] = Counter()
        self._mode = mode
        self._clock = clock
        self._limiter: LimiterState | None = None
        self._begun = False
        self._note: str | None = None
        self._waiting_for: str | None = None
        self._correct = 0.0
        self._scored = self._cached = 0
        self._active_before_s = 0.0
        self._started = self._made_since = clock()
        self._made = 0

    def begin(self, total: int, tally: Tally, active_s: float = 0.0) -> None:
        """Continue from what earlier executors have stored, after ``active_s`` seconds of their work."""
        self._begun, self.total = True, total
        self.stored = tally.stored
        self.failed, self.failures = tally.failed, Counter(tally.failures)
        self._correct, self._scored, self._cached = tally.correct, tally.scored, tally.cached
        self._active_before_s = active_s
        self._started = self._made_since = self._clock()

    def prepare(self, note: str | None) -> None:
        """Say what is being prepared."""
        self._note = note

    def prepared(self) -> None:
        """Start the clock: opening models and indexes does not count as work."""
        self._note = None
        self._started = self._made_since = self._clock()

    def wait_for(self, what: str | None) -> None:
        """Say what the endpoint needs time for; ``None``: it answers."""
        self._waiting_for = what

    def watch(self, limiter: LimiterState) -> None:
        """Tell the state of this limiter, too."""
        self._limiter = limiter

    def count(self, run: RunRecord) -> None:
        """Count one run."""
        self.stored += 1
        self._cached += run.cached
        if not run.cached:
            self._made += 1
        elif not self._made:  # what was taken from the cache first says nothing of the speed
            self._made_since = self._clock()
        if run.failure_kind is not None:
            self.failed += 1
            self.failures[run.failure_kind] += 1
        if run.exact_match is not None:
            self._scored += 1
            self._correct += run.exact_match

    @property
    def left(self) -> int:
        """Runs that are not stored yet."""
        return self.total - self.stored

    @property
    def wall_s(self) -> float:
        """Seconds of work so far, by all executors."""
        return self._active_before_s + self._clock() - self._started

    def snapshot(self) -> ProgressSnapshot | None:
        """Return the progress as event streams and the database have it; ``None`` before ``begin``."""
        if not self._begun:
            return None
        here_s = self._clock() - self._made_since
        rate = self._made / here_s if here_s > 0 and self._made else None
        limiter = self._limiter
        return ProgressSnapshot(
            total=self.total,
            done=self.stored,
            failed=self.failed,
            cached=self._cached,
            accuracy=self._correct / self._scored if self._scored else None,
            failures={kind.value: count for kind, count in self.failures.items()},
            rate_per_s=rate,
            eta_s=self.left / rate if rate else None,
            active_s=round(self.wall_s, 3),
            in_flight=limiter.in_flight if limiter else 0,
            limit=limiter.limit if limiter else None,
            waiting_s=round(limiter.waiting_s, 1) if limiter else 0.0,
            mode=self._mode,
            note=self._note,
            waiting_for=self._waiting_for,
        )


class ProgressPublisher:
    """Sends progress to Redis; an experiment runs on while Redis is away."""

    def __init__(self, redis_url: str, experiment_id: str, clock: Clock = time.monotonic) -> None:
        self._url = redis_url
        self._experiment_id = experiment_id
        self._clock = clock
        self._client: redis.asyncio.Redis | None = None
        self._silent_until = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def publish(self, status: ExperimentStatus, progress: ProgressSnapshot | None) -> None:
        """Send status and progress, if there is a progress and Redis answers."""
        if progress is None or not self._url or self._clock() < self._silent_until:
            return
        try:
            if self._client is None:
                self._client = connect_async(self._url)
            await publish_progress(self._client, self._experiment_id, status, progress)
        except (RedisError, OSError):
            self._silent_until = self._clock() + _REDIS_PAUSE_S
