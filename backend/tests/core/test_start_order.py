"""Whoever starts first brings the schema up to date; who is older than the schema keeps its hands off."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Message

from alembic import command
from app.core.config import Settings, get_settings
from app.core.database import create_engine
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.errors import Unavailable
from app.core.migrations import SchemaIsNewer, alembic_config, migrate, migrate_at_start
from app.core.processes import ManagedProcess, free_port
from app.main import create_app
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime, open_runtime
from app.tasks.worker import main as worker_main
from tests.factories import questions_jsonl
from tests.support import create, log_of, runs_of, stored, temporary_database, until

EXPERIMENTS = "/api/v1/experiments"


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database of its own, without any table."""
    async with temporary_database(postgres) as url:
        yield url


@pytest.fixture
def settings(settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("LLMFORGE_DATASETS_DIR", "/no datasets")
    monkeypatch.setenv("LLMFORGE_KNOWLEDGE_DIR", "/no knowledge")
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The means of a process on the empty database."""
    opened = open_runtime(settings)
    yield opened
    await opened.aclose()


@pytest.fixture
def worker(runtime: Runtime, tmp_path: Path) -> Iterator[ManagedProcess]:
    """A worker process that the test starts."""
    process = ManagedProcess("worker", [sys.executable, "-m", "app.tasks.worker"], tmp_path / "worker.log")
    yield process
    process.stop(10)


async def to_revision(engine: AsyncEngine, revision: str) -> None:
    def change(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with engine.begin() as connection:
        await connection.run_sync(change)


async def revision_of(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return str(await connection.scalar(text("select version_num from alembic_version")))


async def from_the_future(runtime: Runtime) -> None:
    """Have the schema of a version that this one does not know."""
    async with runtime.engine.begin() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))


async def queued(runtime: Runtime) -> uuid.UUID:
    """Return an experiment that waits for a worker."""
    await migrate(runtime.engine)
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("quiz", "quiz.jsonl", questions_jsonl(5))
    return await create(runtime)


class TestOldSchema:
    async def test_a_worker_alone_migrates_and_ends_when_it_is_too_old(
        self, runtime: Runtime, worker: ManagedProcess
    ) -> None:
        experiment_id = await queued(runtime)
        newest = await revision_of(runtime.engine)
        await to_revision(runtime.engine, "0003")
        worker.start()

        async def ended() -> bool:
            return await revision_of(runtime.engine) == newest and (
                (await stored(runtime, experiment_id)).status == "COMPLETED"
            )

        await until(ended, "the experiment to complete")
        assert len(await runs_of(runtime, experiment_id)) == 5

        await from_the_future(runtime)
        next_id = await create(runtime)
        await until(lambda: not worker.running, "the worker to end")
        assert "worker_is_too_old" in log_of(worker)
        assert (await stored(runtime, next_id)).queued

    async def test_many_that_start_at_once(self, runtime: Runtime, database: str) -> None:
        await migrate(runtime.engine)
        newest = await revision_of(runtime.engine)
        await to_revision(runtime.engine, "0003")
        engines = [create_engine(database, 1) for _ in range(6)]
        await asyncio.gather(*(migrate_at_start(engine) for engine in engines))
        assert await revision_of(runtime.engine) == newest
        for engine in engines:
            await engine.dispose()


class TestNewerSchema:
    async def test_nothing_is_changed(self, runtime: Runtime) -> None:
        await migrate(runtime.engine)
        await from_the_future(runtime)
        with pytest.raises(SchemaIsNewer, match=r"revision 9999\) is newer than this version of LlmForge"):
            await migrate(runtime.engine)
        assert await revision_of(runtime.engine) == "9999"

    async def test_a_worker_does_not_start(self, runtime: Runtime) -> None:
        await migrate(runtime.engine)
        await from_the_future(runtime)
        with pytest.raises(SystemExit, match=r"error: The database's schema \(revision 9999\) is newer"):
            await asyncio.to_thread(worker_main)

    async def test_an_api_does_not_start(self, runtime: Runtime) -> None:
        await migrate(runtime.engine)
        await from_the_future(runtime)
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "lifespan.startup"}

        async def send(message: Message) -> None:
            sent.append(message)

        await create_app(runtime.settings)({"type": "lifespan", "state": {}}, receive, send)
        assert [message["type"] for message in sent] == ["lifespan.startup.failed"]
        assert sent[0]["message"].startswith("error: The database's schema (revision 9999) is newer")
        assert "Traceback" not in sent[0]["message"]

    async def test_an_api_that_runs_starts_nothing(self, api: httpx.AsyncClient, runtime: Runtime) -> None:
        experiment_id = await queued(runtime)
        await from_the_future(runtime)
        answer = await api.post(f"{EXPERIMENTS}/{experiment_id}/resume")
        assert answer.status_code == 503
        assert "is newer than this version" in answer.json()["message"]
        async with runtime.engine.begin() as connection:
            await connection.execute(text("alter table experiments rename column name to title"))
        answer = await api.get(EXPERIMENTS)
        assert answer.status_code == 503
        assert "schema is not the one" in answer.json()["message"]


class TestNoDatabase:
    @pytest.mark.parametrize(
        ("change", "said", "hint"),
        [
            (
                lambda url: url.replace("llmforge:", "llmforge:x"),
                "password authentication failed",
                "password",
            ),
            (lambda url: url.rpartition("/")[0] + "/nowhere", 'database "nowhere" does not exist', "name"),
        ],
    )
    async def test_says_why_at_once(
        self, postgres: EmbeddedPostgres, change: object, said: str, hint: str
    ) -> None:
        assert callable(change)
        engine = create_engine(change(postgres.url))
        with pytest.raises(Unavailable, match=said) as caught:
            await migrate_at_start(engine)
        assert hint in caught.value.hint
        await engine.dispose()

    async def test_waits_for_one_that_does_not_answer(self) -> None:
        engine = create_engine(f"postgresql://app@127.0.0.1:{free_port()}/x")
        with pytest.raises(Unavailable, match=r"does not answer \(Connect call failed.*\)\.") as caught:
            await migrate_at_start(engine, wait_s=0.6)
        assert "DATABASE_URL" in caught.value.hint
        await engine.dispose()


def test_url_that_cannot_be_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://h/db?sslmode=nonsense")
    get_settings.cache_clear()
    with pytest.raises(Unavailable, match="sslmode of DATABASE_URL"):
        open_runtime(get_settings())
