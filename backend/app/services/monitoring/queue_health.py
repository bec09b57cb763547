"""The health of the queue and of the workers; asks Redis as rarely as it can, since hosts count commands."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.queue import QueueState, queue_state
from app.core.redis_trouble import RedisTrouble, explain
from app.schemas.catalog import PartHealth
from app.services.execution.worker_repository import WorkerCount
from app.services.execution.workers import (
    answers_to_roll_call,
    moment_before_roll_call,
    workers_at_work,
)
from app.services.monitoring.parts import part
from app.services.runtime import Runtime

T = TypeVar("T")

_TIMEOUT_S = 3.0
_KEPT_S = 5.0
_BAD_KEPT_S = 2.0
_LIMIT_KEPT_S = 15.0
_ROLL_CALL_EVERY_S = 10.0

_NO_REDIS = "No Redis is configured: experiments run in the API's process. Set REDIS_URL to use workers."
_IN_PROCESS = "Until then experiments run in the API's process."
_NO_WORKER = "No worker is running. Start one with `llmforge worker`."


@dataclass(frozen=True, slots=True)
class QueueReport:
    """The health of the queue and of its workers."""

    queue: PartHealth
    workers: PartHealth


class QueueHealth:
    """The newest report on the queue of one process, kept for some seconds.

    Workers are counted by the rows that they renew in the database. An idle worker does so only when a roll
    call asks it to, which is published at most every 10 s, and only while somebody asks for the report.

    Args:
        runtime: of this process.
        clock: seconds, for tests.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._lock = asyncio.Lock()
        self._report: QueueReport | None = None
        self._url = ""  # that the report is of
        self._kept_until = 0.0
        self._asked_at: datetime | None = None
        self._next_roll_call = 0.0

    async def report(self) -> QueueReport:
        """Return the health of the queue and of its workers, at most 5 s old (15 s when over a limit)."""
        url = self._runtime.redis_url
        if not url:
            return QueueReport(part("degraded", _NO_REDIS), _uncounted("Without Redis there are no workers."))
        async with self._lock:  # of many that ask at once, one looks
            if self._report is None or url != self._url or self._clock() >= self._kept_until:
                self._url = url
                self._report, kept_s = await self._look()
                self._kept_until = self._clock() + kept_s
            return self._report

    async def _look(self) -> tuple[QueueReport, float]:
        """Return a new report, and the seconds that it is kept."""
        calling = self._clock() >= self._next_roll_call
        if calling:
            self._asked_at = await self._of_database(moment_before_roll_call(self._runtime))
        try:
            state = await asyncio.to_thread(self._state, roll_call=calling)
        except (RedisError, OSError) as error:
            self._next_roll_call = 0.0
            trouble = explain(error)
            report = QueueReport(_troubled(trouble), await self._workers_of_troubled_queue())
            return report, _LIMIT_KEPT_S if trouble.kind == "limit" else _BAD_KEPT_S
        if calling:
            self._next_roll_call = self._clock() + _ROLL_CALL_EVERY_S
        queue = part("ok", f"{state.waiting} waiting.", waiting=state.waiting)
        workers = await self._workers(state.listening or 0)
        return QueueReport(queue, workers), _KEPT_S if workers.state == "ok" else _BAD_KEPT_S

    def _state(self, *, roll_call: bool) -> QueueState:
        return queue_state(self._runtime.redis_url, self._runtime.settings.queue, roll_call=roll_call)

    async def _workers(self, reached: int) -> PartHealth:
        count = None
        if self._asked_at is not None:
            answers = answers_to_roll_call(self._runtime, self._asked_at, reached)
            count = await self._of_database(answers)
        if count is None or not count.total:
            self._next_roll_call = 0.0  # what starts or comes back is to be seen soon
        if count is None:
            return _uncounted("Workers are counted in Postgres, which does not answer.")
        return _counted(count, reached)

    async def _workers_of_troubled_queue(self) -> PartHealth:
        busy = await self._of_database(workers_at_work(self._runtime))
        if busy is None:
            return _uncounted("Workers cannot be counted: neither Redis nor Postgres does its work.")
        working = f" {busy} {'is' if busy == 1 else 'are'} at work on experiments." if busy else ""
        return _uncounted(f"Idle workers can only be asked through Redis.{working}", busy)

    @staticmethod
    async def _of_database(asked: Awaitable[T]) -> T | None:
        """Return what the database says; ``None`` if it is away."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await asked
        except Exception as error:
            if not is_database_away(error):
                raise
            return None


def _troubled(trouble: RedisTrouble) -> PartHealth:
    return part("degraded", f"{trouble.message} {_IN_PROCESS}", trouble=trouble.kind)


def _counted(count: WorkerCount, reached: int) -> PartHealth:
    if count.total:
        working = f", {count.busy} at work" if count.busy else ""
        silent = reached - count.total
        rest = f" {silent} more connected to Redis, but not answering." if silent > 0 else ""
        message = f"{count.total} listening{working}.{rest}"
        return part("ok", message, workers=count.total, busy=count.busy)
    if reached:
        return part(
            "degraded",
            f"{reached} connected to Redis, but none has shown up in Postgres. Check that workers reach "
            "the database of the API (DATABASE_URL).",
            workers=0,
            busy=0,
        )
    return part("down", _NO_WORKER, workers=0, busy=0)


def _uncounted(why: str, busy: int = 0) -> PartHealth:
    return part("unknown", why, busy=busy)
