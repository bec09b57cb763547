"""The health of a database that is full, read-only, of another version, asleep or gone."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.embedded.postgres import EmbeddedPostgres, is_embedded
from app.core.migrations import migrate
from app.core.processes import free_port
from app.schemas.catalog import PartHealth
from app.services.monitoring import database_health
from app.services.monitoring.database_health import DatabaseHealth
from app.services.monitoring.database_repository import DatabaseRepository
from app.services.runtime import Runtime, open_runtime
from tests.support import drop_database


@pytest.fixture
async def own(postgres: EmbeddedPostgres, runtime: Runtime) -> AsyncIterator[Runtime]:
    """The means of a process on a database of its own."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    async with runtime.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"create database {name}"))
    opened = at(runtime, postgres.url.rpartition("/")[0] + f"/{name}")
    await migrate(opened.engine)
    yield opened
    await opened.aclose()
    async with runtime.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await drop_database(connection, name)


def at(runtime: Runtime, url: str) -> Runtime:
    return open_runtime(runtime.settings.model_copy(update={"database_url": SecretStr(url)}))


async def run(runtime: Runtime, statement: str) -> None:
    async with runtime.engine.begin() as connection:
        await connection.execute(text(statement))
    await runtime.engine.dispose()  # settings of a database count for new connections


async def tables(runtime: Runtime) -> int:
    async with runtime.engine.connect() as connection:
        return int(
            await connection.scalar(text("select count(*) from pg_tables where schemaname = 'public'")) or 0
        )


class TestAnswers:
    async def test_all_is_well_and_nothing_is_left(self, own: Runtime) -> None:
        before = await tables(own)
        health = DatabaseHealth(own)
        reports = await asyncio.gather(*(health.report() for _ in range(4)))
        assert {(one.state, one.message) for one in reports} == {("ok", "Postgres answers.")}
        assert await tables(own) == before

    async def test_read_only(self, own: Runtime) -> None:
        name = own.engine.url.database
        health = DatabaseHealth(own)
        await run(own, f"alter database {name} set default_transaction_read_only = on")
        report = await health.report()
        assert report.state == "degraded"
        assert "accepts no changes" in report.message

    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("53100", "Postgres answers, but its disk is full"),
            ("58030", "Postgres answers, but stores nothing. The database refused: could not extend file"),
        ],
    )
    async def test_full(
        self, runtime: Runtime, state: str, said: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What Postgres answers where the disk is full, and that is tried again each time until it is not."""
        real = DatabaseRepository.try_to_store

        async def full(self: DatabaseRepository) -> None:
            raised = f"raise exception using errcode = '{state}', message = 'could not extend file'"
            await self._connection.execute(text(f"do $$ begin {raised}; end $$"))

        health = DatabaseHealth(runtime)
        monkeypatch.setattr(DatabaseRepository, "try_to_store", full)
        report = await health.report()
        assert report.state == "degraded"
        assert report.message.startswith(said)
        monkeypatch.setattr(DatabaseRepository, "try_to_store", real)
        assert (await health.report()).state == "ok"

    async def test_a_role_that_may_make_no_table(self, own: Runtime) -> None:
        await run(own, "revoke create on schema public from public, llmforge, pg_database_owner")
        assert (await DatabaseHealth(own).report()).state == "ok"

    async def test_is_tried_now_and_then(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        tries, now = [], 0.0

        async def keep(self: DatabaseRepository) -> None:
            tries.append(now)

        monkeypatch.setattr(DatabaseRepository, "try_to_store", keep)
        health = DatabaseHealth(runtime, clock=lambda: now)
        for now in (1.0, 5.0, 30.0, 32.0, 50.0, 63.0):
            await health.report()
        assert tries == [1.0, 32.0, 63.0]

    async def test_embedded_with_little_space(
        self, runtime: Runtime, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert "free_bytes" not in (await DatabaseHealth(runtime).report()).details
        home = runtime.settings.home
        (home / "postgres").mkdir(parents=True)
        (home / "postgres" / "postmaster.pid").write_text(f"1\nx\n1\n{postgres.port}\n")
        report = await DatabaseHealth(runtime).report()
        assert report.details["free_bytes"] > 0
        usage = SimpleNamespace(free=12_345_678)
        monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
        report = await DatabaseHealth(runtime).report()
        assert (report.state, report.details) == ("degraded", {"free_bytes": 12_345_678})
        assert f"only 12 MB are free where its data are: {home}" in report.message


class TestSchema:
    async def test_newer(self, own: Runtime) -> None:
        await run(own, "update alembic_version set version_num = '9999'")
        report = await DatabaseHealth(own).report()
        assert report.state == "degraded"
        assert "newer than this version" in report.message

    async def test_older(self, own: Runtime) -> None:
        await run(own, "update alembic_version set version_num = '0005'")
        report = await DatabaseHealth(own).report()
        assert report.state == "degraded"
        assert "older than this version" in report.message


class TestAway:
    async def report_of(self, runtime: Runtime, port: int, monkeypatch: pytest.MonkeyPatch) -> PartHealth:
        monkeypatch.setattr(database_health, "_TIMEOUT_S", 0.3)
        away = at(runtime, f"postgresql://app@127.0.0.1:{port}/x")
        report = await DatabaseHealth(away).report()
        await away.aclose()
        return report

    async def test_gone(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        report = await self.report_of(runtime, free_port(), monkeypatch)
        assert (report.state, report.details) == ("down", {"waking": False})
        assert "DATABASE_URL" in report.message

    async def test_asleep(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        """As with a database that is woken by a connection, which it answers seconds later."""

        async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # until the client gives up
            writer.close()

        server = await asyncio.start_server(sleep, "127.0.0.1", 0)
        async with server:
            report = await self.report_of(runtime, server.sockets[0].getsockname()[1], monkeypatch)
            await asyncio.sleep(0.05)
        assert (report.state, report.details) == ("down", {"waking": True})
        assert "waking up" in report.message


def test_home_of_another_server(tmp_path: Path) -> None:
    assert not is_embedded(tmp_path, "postgresql://app@127.0.0.1:5432/x")
