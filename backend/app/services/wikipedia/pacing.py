"""Spacing of requests: one at a time, with a pause after each, as the API's etiquette asks.

It holds for all processes that share a folder, by a lock and a file with the earliest time of the next
request. A ``Retry-After`` of the server moves that time for all of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import AsyncFileLock

from app.services.wikipedia.answers import RequestFailed


class RequestPacing:
    """One request at a time, and a pause after each, for all that share a folder."""

    def __init__(self, folder: Path, pause_s: float, max_retry_after_s: float) -> None:
        self._pause_s = pause_s
        self._max_retry_after_s = max_retry_after_s
        self._file = folder / "not-before"
        # A process can acquire its file lock again, so the tasks of one client need a lock of their own.
        self._lock = AsyncFileLock(folder / "turn.lock")
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Exclude all other tasks and processes; the lock of a killed process is released."""
        async with self._tasks, self._lock:
            yield

    @asynccontextmanager
    async def spaced(self) -> AsyncIterator[None]:
        """Make a request within this block, which begins when the pause is over; only within ``alone``."""
        await asyncio.sleep(self._left_s())
        rest_s = self._pause_s
        self._rest(rest_s)  # in case this process is killed during the request
        try:
            yield
        except RequestFailed as failure:
            rest_s = max(rest_s, min(failure.retry_after_s or 0.0, self._max_retry_after_s))
            raise
        finally:
            self._rest(rest_s)

    def _left_s(self) -> float:
        try:
            left_s = float(self._file.read_text()) - time.time()
        except (OSError, ValueError):
            return 0.0
        # A clock that was set back must not cause a long wait.
        return min(left_s, max(self._max_retry_after_s, self._pause_s)) if left_s > 0 else 0.0

    def _rest(self, seconds: float) -> None:
        self._file.write_text(repr(time.time() + seconds))
