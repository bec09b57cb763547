"""Tests of telling "away" from "refused", and of waiting."""

import socket
import ssl

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.core.database import create_engine, is_database_away, when_database_answers
from app.core.processes import free_port
from app.services.runtime import Runtime


def _wrapped(cause: BaseException) -> DBAPIError:
    return DBAPIError("select 1", {}, cause)


class TestIsDatabaseAway:
    @pytest.mark.parametrize(
        "error",
        [
            ConnectionRefusedError(111, "refused"),
            ConnectionResetError(),
            TimeoutError(),
            socket.gaierror(-2, "unknown"),
            ssl.SSLCertVerificationError("certificate"),
            OSError("Multiple exceptions: refused, refused"),
            PoolTimeoutError("pool limit reached"),
            OperationalError("select 1", {}, Exception()),
            asyncpg.CannotConnectNowError("starting up"),
            asyncpg.AdminShutdownError("terminating"),
            asyncpg.TooManyConnectionsError("too many"),
            asyncpg.ConnectionDoesNotExistError("closed"),
            asyncpg.InterfaceError("connection is closed"),
            _wrapped(asyncpg.AdminShutdownError("terminating")),
            _wrapped(ConnectionResetError()),
        ],
    )
    def test_away(self, error: Exception) -> None:
        assert is_database_away(error)

    @pytest.mark.parametrize(
        "error",
        [
            ValueError("x"),
            RuntimeError("x"),
            FileNotFoundError(2, "missing", "model.gguf"),
            PermissionError(13, "denied", "/root/x"),
            asyncpg.UniqueViolationError("twice"),
            asyncpg.CharacterNotInRepertoireError("NUL"),
            IntegrityError("insert", {}, Exception()),
            ProgrammingError("select", {}, Exception()),
            _wrapped(asyncpg.UndefinedTableError("no table")),
        ],
    )
    def test_not_away(self, error: Exception) -> None:
        assert not is_database_away(error)

    async def test_lost_connection_is_away(self, runtime: Runtime) -> None:
        async with runtime.engine.connect() as connection, runtime.engine.connect() as other:
            pid = await connection.scalar(text("select pg_backend_pid()"))
            await other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text("select pg_sleep(30)"))
            assert is_database_away(caught.value)
            await connection.invalidate()

    async def test_nobody_listens(self) -> None:
        engine = create_engine(f"postgresql://app@127.0.0.1:{free_port()}/x")
        with pytest.raises(ConnectionRefusedError) as caught:
            await engine.connect()
        await engine.dispose()
        assert is_database_away(caught.value)

    @pytest.mark.parametrize(
        ("sql", "value"),
        [("select cast(:v as integer)", 2**40), ("select cast(:v as text)", "\0"), ("select 1/:v", 0)],
    )
    async def test_value_that_is_refused_is_not_away(self, runtime: Runtime, sql: str, value: object) -> None:
        async with runtime.engine.connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text(sql), {"v": value})
        assert not is_database_away(caught.value)


class TestWhenDatabaseAnswers:
    @pytest.fixture(autouse=True)
    def waited(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        monkeypatch.setattr("app.core.database.asyncio.sleep", sleep)
        return waits

    async def test_waits_longer_each_time_up_to_two_seconds(self, waited: list[float]) -> None:
        async def action() -> str:
            if len(waited) < 7:
                raise ConnectionRefusedError
            return "done"

        assert await when_database_answers(action, "test") == "done"
        assert waited == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]

    async def test_other_errors_pass_at_once(self, waited: list[float]) -> None:
        async def action() -> None:
            raise ValueError("mine")

        with pytest.raises(ValueError, match="mine"):
            await when_database_answers(action, "test")
        assert waited == []

    async def test_gives_up_when_told_to(self, waited: list[float]) -> None:
        async def action() -> None:
            raise ConnectionRefusedError

        with pytest.raises(ConnectionRefusedError):
            await when_database_answers(action, "test", lambda: len(waited) >= 2)
        assert waited == [0.1, 0.2]
