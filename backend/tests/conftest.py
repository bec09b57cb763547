"""Fixtures for all tests: real Postgres and Valkey, an API over real HTTP, and no other network."""

import asyncio
import gc
import os
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from app.core import redaction
from app.core.config import Settings, get_settings
from app.core.database import create_engine
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.core.migrations import migrate
from app.core.queue import connect
from app.main import create_app
from app.models import Base
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.service import ExperimentService
from app.services.local_models.files import fetch_only, look_below
from app.services.runs.scoring_repository import ScoringRepository
from app.services.runtime import Runtime, open_runtime
from app.services.scorings.work import ScoringWork
from tests.factories import questions_jsonl
from tests.support import temporary_database
from tests.tiny_models import TinyModels, make_tiny_models

_LOOPBACK = ("127.", "::1", "localhost")
_BEGINNINGS = ("LLMFORGE_", "OTEL_")
_ENDINGS = ("_API_KEY", "_BASE_URL", "_TOKEN", "COLUMNS")
# What a developer has set must not decide what a test sees.
for _name in list(os.environ):
    if _name == "PORT" or _name.startswith(_BEGINNINGS) or _name.endswith(_ENDINGS):
        del os.environ[_name]
os.environ["LLMFORGE_IGNORE_ENV_FILE"] = "1"
# Tests run in several processes, and their models are tiny: more threads would only wait for each other.
os.environ["OMP_NUM_THREADS"] = "1"


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end: modules and tests, half a second a collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    real_connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(_LOOPBACK):
            raise OSError(f"tests may not connect to {address}")
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def _forget_settings() -> Iterator[None]:
    """Let no test's secrets mask another's text, nor its settings hide another's models."""
    yield
    redaction.forget_secrets()
    look_below(None)
    fetch_only(None)
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for servers; with a space in its path, as users have them."""
    return tmp_path_factory.mktemp("state of tests")


@pytest.fixture(scope="session")
def postgres(state_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres for the whole session, with the schema made by the migrations."""
    server = EmbeddedPostgres(state_dir / "postgres", state_dir / "postgres.log")
    server.start()

    server.stop()
    # Tests of migrations make databases of their own.
    server._as_superuser("postgres", "alter role llmforge createdb;\n\n")
    # Tests kill processes, never the machine: nothing is lost without waiting for the disk.
    with (server.data_dir / "postgresql.auto.conf").open("a") as file:
        file.write("fsync = off\n")
    server.start()

    async def prepare() -> None:
        engine = create_engine(server.url)
        await migrate(engine)
        await engine.dispose()

    asyncio.run(prepare())
    yield server
    server.stop()


@pytest.fixture
async def other(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of another database, without any table."""
    async with temporary_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def valkey(state_dir: Path) -> Iterator[EmbeddedValkey]:
    """A Valkey for the whole session."""
    server = EmbeddedValkey(state_dir / "valkey", state_dir / "valkey.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """Settings on the test servers, also in the environment, where child processes find them."""
    values = {
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "LLMFORGE_HOME": str(tmp_path / "home"),
        "LLMFORGE_INDEX_DIR": str(tmp_path / "indexes"),
        "LLMFORGE_MODEL_FOLDERS": str(tmp_path_factory.getbasetemp()),
        "LLMFORGE_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
        "LLMFORGE_HEARTBEAT_S": "0.2",
        "LLMFORGE_STALE_AFTER_S": "2",
        "LLMFORGE_SHUTDOWN_GRACE_S": "1",
        "LLMFORGE_LOG_LEVEL": "INFO",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Models with random weights, made for the session: nothing is fetched from anywhere."""
    return make_tiny_models(tmp_path_factory.mktemp("tiny models of all tests"))


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The means of a process, on empty tables and an empty queue."""
    connection = connect(settings.redis_url.get_secret_value())
    connection.flushdb()
    connection.close()
    opened = open_runtime(settings)
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    async with opened.engine.begin() as database:
        await database.execute(text(f"truncate {tables} restart identity cascade"))
    yield opened
    await opened.aclose()


@pytest.fixture
async def dataset(runtime: Runtime) -> str:
    """A dataset of 20 questions whose answers the model ``mock/gold`` knows; returns its name."""
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("quiz", "quiz.jsonl", questions_jsonl(20))
    return "quiz"


@pytest.fixture
async def experiments(runtime: Runtime) -> AsyncIterator[ExperimentService]:
    """The service of experiments on a session of its own."""
    async with runtime.sessions() as session:
        yield ExperimentService(session, runtime)


@pytest.fixture
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Works on whatever is queued, as a worker does."""

    async def work() -> None:
        while True:
            async with runtime.sessions() as session:
                unattended = await ExperimentRepository(session).unattended(60)
                scorings = await ScoringRepository(session).unattended(60)
            for experiment_id in unattended:
                await Executor(runtime, experiment_id).run()
            for scoring_id in scorings:
                await ScoringWork(runtime, scoring_id).run()
            await asyncio.sleep(0.02)

    task = asyncio.create_task(work())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):  # any other end of it is why a test failed
        await task


@pytest.fixture
async def api_url(runtime: Runtime) -> AsyncIterator[str]:
    """The address of an API that serves real HTTP from this process."""
    app = create_app(runtime.settings)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, lifespan="on", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True  # not force_exit, which would leave the application's connections open
    await task


@pytest.fixture
async def api(api_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    async with httpx.AsyncClient(base_url=api_url, timeout=30, trust_env=False, verify=False) as client:
        yield client
