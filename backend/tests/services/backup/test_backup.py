"""Backup, restore and move: nothing is lost, nothing is changed by halves, nothing wrong gets in."""

import asyncio
import json
import os
import stat
import tracemalloc
import uuid
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.core.config import get_settings
from app.core.database import create_engine
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.errors import Unavailable
from app.core.migrations import migrate
from app.domain.status import ExperimentStatus
from app.services.backup import service
from app.services.backup.archive import Archive, BackupError
from app.services.backup.repository import TABLES, BackupRepository
from app.services.backup.service import back_up, move, restore
from app.services.execution.executor import Executor
from app.services.runtime import Runtime, open_runtime
from tests.fixtures.pgbouncer import pgbouncer
from tests.services.backup.conftest import contents, execute
from tests.support import create, runs_of, stored


@pytest.fixture
async def file(filled: Runtime, postgres: EmbeddedPostgres, tmp_path: Path) -> Path:
    path = tmp_path / "a backup.zip"
    await back_up(postgres.url, path)
    return path


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Return a copy of a backup whose manifest was changed."""
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(data)
                change(manifest)
                data = json.dumps(manifest).encode()
            new.writestr(name, data)
    return copy


async def only(there: Runtime, status: str) -> uuid.UUID:
    """Return the one experiment with this status."""
    async with there.sessions() as session:
        query = text("select id from experiments where status = :status")
        found: uuid.UUID = (await session.execute(query, {"status": status})).scalar_one()
        return found


@pytest.fixture
async def there(filled: Runtime, other: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Runtime]:
    """The means of a process on the other database."""
    monkeypatch.setenv("DATABASE_URL", other)
    get_settings.cache_clear()
    opened = open_runtime(get_settings())
    yield opened
    await opened.aclose()


class TestRoundTrip:
    async def test_everything_arrives(self, postgres: EmbeddedPostgres, file: Path, other: str) -> None:
        before = await contents(postgres.url)
        assert any("ü𝄞" in row for row in before["runs"])
        manifest = await restore(other, file, ())
        assert await contents(other) == before
        assert {table.name: table.rows for table in manifest.tables} == {
            name: len(before[name]) for name in TABLES
        }

    async def test_work_goes_on_there(self, file: Path, other: str, there: Runtime) -> None:
        await restore(other, file, ())
        queued = await only(there, "PENDING")
        assert await Executor(there, queued).run() is ExperimentStatus.COMPLETED
        new = await create(there)
        assert await Executor(there, new).run() is ExperimentStatus.COMPLETED
        ids = [run.id for run in (*await runs_of(there, queued), *await runs_of(there, new))]
        assert len(set(ids)) == 40
        assert min(ids) == 21  # the numbers go on after the 20 runs that were restored

    async def test_a_running_one_is_taken_over(
        self, other: str, there: Runtime, postgres: EmbeddedPostgres, tmp_path: Path
    ) -> None:
        await execute(
            postgres.url,
            "update experiments set status = 'RUNNING', started_at = now(), "
            "heartbeat_at = now() - interval '1 h' where status = 'PENDING'",
            "insert into executors (id, experiment_id, worker, slots, gauges, heartbeat_at) select "
            "gen_random_uuid(), id, 'gone', 4, '{}', heartbeat_at from experiments where status = 'RUNNING'",
            "insert into shards (experiment_id, number, start, stop, executor_id) "
            "select experiment_id, 0, 0, 20, id from executors",
        )
        await back_up(postgres.url, tmp_path / "b.zip")
        await restore(other, tmp_path / "b.zip", ())
        running = await only(there, "RUNNING")
        assert await Executor(there, running).run() is ExperimentStatus.COMPLETED
        assert (await stored(there, running)).result is not None

    async def test_of_an_earlier_version(
        self, other: str, postgres: EmbeddedPostgres, tmp_path: Path
    ) -> None:
        engine = create_engine(other)
        await migrate(engine, "0005")
        await engine.dispose()
        await execute(
            other,
            "insert into datasets (id, name, version, scoring, description, licence, source, size) "
            "values (gen_random_uuid(), 'old', 'v', 'squad', '', '', '', 0)",
        )
        manifest = await back_up(other, tmp_path / "old.zip")
        assert manifest.revision == "0005"
        await execute(other, "delete from datasets")
        await restore(other, tmp_path / "old.zip", ())
        rows = await contents(other)
        assert rows["alembic_version"] == (await contents(postgres.url))["alembic_version"]
        assert len(rows["datasets"]) == 1

    async def test_a_snapshot_while_rows_are_written(
        self, filled: Runtime, postgres: EmbeddedPostgres, other: str, tmp_path: Path
    ) -> None:
        writing = True

        async def write() -> None:
            number = 0
            while writing:
                number += 1
                name = f"written {number}"
                await execute(
                    postgres.url,
                    f"insert into judgements (key, value) values ('{name}', {number})",
                    f"insert into generations (key, model, result) values ('{name}', 'm', '{{}}')",
                )

        task = asyncio.create_task(write())
        await back_up(postgres.url, tmp_path / "b.zip")
        writing = False
        await task
        await restore(other, tmp_path / "b.zip", ())
        rows = await contents(other)
        both = [[row for row in rows[name] if "written" in row] for name in ("judgements", "generations")]
        assert len(both[0]) == len(both[1])  # each transaction wholly or not at all

    async def test_only_its_owner_can_read_it(self, file: Path) -> None:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(file.parent.glob("*.partial")) == []


class TestBackupRefused:
    async def test_nothing_there(self, other: str, tmp_path: Path) -> None:
        with pytest.raises(BackupError, match="nothing to back up"):
            await back_up(other, tmp_path / "b.zip")
        assert list(tmp_path.iterdir()) == []

    async def test_no_folder_to_write_to(self, postgres: EmbeddedPostgres, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(BackupError, match="cannot be written: File exists"):
            await back_up(postgres.url, tmp_path / "file" / "b.zip")

    async def test_a_full_disk(self, filled: Runtime, postgres: EmbeddedPostgres, tmp_path: Path) -> None:
        class Full:
            def __init__(self, file: Any) -> None:
                self._file = file

            def __getattr__(self, name: str) -> Any:
                return getattr(self._file, name)

            def write(self, data: bytes) -> int:
                raise OSError(28, "No space left on device")

        real = os.fdopen
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("app.services.backup.archive.os.fdopen", lambda *given: Full(real(*given)))
            with pytest.raises(BackupError, match="No space left on device"):
                await back_up(postgres.url, tmp_path / "b.zip")
        assert list(tmp_path.glob("b.zip*")) == []

    async def test_no_server(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match="The database"):
            await back_up("postgresql://nobody:planted@127.0.0.1:1/db", tmp_path / "b.zip")


class TestRestoreRefused:
    async def test_damaged(self, file: Path, other: str) -> None:
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        with pytest.raises(BackupError, match="is damaged") as refused:
            await restore(other, file, ())
        assert "Nothing was changed" in refused.value.hint
        assert await contents(other) == {}

    async def test_a_wrong_manifest(self, file: Path, other: str) -> None:
        def datasets(it: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = next(one for one in it["tables"] if one["name"] == "datasets")
            return found

        wrong: dict[str, Callable[[dict[str, Any]], object]] = {
            "written by LlmForge 9.0": lambda it: it.update(format=2, program="LlmForge 9.0"),
            "later version of LlmForge than this one .schema 9999": lambda it: it.update(revision="9999"),
            "later version of LlmForge than this one .schema head": lambda it: it.update(revision="head"),
            "no backup of LlmForge": lambda it: it.pop("tables"),
            "datasets is not as it was written": lambda it: datasets(it).update(sha256="0"),
            "datasets did not arrive as it was sent": lambda it: datasets(it).update(rows=7),
            "table that LlmForge does not have: theirs": lambda it: datasets(it).update(name="theirs"),
            "extra data after last expected column": lambda it: datasets(it).update(columns=["id"]),
            "column .x. of relation": lambda it: datasets(it).update(columns=["x"]),
        }
        for message, change in wrong.items():
            with pytest.raises((BackupError, Unavailable), match=message):
                await restore(other, changed(file, change), ())
        assert await contents(other) == {}

    async def test_no_backup_at_all(self, tmp_path: Path, other: str) -> None:
        for name, data in (("text", b"hello"), ("zip", b"PK\x05\x06" + bytes(18))):
            (tmp_path / name).write_bytes(data)
            with pytest.raises(BackupError, match="no backup"):
                await restore(other, tmp_path / name, ())
        with pytest.raises(BackupError, match="No such file"):
            await restore(other, tmp_path / "nothing", ())

    async def test_not_empty(self, file: Path, postgres: EmbeddedPostgres) -> None:
        before = await contents(postgres.url)
        with pytest.raises(BackupError, match="2 experiments, 1 datasets, 1 knowledge bases"):
            await restore(postgres.url, file, ())
        assert await contents(postgres.url) == before

    async def test_what_a_platform_adds_by_itself_is_no_loss(self, file: Path, other: str) -> None:
        engine = create_engine(other)
        await migrate(engine)
        await engine.dispose()
        await execute(
            other,
            "insert into datasets (id, name, version, scoring, description, licence, source, size) "
            "values (gen_random_uuid(), 'shipped', 'v', 'squad', '', '', '', 0)",
        )
        with pytest.raises(BackupError, match="1 datasets"):
            await restore(other, file, {("datasets", "shipped", "other version")})
        await restore(other, file, {("datasets", "shipped", "v")})
        assert "shipped" not in str((await contents(other))["datasets"])

    async def test_tables_of_somebody_else(self, file: Path, other: str) -> None:
        await execute(other, "create table runs (n int)", "insert into runs values (1)")
        with pytest.raises(BackupError, match="LlmForge has not made"):
            await restore(other, file, (), replace=True)
        assert await contents(other) == {"runs": ["(1)"]}

    async def test_tables_beside_ours_stay(self, file: Path, other: str, postgres: EmbeddedPostgres) -> None:
        await execute(other, "create table theirs (n int)", "insert into theirs values (1)")
        await restore(other, file, ())
        assert await contents(other) == {**await contents(postgres.url), "theirs": ["(1)"]}

    async def test_replacing_while_somebody_works(self, file: Path, postgres: EmbeddedPostgres) -> None:
        await execute(postgres.url, "update experiments set status = 'RUNNING', heartbeat_at = now()")
        before = await contents(postgres.url)
        with pytest.raises(BackupError, match="experiment is running"):
            await restore(postgres.url, file, (), replace=True)
        assert await contents(postgres.url) == before


class TestReplace:
    async def test_what_was_there_is_gone(
        self, filled: Runtime, file: Path, postgres: EmbeddedPostgres
    ) -> None:
        before = await contents(postgres.url)
        await execute(postgres.url, "update runs set output = 'another'", "delete from judgements")
        await restore(postgres.url, file, (), replace=True)
        assert await contents(postgres.url) == before

    @pytest.mark.parametrize("table", ["datasets", "examples", "runs"])
    async def test_cut_in_the_middle(
        self, file: Path, postgres: EmbeddedPostgres, table: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = await contents(postgres.url)
        real = BackupRepository.copy_in

        async def cut(self: BackupRepository, into: Any, pieces: Any) -> int:
            rows = await real(self, into, pieces)
            if into.name == table:
                raise asyncio.CancelledError
            return rows

        monkeypatch.setattr(BackupRepository, "copy_in", cut)
        with pytest.raises(asyncio.CancelledError):
            await restore(postgres.url, file, (), replace=True)
        assert await contents(postgres.url) == before

    async def test_a_row_that_changes_on_its_way(
        self, file: Path, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = await contents(postgres.url)
        real = BackupRepository.copy_in

        async def altered(self: BackupRepository, into: Any, pieces: Any) -> int:
            rows = await real(self, into, pieces)
            await self._connection.execute(text("update judgements set value = 0.30001"))
            return rows

        monkeypatch.setattr(BackupRepository, "copy_in", altered)
        with pytest.raises(BackupError, match="did not arrive"):
            await restore(postgres.url, file, (), replace=True)
        assert await contents(postgres.url) == before


class TestMove:
    async def test_everything_arrives(self, filled: Runtime, postgres: EmbeddedPostgres, other: str) -> None:
        before = await contents(postgres.url)
        tables, at_work = await move(postgres.url, other, ())
        assert await contents(other) == before == await contents(postgres.url)
        assert (len(tables), at_work) == (len(TABLES), 0)

    @pytest.mark.parametrize("pooled", ["source", "target"])
    async def test_through_a_transaction_pooler(
        self, filled: Runtime, postgres: EmbeddedPostgres, other: str, pooled: str
    ) -> None:
        with pgbouncer(other if pooled == "target" else postgres.url) as address:
            urls = (address, other) if pooled == "source" else (postgres.url, address)
            await move(*urls, ())
        assert await contents(other) == await contents(postgres.url)

    async def test_the_target_goes_away(
        self, filled: Runtime, postgres: EmbeddedPostgres, other: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: Any) -> int:
            raise ConnectionResetError("gone")

        monkeypatch.setattr(BackupRepository, "copy_in", fail)
        with pytest.raises(Unavailable, match="gone"):
            await move(postgres.url, other, ())
        assert await contents(other) == {}

    async def test_the_source_goes_away(
        self, filled: Runtime, postgres: EmbeddedPostgres, other: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = service._StreamedTable.pieces

        async def cut(self: Any) -> Any:
            async for piece in real(self):
                yield piece
                if self.table.name == "examples":
                    raise ConnectionResetError("gone")

        monkeypatch.setattr(service._StreamedTable, "pieces", cut)
        with pytest.raises(Unavailable, match="gone"):
            await move(postgres.url, other, ())
        assert await contents(other) == {}


async def test_memory_stays_flat(
    filled: Runtime, postgres: EmbeddedPostgres, other: str, tmp_path: Path
) -> None:
    """30 MB of rows pass through in pieces; only the archive's parts are ever held."""
    await execute(
        postgres.url,
        "insert into generations (key, model, result) select n::text, 'm', "
        "jsonb_build_object('text', repeat(md5(n::text), 100)) from generate_series(1, 10000) n",
    )
    tracemalloc.start()
    await back_up(postgres.url, tmp_path / "b.zip")
    await restore(other, tmp_path / "b.zip", ())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with Archive(tmp_path / "b.zip") as archive:
        assert sum(table.size for table in archive.manifest.tables) > 30e6
    assert peak < 15e6
