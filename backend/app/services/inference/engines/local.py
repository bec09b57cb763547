"""Models on this machine: one server process a GGUF file, started when first needed, then shared.

Every worker on the machine finds a running server by its record (``<hash>.json``: pid and port)
in a folder; a file lock makes sure that it is started once.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import CatalogError, ModelSpec, ProviderSpec
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine

_START_TIMEOUT_S = 120
_HEALTH_TIMEOUT_S = 10.0  # a busy machine answers late; where nobody listens, that is known at once
_GGUF_MAGIC = b"GGUF"
_MODULE = "app.services.inference.engines.local_server"
# A proxy that is set for the web is not asked for loopback.
_loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Kept, since a server outlives whoever started it; polled, so that one that ended is not a zombie.
_started: list[subprocess.Popen[bytes]] = []
OWNER_VARIABLE = "LLMFORGE_OWNER_PID"
"""Names the process whose end ends the servers; ourselves if it is not set."""


@dataclass(frozen=True, slots=True)
class LocalServerOptions:
    """How local servers are run: see the settings ``local_*``.

    ``health_timeout_s``: a server that does not say within so many seconds that it is well is replaced.
    """

    state_dir: Path
    slots: int
    context: int
    threads: int
    health_timeout_s: float = _HEALTH_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class LocalServerState:
    """One server that has been started: its model file, address, and whether it answers."""

    model: str
    url: str
    pid: int
    healthy: bool


class LocalServer:
    """The server of one GGUF file."""

    def __init__(self, model_path: Path, options: LocalServerOptions) -> None:
        self.model_path = model_path
        self.options = options
        what = f"{model_path}|{options.slots}|{options.context}|{options.threads}"
        self._name = hashlib.sha256(what.encode()).hexdigest()[:12]
        self._record = options.state_dir / f"{self._name}.json"
        self._log = options.state_dir / f"{self._name}.log"

    def ensure(self) -> str:
        """Return the server's base URL; start it if it does not run. Blocks.

        Raises:
            CatalogError: naming the file, if it is no model or the server cannot load it.
        """
        self._check_file()
        self.options.state_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(self.options.state_dir / f"{self._name}.lock"):
            state = self._state()
            if state is not None and state.healthy:
                return state.url
            if state is not None:
                _end(state.pid)  # it runs, and does not answer
            return self._start()

    def _state(self) -> LocalServerState | None:
        return _read_state(self._record, self.options.health_timeout_s)

    def _check_file(self) -> None:
        try:
            with self.model_path.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            raise CatalogError(f"Cannot read the model file {self.model_path}: {error.strerror}.") from error
        if magic != _GGUF_MAGIC:
            raise CatalogError(
                f"The model file {self.model_path} is not a GGUF file, or it is broken.",
                "Download it again.",
            )

    def _start(self) -> str:
        owner = os.environ.get(OWNER_VARIABLE, str(os.getpid()))
        threads = self.options.threads or os.cpu_count() or 1
        self._record.unlink(missing_ok=True)
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", _MODULE]
                + ["--model", str(self.model_path), "--record", str(self._record), "--owner", owner]
                + ["--slots", str(self.options.slots), "--context", str(self.options.context)]
                + ["--threads", str(threads)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while (state := self._state()) is None or not state.healthy:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise CatalogError(
                    f"The local model server cannot load {self.model_path}; its log is {self._log}.",
                    "The file may be broken, or of a kind that this llama.cpp does not know.",
                )
            time.sleep(0.05)
        _started.append(process)
        return state.url


def _answers(url: str, timeout_s: float) -> bool:
    with suppress(OSError, ValueError):
        with _loopback.open(f"{url}/health", timeout=timeout_s) as response:
            return bool(response.status == 200)
    return False


def _runs(pid: int) -> bool:
    """Return whether ``pid`` is a local model server's; after a restart it may be anyone's."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and _MODULE in process.cmdline()
    return False


def _end(pid: int) -> None:
    if _runs(pid):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            process.kill()
            process.wait(5)
    _started[:] = [process for process in _started if process.poll() is None]


def _read_state(record: Path, timeout_s: float = _HEALTH_TIMEOUT_S) -> LocalServerState | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        values = json.loads(record.read_text())
        pid, url = int(values["pid"]), str(values["url"])
        healthy = _runs(pid) and _answers(url, timeout_s)
        return LocalServerState(str(values["model"]), url, pid, healthy)
    return None


def server_states(state_dir: Path) -> list[LocalServerState]:
    """Return the servers started on this machine and still running."""
    states = [_read_state(record) for record in sorted(state_dir.glob("*.json"))]
    return [state for state in states if state is not None and _runs(state.pid)]


def stop_servers(state_dir: Path) -> None:
    """End every server of this machine, and forget it."""
    for record in state_dir.glob("*.json"):
        state = _read_state(record)
        if state is not None:
            _end(state.pid)
        record.unlink(missing_ok=True)


class LocalEngine(EngineBase):
    """An OpenAI-compatible engine on a local server, which it starts, and starts again if it dies."""

    def __init__(
        self, provider: ProviderSpec, model: ModelSpec, server: LocalServer, timeout_s: float
    ) -> None:
        self._provider = provider
        self._model = model
        self._server = server
        self._timeout_s = timeout_s
        self._inner: OpenAICompatibleEngine | None = None
        self._retired: list[OpenAICompatibleEngine] = []
        self._lock = asyncio.Lock()

    async def start(self) -> OpenAICompatibleEngine:
        """Make sure that the server runs.

        Raises:
            CatalogError: if it cannot be started.
        """
        async with self._lock:
            if self._inner is None:
                url = await asyncio.to_thread(self._server.ensure)
                self._inner = OpenAICompatibleEngine(
                    self._provider, self._model, f"{url}/v1", None, self._timeout_s
                )
            return self._inner

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        try:
            inner = await self.start()
        except CatalogError as error:
            raise EngineError(FailureKind.MODEL_NOT_FOUND, error.message) from error
        try:
            return await inner.generate(request)
        except EngineError as error:
            if error.kind is FailureKind.CONNECTION and self._inner is inner:
                # The server may have died: the next try starts it again. If it has not, the other
                # calls in flight go on.
                self._inner = None
                self._retired.append(inner)
            raise

    async def aclose(self) -> None:
        """Close the connections; the server stays for others."""
        for inner in (self._inner, *self._retired):
            if inner is not None:
                await inner.aclose()
