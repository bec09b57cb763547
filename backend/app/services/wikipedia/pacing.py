"""When the next request may be made: one at a time, with a pause after each.

That holds for all processes that share the folder, by a lock and a file with the moment before which
nobody asks. The API's etiquette wishes for requests in series; a server's ``Retry-After`` moves that
moment for all of them.
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

    def __init__(self, folder: Path, pause_s: float, longest_wish_s: float) -> None:
        self._pause_s = pause_s
        self._longest_wish_s = longest_wish_s
        self._file = folder / "not-before"
        # The file's lock may be taken again by whoever has it, so tasks of one client need their own.
        self._lock = AsyncFileLock(folder / "turn.lock")
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be the only one of all processes; a killed one leaves no lock behind."""
        async with self._tasks, self._lock:
            yield

    @asynccontextmanager
    async def spaced(self) -> AsyncIterator[None]:
        """Make a request within, after the pause that the last one left; only while alone."""
        await asyncio.sleep(self._left_s())
        rest_s = self._pause_s
        self._rest(rest_s)  # for whoever comes after a kill in the middle
        try:
            yield
        except RequestFailed as failure:
            rest_s = max(rest_s, min(failure.wish_s or 0.0, self._longest_wish_s))
            raise
        finally:
            self._rest(rest_s)

    def _left_s(self) -> float:
        try:
            left_s = float(self._file.read_text()) - time.time()
        except (OSError, ValueError):
            return 0.0
        # A clock that was set back must not hold everybody up for long.
        return min(left_s, max(self._longest_wish_s, self._pause_s)) if left_s > 0 else 0.0

    def _rest(self, seconds: float) -> None:
        self._file.write_text(repr(time.time() + seconds))
