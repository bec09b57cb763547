"""The search processes beside the API: one searches, one builds indexes.

The libraries of embedding models take seconds to import, and hundreds of megabytes. They are loaded in
processes of their own, so that the API stays small and answers while an index is being built.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context
from typing import ParamSpec, TypeVar

from app.core.config import Settings
from app.core.errors import Unavailable
from app.domain.readable_errors import sentence_of
from app.services.knowledge import search_worker
from app.services.local_models.files import ModelUnavailable

P = ParamSpec("P")
T = TypeVar("T")
_spawn = get_context("spawn")  # a fork would copy the API's locks, but not the threads that hold them


class SearchClient:
    """One search process: started by the first call, ended when idle, started again when needed.

    Args:
        settings: of the platform, also used by the process.
        idle_s: seconds without a call after which the process is ended, to free its memory.
    """

    def __init__(self, settings: Settings, idle_s: float = 900.0) -> None:
        self._settings = settings
        self._idle_s = idle_s
        self._progress = _spawn.Array("q", 2)
        self._pool: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._calls = 0
        self._idle: asyncio.TimerHandle | None = None

    @property
    def running(self) -> bool:
        """Whether the process is ready at the moment."""
        return self._pid is not None

    @property
    def progress(self) -> tuple[int, int]:
        """Chunks that the current build has embedded, and the number it has to embed."""
        done, total = self._progress[:]
        return done, total

    async def start(self) -> None:
        """Start the process and wait until it is ready, unless it is."""
        if self._pid is None:
            self._pid = await self._submit(os.getpid)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of ``search_worker`` in the process, which does one call at a time.

        Raises:
            Unavailable: if the process dies during the call, or the call fails.
        """
        await self.start()
        return await self._submit(function, *args, **kwargs)

    async def aclose(self) -> None:
        """Kill the process, even during a call."""
        if self._idle is not None:
            self._idle.cancel()
        pool, pid, self._pool, self._pid = self._pool, self._pid, None, None
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _submit(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._pool is None:
            given = (self._settings, self._progress)
            self._pool = ProcessPoolExecutor(1, _spawn, search_worker.start, given)
        pool = self._pool
        self._calls += 1
        try:
            return await asyncio.wrap_future(pool.submit(function, *args, **kwargs))
        except BrokenProcessPool as error:
            if self._pool is pool:
                self._pool = self._pid = None
            hint = "Try again; the API's log may say why. Indexing takes about 1 GB of memory."
            raise Unavailable("The search process has died.", hint=hint) from error
        except ModelUnavailable as error:
            raise Unavailable(error.message, hint=error.hint) from error
        except Exception as error:
            raise Unavailable(f"The search failed: {sentence_of(error)}") from error
        finally:
            self._calls -= 1
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._pool is not None and not self._calls:
            self._pool.shutdown(wait=False)
            self._pool = self._pid = None
