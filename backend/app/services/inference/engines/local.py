"""Models on this machine: one server process for each GGUF file, started on first use, then shared.

Workers find a running server by its record (``<hash>.json``: pid, address and key) in a folder; a file
lock makes sure that it is started only once.
"""

import asyncio
import hashlib
import json
import os
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import psutil
from filelock import FileLock

from app.core.cores import usable_cores
from app.core.files import file_sha256
from app.core.processes import ManagedProcess, ProcessError
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import CatalogError, ModelSpec, ProviderSpec, resolve_model_path
from app.services.inference.engines.connector import (
    HEALTH_TIMEOUT_S,
    Connector,
    LocalServerOptions,
    ModelStatus,
)
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine

T = TypeVar("T")

_START_TIMEOUT_S = 120
_ERASE_TIMEOUT_S = 120  # a slot that answers is erased after that
_GGUF_MAGIC = b"GGUF"
_MODULE = "app.services.inference.engines.local_server"
# Without the proxy that the environment may name: it cannot reach loopback addresses.
_loopback = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Servers that this process started; polled, so that one that has ended does not stay a zombie.
_started: list[ManagedProcess] = []
OWNER_VARIABLE = "LLMFORGE_OWNER_PID"
"""Variable with the pid of the process whose end also ends the servers; this process if it is not set."""


@dataclass(frozen=True, slots=True)
class LocalServerState:
    """One server that has been started: its model file, address and key, and whether it answers."""

    model: str
    url: str
    key: str = field(repr=False)
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

    def ensure(self) -> LocalServerState:
        """Return the server, which answers; start it if it does not run. Blocks.

        Raises:
            CatalogError: naming the file, if it is no model or the server cannot load it.
        """
        self._check_file()
        self.options.state_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(self.options.state_dir / f"{self._name}.lock"):
            state = self._state()
            if state is not None and state.healthy:
                return state
            if state is not None:
                _end(state.pid)  # it runs, but does not answer
            return self._start()

    def empty_prompt_cache(self, state: LocalServerState) -> None:
        """Have the server forget the prompts that its slots hold, each as soon as it is free. Blocks.

        Raises:
            CatalogError: if it does not.
        """
        for slot in range(self.options.slots):
            url = f"{state.url}/slots/{slot}?action=erase"
            headers = {"authorization": f"Bearer {state.key}"}
            request = urllib.request.Request(url, b"{}", headers)  # noqa: S310 - our own server
            try:
                _loopback.open(request, timeout=_ERASE_TIMEOUT_S).close()
            except OSError as error:
                raise CatalogError(
                    f"The prompt cache of the local model server cannot be emptied: {error}."
                ) from error

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

    def _start(self) -> LocalServerState:
        owner = os.environ.get(OWNER_VARIABLE, str(os.getpid()))
        threads = self.options.threads or usable_cores()
        for path in (self._record, self._log):
            path.unlink(missing_ok=True)
        process = ManagedProcess(
            "local model server",
            [sys.executable, "-m", _MODULE]
            + ["--model", str(self.model_path), "--record", str(self._record), "--owner", owner]
            + ["--slots", str(self.options.slots), "--context", str(self.options.context)]
            + ["--threads", str(threads)],
            self._log,
            dies_with_parent=False,  # other processes use it too; it ends with its owner
        )
        try:
            process.start()
            state = process.wait_ready(self._healthy_state, _START_TIMEOUT_S)
        except ProcessError as error:
            raise CatalogError(
                f"The local model server cannot load {self.model_path}; its log is {self._log}.",
                "The file may be broken, or of a kind that this llama.cpp does not know.",
            ) from error
        _started.append(process)
        return state

    def _healthy_state(self) -> LocalServerState | None:
        """Return the server; ``None`` while it does not answer."""
        state = self._state()
        return state if state is not None and state.healthy else None


def _answers(url: str, timeout_s: float) -> bool:
    with suppress(OSError, ValueError):
        with _loopback.open(f"{url}/health", timeout=timeout_s) as response:
            return bool(response.status == 200)
    return False


def _runs(pid: int) -> bool:
    """Return whether ``pid`` is a local model server; after a restart the pid may be another process's."""
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
    _started[:] = [process for process in _started if process.running]


def _read_state(record: Path, timeout_s: float = HEALTH_TIMEOUT_S) -> LocalServerState | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        values = json.loads(record.read_text())
        pid, url, key = int(values["pid"]), str(values["url"]), str(values["key"])
        healthy = _runs(pid) and _answers(url, timeout_s)
        return LocalServerState(str(values["model"]), url, key, pid, healthy)
    return None


