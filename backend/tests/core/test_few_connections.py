"""What a small database leaves: 17 connections for everything, and a server that is not ready yet."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core import database_connect
from app.core.config import Settings, get_settings
from app.core.database import create_engine, is_database_away
from app.core.database_connect import is_starting
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.migrations import migrate
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.runtime import Runtime, open_runtime
from app.tasks.jobs import EXECUTOR_CONNECTIONS
from tests.factories import questions_jsonl
from tests.support import create, stored, temporary_database

LIMIT = 17  # of max_connections = 20, three are reserved


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database that refuses what is over the limit, as a server refuses it."""
    async with temporary_database(postgres, f"connection limit {LIMIT}") as url:
        yield url


@pytest.fixture
def settings(settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database)
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The means of a process, with one connection."""
    opened = open_runtime(settings, connections=1)
    await migrate(opened.engine)
    yield opened
    await opened.aclose()


async def test_an_api_and_three_workers_at_work(
    runtime: Runtime, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is refused: none waits for a connection longer than others need theirs."""
    monkeypatch.setattr(database_connect, "_WAIT_S", 0.0)
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("quiz", "quiz.jsonl", questions_jsonl(60))
    children = [
        open_runtime(runtime.settings, ping=False, connections=EXECUTOR_CONNECTIONS) for _ in range(3)
    ]
    ids = [await create(runtime, name=f"experiment {index}") for index in range(3)]
    turns = iter(range(80))

    async def ask() -> list[int]:
        return [(await api.get("/api/v1/overview")).status_code for _ in turns]

    executors = [Executor(child, id_) for child, id_ in zip(children, ids, strict=True)]
    work = asyncio.gather(*(executor.run() for executor in executors))
    answers = await asyncio.gather(*(ask() for _ in range(16)))
    await work
    assert [status for some in answers for status in some] == [200] * 80
    assert {(await stored(runtime, id_)).status for id_ in ids} == {"COMPLETED"}
    for child in children:
        await child.aclose()


async def test_a_free_connection_is_waited_for(database: str) -> None:
    taken = [await asyncpg.connect(database) for _ in range(LIMIT)]
    engine = create_engine(database, 1)

    async def ask() -> int | None:
        async with engine.connect() as connection:
            answer: int | None = await connection.scalar(text("select 42"))
            return answer

    asked = asyncio.create_task(ask())
    await asyncio.sleep(0.5)
    assert not asked.done()
    for connection in taken:
        await connection.close()
    assert await asked == 42
    await engine.dispose()


async def test_waiting_has_an_end(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_connect, "_WAIT_S", 0.5)
    taken = [await asyncpg.connect(database) for _ in range(LIMIT)]
    engine = create_engine(database, 1)
    with pytest.raises(DBAPIError) as caught:
        await engine.connect()
    assert is_database_away(caught.value)
    for connection in taken:
        await connection.close()
    await engine.dispose()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.TooManyConnectionsError("sorry, too many clients already"), True),
        (
            asyncpg.ProtocolViolationError("server login has been failing (server_login_retry)"),
            True,
        ),
        (asyncpg.ProtocolViolationError("no more connections allowed (max_client_conn)"), True),
        (asyncpg.ProtocolViolationError("no such database: nowhere"), False),
        (asyncpg.InvalidPasswordError("password authentication failed"), False),
        (ConnectionRefusedError(), False),
    ],
)
def test_what_passes_by_itself(error: Exception, expected: bool) -> None:
    assert is_starting(error) == expected


class TestWakingUp:
    """A database that takes the connection at once, and answers seconds later; as hosts wake it."""

    @pytest.fixture
    async def front(self, postgres: EmbeddedPostgres) -> AsyncIterator[tuple[int, asyncio.Event]]:
        """A port in front of the server, which passes nothing on until the event is set."""
        awake = asyncio.Event()
        open_ones: list[asyncio.StreamWriter] = []

        async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                target.write(data)
            target.close()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await awake.wait()
            from_server, to_server = await asyncio.open_connection("127.0.0.1", postgres.port)
            open_ones.extend((writer, to_server))
            await asyncio.gather(pass_on(reader, to_server), pass_on(from_server, writer))

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1], awake
        server.close()
        for writer in open_ones:
            writer.close()

    @pytest.fixture
    def settings(
        self,
        settings: Settings,
        database: str,
        front: tuple[int, asyncio.Event],
        postgres: EmbeddedPostgres,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Settings:
        monkeypatch.setenv("DATABASE_URL", database.replace(f":{postgres.port}/", f":{front[0]}/"))
        get_settings.cache_clear()
        return get_settings()

    @pytest.fixture
    async def runtime(
        self, settings: Settings, front: tuple[int, asyncio.Event], database: str
    ) -> AsyncIterator[Runtime]:
        """The means of a process, on a database that is awake."""
        front[1].set()
        opened = open_runtime(settings)
        await migrate(opened.engine)
        yield opened
        await opened.aclose()

    async def test_reads_and_writes_wait(
        self, api: httpx.AsyncClient, runtime: Runtime, front: tuple[int, asyncio.Event]
    ) -> None:
        front[1].clear()
        async with runtime.engine.connect() as connection:  # the host puts it to sleep
            await connection.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid()"
                )
            )
        file = {"file": ("q.jsonl", questions_jsonl(3))}
        requests = [
            asyncio.create_task(api.get("/api/v1/experiments")),
            asyncio.create_task(api.post("/api/v1/datasets", data={"name": "new"}, files=file)),
        ]
        await asyncio.sleep(1)
        assert not any(request.done() for request in requests)
        front[1].set()
        assert [(await request).status_code for request in requests] == [200, 201]
