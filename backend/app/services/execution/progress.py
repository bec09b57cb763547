"""How far an experiment is, and telling whoever watches."""

import time
from collections import Counter
from dataclasses import dataclass, field

import redis.asyncio
from redis.exceptions import RedisError

from app.core.queue import connect_async, publish_progress
from app.domain.json import JsonObject
from app.domain.progress import ExecutionMode, ProgressSnapshot
from app.domain.run import RunRecord, Tally
from app.domain.status import FailureKind

_REDIS_PAUSE_S = 5.0  # after a failure, so that a Redis that is away costs nothing


@dataclass(slots=True)
class Progress:
    """Counts of one experiment, those of earlier executors included.

    Attributes:
        active_s: seconds of work by earlier executors.
        note: what is being prepared, before there is a first run.
    """

    total: int
    stored: int = 0
    failed: int = 0
    correct: float = 0.0
    scored: int = 0
    cached: int = 0
    failures: Counter[FailureKind] = field(default_factory=Counter)
    active_s: float = 0.0
    note: str | None = None
    _started: float = field(default_factory=time.monotonic)
    _stored_before: int = 0

    def begin(self, tally: Tally) -> None:
        """Take over from what is stored already."""
        self.stored = self._stored_before = tally.stored
        self.failed, self.correct, self.scored = tally.failed, tally.correct, tally.scored
        self.cached, self.failures = tally.cached, Counter(tally.failures)
        self._started = time.monotonic()

    def prepared(self) -> None:
        """Start the clock: what was prepared before is no work on runs."""
        self.note, self._started = None, time.monotonic()

    def prepare(self, note: str | None) -> None:
        """Say what is being prepared."""
        self.note = note

    def count(self, run: RunRecord) -> None:
        """Count one run."""
        self.stored += 1
        self.cached += run.cached
        if run.failure_kind is not None:
            self.failed += 1
            self.failures[run.failure_kind] += 1
        if run.exact_match is not None:
            self.scored += 1
            self.correct += run.exact_match

    @property
    def wall_s(self) -> float:
        """Seconds of work so far, by all executors."""
        return self.active_s + time.monotonic() - self._started

    def snapshot(
        self,
        *,
        in_flight: int = 0,
        limit: int | None = None,
        waiting_s: float = 0.0,
        mode: ExecutionMode = "worker",
    ) -> ProgressSnapshot:
        """Return the progress as event streams and the database have it."""
        here = time.monotonic() - self._started
        done_here = self.stored - self._stored_before
        rate = done_here / here if here > 0 and done_here else None
        left = self.total - self.stored
        return ProgressSnapshot(
            total=self.total,
            done=self.stored,
            failed=self.failed,
            cached=self.cached,
            accuracy=self.correct / self.scored if self.scored else None,
            failures={kind.value: count for kind, count in self.failures.items()},
            rate_per_s=rate,
            eta_s=left / rate if rate else None,
            active_s=round(self.wall_s, 3),
            in_flight=in_flight,
            limit=limit,
            waiting_s=waiting_s,
            mode=mode,
            note=self.note,
        )


class ProgressPublisher:
    """Sends progress to Redis; that Redis is away is no reason to stop an experiment."""

    def __init__(self, redis_url: str, experiment_id: str) -> None:
        self._url = redis_url
        self._experiment_id = experiment_id
        self._client: redis.asyncio.Redis | None = None
        self._silent_until = 0.0

    async def publish(self, progress: JsonObject) -> None:
        """Send ``progress`` if Redis is there."""
        if not self._url or time.monotonic() < self._silent_until:
            return
        try:
            if self._client is None:
                self._client = connect_async(self._url)
            await publish_progress(self._client, self._experiment_id, progress)
        except (RedisError, OSError):
            self._silent_until = time.monotonic() + _REDIS_PAUSE_S

    async def aclose(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.aclose()
