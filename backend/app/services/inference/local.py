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
from app.services.inference.openai_compatible import OpenAICompatibleEngine

_START_TIMEOUT_S = 120
_GGUF_MAGIC = b"GGUF"
OWNER_VARIABLE = "LLMFORGE_OWNER_PID"
"""Names the process whose end ends the servers; ourselves if it is not set."""


@dataclass(frozen=True, slots=True)
class LocalServerOptions:
    """How local servers are run: see the settings ``local_*``."""

    state_dir: Path
    slots: int
    context: int
    threads: int


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
            state = _read_state(self._record)
            if state is not None and state.healthy:
                return state.url
            return self._start()

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
                [sys.executable, "-m", "app.services.inference.local_server"]
                + ["--model", str(self.model_path), "--record", str(self._record), "--owner", owner]
                + ["--slots", str(self.options.slots), "--context", str(self.options.context)]
                + ["--threads", str(threads)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while (state := _read_state(self._record)) is None or not state.healthy:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise CatalogError(
                    f"The local model server cannot load {self.model_path}; its log is {self._log}.",
                    "The file may be broken, or of a kind that this llama.cpp does not know.",
                )
            time.sleep(0.05)
        return state.url


def _answers(url: str) -> bool:
    with suppress(OSError, ValueError):
        with urllib.request.urlopen(f"{url}/health", timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    return False


def _read_state(record: Path) -> LocalServerState | None:
    with suppress(OSError, ValueError, KeyError):
        values = json.loads(record.read_text())
        pid, url = int(values["pid"]), str(values["url"])
        alive = psutil.pid_exists(pid) and _answers(url)
        return LocalServerState(values["model"], url, pid, alive)
    return None


def server_states(state_dir: Path) -> list[LocalServerState]:
    """Return the servers started on this machine and still running."""
    states = [_read_state(record) for record in sorted(state_dir.glob("*.json"))]
    return [state for state in states if state is not None and psutil.pid_exists(state.pid)]


def stop_servers(state_dir: Path) -> None:
    """End every server of this machine, and forget it."""
    for record in state_dir.glob("*.json"):
        state = _read_state(record)
        if state is not None:
            with suppress(psutil.Error):
                process = psutil.Process(state.pid)
                if "app.services.inference.local_server" in process.cmdline():
                    process.kill()
                    process.wait(5)
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
                self._inner = None  # the server may have died: the next try starts it again
                await inner.aclose()
            raise

    async def aclose(self) -> None:
        """Close the connections; the server stays for others."""
        if self._inner is not None:
            await self._inner.aclose()
