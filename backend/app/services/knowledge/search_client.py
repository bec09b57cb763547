"""The API's side of the process that searches (``app.tasks.retrieval``): start it, ask it, end it."""

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import Callable
from typing import Any

import orjson

from app.core.config import Settings
from app.core.errors import FieldError, InvalidInput, Unavailable
from app.core.logging import get_logger

log = get_logger(__name__)

_IDLE_S = 900.0  # after which the process, and its memory, are given back
_LONGEST_LINE = 64 << 20

OnProgress = Callable[[int, int], None]


class SearchClient:
    """One process, started with the first request, and again when it has died or was idle."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[asyncio.Future[dict[str, Any]], OnProgress | None]] = {}
        self._starting = asyncio.Lock()

    @property
    def running(self) -> bool:
        """Whether there is a process at the moment."""
        return self._process is not None and self._process.returncode is None

    async def ask(self, request: dict[str, Any], on_progress: OnProgress | None = None) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            InvalidInput: if a model that it names cannot be had.
            Unavailable: if the process dies over it, or the request fails there.
        """
        await self.start()
        number = next(self._numbers)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (future, on_progress)
        self._stay_awake()
        try:
            process = self._process
            if process is None or process.stdin is None:
                raise Unavailable("The process that searches has ended.", hint="Try again.")
            process.stdin.write(orjson.dumps({"id": number, **request}) + b"\n")
            with contextlib.suppress(ConnectionError):  # the reader tells who waits that it died
                await process.stdin.drain()
            return await future
        finally:
            self._waiting.pop(number, None)
            self._stay_awake()

    async def start(self) -> None:
        """Start the process, unless there is one."""
        async with self._starting:
            if not self.running:
                await self._start()
                self._stay_awake()

    async def aclose(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _start(self) -> None:
        environment = {
            **os.environ,
            "DATABASE_URL": self._settings.database_url.get_secret_value(),
            "LLMFORGE_INDEX_DIR": str(self._settings.index_dir),
        }
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "app.tasks.retrieval"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            limit=_LONGEST_LINE,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        log.info("search_process_started", pid=self._process.pid)

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        while line := await process.stdout.readline():
            message = orjson.loads(line)
            future, on_progress = self._waiting.get(message["id"], (None, None))
            if "progress" in message:
                if on_progress is not None:
                    on_progress(*message["progress"])
            elif future is not None and not future.done():
                _settle(future, message)
        await process.wait()
        log.info("search_process_ended", code=process.returncode)
        if self._process is process:
            for future, _ in self._waiting.values():
                if not future.done():
                    future.set_exception(
                        Unavailable(
                            f"The process that searches has died (exit code {process.returncode}).",
                            hint="Try again; the API's log tells why. Indexing takes about 1 GB of memory.",
                        )
                    )

    def _stay_awake(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._process is None or self._process.returncode is not None or self._waiting:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()


def _settle(future: "asyncio.Future[dict[str, Any]]", message: dict[str, Any]) -> None:
    if "result" in message:
        future.set_result(message["result"])
        return
    error = message["error"]
    if error["field"]:
        field = error["field"].replace("method.", "options.")
        errors = [FieldError(field, error["message"])]
        future.set_exception(InvalidInput(error["message"], hint=error["hint"], errors=errors))
    else:
        future.set_exception(Unavailable(error["message"], hint=error["hint"]))