def server_states(state_dir: Path) -> list[LocalServerState]:
    """Return the servers started on this machine and still running."""
    states = [_read_state(record) for record in sorted(state_dir.glob("*.json"))]
    return [state for state in states if state is not None and _runs(state.pid)]


def stop_servers(state_dir: Path) -> None:
    """Stop every server of this machine, and remove the records."""
    for record in state_dir.glob("*.json"):
        state = _read_state(record)
        if state is not None:
            _end(state.pid)
        record.unlink(missing_ok=True)


class LocalEngine(EngineBase):
    """An OpenAI-compatible engine on a local server, which it starts, and restarts after a crash."""

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
                server = await asyncio.to_thread(self._server.ensure)
                self._inner = OpenAICompatibleEngine(
                    self._provider, self._model, f"{server.url}/v1", server.key, self._timeout_s
                )
            return self._inner

    async def empty_prompt_cache(self) -> None:
        """Let no prompt of before be reused.

        Raises:
            CatalogError: if the server cannot be started, or its cache not be emptied.
        """
        state = await asyncio.to_thread(self._server.ensure)
        await asyncio.to_thread(self._server.empty_prompt_cache, state)

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        return await self._sent(lambda inner: inner.generate(request))

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return what the server is asked for together; see ``Engine.lists``."""
        return super().lists(requests) if self._inner is None else self._inner.lists(requests)

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call; see ``Engine.generate_list``."""
        return await self._sent(lambda inner: inner.generate_list(requests))

    async def _sent(self, call: Callable[[OpenAICompatibleEngine], Awaitable[T]]) -> T:
        try:
            inner = await self.start()
        except CatalogError as error:
            raise EngineError(FailureKind.MODEL_NOT_FOUND, error.message) from error
        try:
            return await call(inner)
        except EngineError as error:
            if error.kind is FailureKind.CONNECTION and self._inner is inner:
                # The server may have crashed: the next attempt starts it again. If it has not, the
                # other calls in flight continue.
                self._inner = None
                self._retired.append(inner)
            raise

    async def aclose(self) -> None:
        """Close the connections; the server stays for others."""
        for inner in (self._inner, *self._retired):
            if inner is not None:
                await inner.aclose()


@dataclass(frozen=True)
class LocalConnector(Connector):
    """Opens GGUF files on this machine.

    Attributes:
        prefix_cache: whether the server may reuse what it has computed for the beginning of an earlier
            prompt; its cache is emptied when the model is opened.
    """

    prefix_cache: bool = False

    def status(self) -> ModelStatus:
        """Return whether the model's file is there; see ``Connector.status``."""
        try:
            self._path()
        except CatalogError as error:
            return ModelStatus("file_missing", f"{error.message} {error.hint}".strip())
        return super().status()

    def fingerprint_parts(self) -> dict[str, object]:
        """Return hash of the file, software and context; reads the file again only after a change.

        Where the file is does not matter, only its content.
        """
        return {
            "sha256": file_sha256(self._path()),
            "llama.cpp": self.local.version,
            "context": self.local.context,
            "attention": "plain",  # without flash attention, with which answers had other last digits
        }

    def endpoint(self) -> None:
        """Return that there is none: the server is started when it is needed."""

    @property
    def runs_here(self) -> bool:
        """Always true."""
        return True

    def with_prefix_cache(self) -> "LocalConnector":
        """Return the model with the prompt cache; see ``Connector.with_prefix_cache``.

        The request says so, and with it the fingerprint, since answers may differ in their last digits.
        """
        body = {**self.provider.extra_body, "cache_prompt": True}
        return replace(
            self, provider=self.provider.model_copy(update={"extra_body": body}), prefix_cache=True
        )

    @property
    def max_concurrency(self) -> int:
        """Slots of the server."""
        return self.local.slots

    @property
    def window(self) -> int:
        """Context of a slot in tokens."""
        return self.local.context

    async def open(self, timeout_s: float, answers: Mapping[str, str] | None = None) -> LocalEngine:
        """Return an engine whose server runs; see ``Connector.open``."""
        del answers
        engine = LocalEngine(self.provider, self.model, LocalServer(self._path(), self.local), timeout_s)
        await engine.start()
        if self.prefix_cache:
            await engine.empty_prompt_cache()
        return engine

    def _path(self) -> Path:
        return resolve_model_path(self.model, self.root)
