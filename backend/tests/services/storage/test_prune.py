"""What takes space, and that pruning removes what nothing needs, and nothing else."""

import json
import os
import random
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import text

from app.core.config import Settings
from app.schemas.storage import PruneIn, PruneKind, PruneOut
from app.services.backup.upgrades import backups_dir
from app.services.datasets.service import builtin_versions
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime
from app.services.storage.service import StorageService
from tests.support import create

NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=40), NOW - timedelta(days=1)


async def prune(runtime: Runtime, *what: PruneKind, days: float = 30, dry_run: bool = False) -> PruneOut:
    async with runtime.sessions() as session:
        wanted = PruneIn(older_than_days=days, what=list(what), dry_run=dry_run)
        return await StorageService(session, runtime).prune(wanted)


def counts(pruned: PruneOut) -> dict[str, int]:
    return {part.name: part.count for part in pruned.parts if part.count}


async def execute(runtime: Runtime, statement: str, **values: Any) -> None:
    async with runtime.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def column(runtime: Runtime, query: str) -> list[Any]:
    async with runtime.engine.connect() as connection:
        return list((await connection.execute(text(query))).scalars())


class TestExperiments:
    async def test_deleted_long_ago(self, runtime: Runtime, dataset: str) -> None:
        kept, gone, recent = [await create(runtime) for _ in range(3)]
        for one in (kept, gone, recent):
            await Executor(runtime, one).run()
        for one, when in ((gone, OLD), (recent, NEW)):
            await execute(
                runtime, "update experiments set deleted_at = :when where id = :id", when=when, id=one
            )
        planned = await prune(runtime, "deleted", dry_run=True)
        assert counts(planned) == {"deleted": 1}
        assert len(await column(runtime, "select id from experiments")) == 3
        done = await prune(runtime, "deleted")
        assert counts(done) == {"deleted": 1}
        assert done.parts[0].bytes > 0
        assert set(await column(runtime, "select id from experiments")) == {kept, recent}
        assert set(await column(runtime, "select distinct experiment_id from runs")) == {kept, recent}
        assert set(await column(runtime, "select experiment_id from results")) == {kept, recent}

    async def test_what_another_continues_stays(self, runtime: Runtime, dataset: str) -> None:
        first, second, third, last = [await create(runtime) for _ in range(4)]
        for child, parent in ((second, first), (third, second)):
            await execute(
                runtime, "update experiments set parent_id = :parent where id = :id", id=child, parent=parent
            )
        await execute(
            runtime,
            "update experiments set deleted_at = :old where id = any(:ids)",
            old=OLD,
            ids=[first, second, last],
        )
        assert counts(await prune(runtime, "deleted")) == {"deleted": 1}
        assert set(await column(runtime, "select id from experiments")) == {first, second, third}
        await execute(runtime, "update experiments set deleted_at = :old", old=OLD)
        assert counts(await prune(runtime, "deleted")) == {"deleted": 3}
        assert await column(runtime, "select id from experiments") == []


class TestCaches:
    async def fill(self, runtime: Runtime, *ages: datetime) -> None:
        for number, when in enumerate(ages):
            await execute(
                runtime,
                "insert into generations (key, model, result, created_at) values (:key, 'm', '{}', :at)",
                key=str(number),
                at=when,
            )
            await execute(
                runtime,
                "insert into judgements (key, value, created_at) values (:key, 1, :at)",
                key=str(number),
                at=when,
            )

    async def test_by_age(self, runtime: Runtime) -> None:
        await self.fill(runtime, OLD, OLD, NEW)
        assert counts(await prune(runtime, "cache")) == {"cache": 2}
        assert await column(runtime, "select key from generations") == ["2"]
        assert len(await column(runtime, "select key from judgements")) == 3
        assert counts(await prune(runtime)) == {"judgements": 2}

    async def test_more_than_one_delete(self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("app.services.storage.repository._ROWS_A_DELETE", 2)
        await self.fill(runtime, OLD, OLD, OLD, OLD, OLD, NEW)
        assert counts(await prune(runtime, "cache")) == {"cache": 5}
        assert await column(runtime, "select key from generations") == ["5"]

    async def test_answers_of_work_that_has_not_ended_stay(self, runtime: Runtime, dataset: str) -> None:
        await create(runtime)
        longer = OLD - timedelta(days=10)
        await execute(runtime, "update experiments set created_at = :at", at=OLD - timedelta(days=5))
        await self.fill(runtime, longer, OLD)
        assert counts(await prune(runtime, "cache")) == {"cache": 1}
        assert await column(runtime, "select key from generations") == ["1"]


class TestVersions:
    async def add(self, runtime: Runtime, name: str, at: datetime, table: str = "datasets") -> uuid.UUID:
        made = uuid.uuid4()
        scoring = ("scoring,", "'squad',") if table == "datasets" else ("", "")
        await execute(
            runtime,
            f"insert into {table} (id, name, version, {scoring[0]} description, licence, source, size, "
            f"created_at) values (:id, :name, :version, {scoring[1]} '', '', '', 0, :at)",
            id=made,
            name=name,
            version=made.hex[:16],
            at=at,
        )
        return made

    async def test_old_ones_that_nobody_uses(self, runtime: Runtime, dataset: str) -> None:
        await execute(runtime, "update datasets set created_at = :at", at=OLD)
        await create(runtime)
        await self.add(runtime, "quiz", NEW)  # the newest; that of the experiment stays
        await self.add(runtime, "alone", OLD)  # the newest of its name
        gone = await self.add(runtime, "two", OLD - timedelta(days=1))
        await self.add(runtime, "two", OLD)
        await self.add(runtime, "young", NEW - timedelta(hours=1))
        await self.add(runtime, "young", NEW)
        before = set(await column(runtime, "select id from datasets"))
        assert counts(await prune(runtime, "datasets")) == {"datasets": 1}
        assert before - set(await column(runtime, "select id from datasets")) == {gone}
        assert len(await column(runtime, "select id from examples")) == 20
        assert await column(runtime, "select indexname from pg_indexes where indexname ~ 'pruned'") == []

    async def test_those_that_ship_with_the_project(self, runtime: Runtime) -> None:
        """They would be added again at the next start, and then be the newest of their name."""
        name, version = min(builtin_versions(runtime.settings.datasets_dir))
        shipped = await self.add(runtime, name, OLD)
        await execute(runtime, "update datasets set version = :version", version=version)
        await self.add(runtime, name, NEW)
        assert counts(await prune(runtime, "datasets")) == {}
        assert shipped in await column(runtime, "select id from datasets")

    async def test_knowledge_bases(self, runtime: Runtime, dataset: str) -> None:
        used = await self.add(runtime, "notes", OLD - timedelta(days=2), "knowledge_bases")
        await self.add(runtime, "notes", OLD - timedelta(days=1), "knowledge_bases")
        newest = await self.add(runtime, "notes", OLD, "knowledge_bases")
        experiment = await create(runtime)
        provenance = {"retrieval": {"knowledge_base": {"id": str(used), "version": "v"}}}
        await execute(
            runtime,
            "update experiments set provenance = provenance || cast(:more as jsonb) where id = :id",
            more=json.dumps(provenance),
            id=experiment,
        )
        assert counts(await prune(runtime, "knowledge")) == {"knowledge": 1}
        assert set(await column(runtime, "select id from knowledge_bases")) == {used, newest}


class TestFiles:
    def file(self, path: Path, at: datetime = OLD, content: str = "12345") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, (at.timestamp(), at.timestamp()))
        return path

    def index(self, settings: Settings, name: str, version: str, at: datetime = OLD) -> Path:
        folder = settings.index_dir / name
        self.file(folder / "manifest.json", at, json.dumps({"version": version}))
        os.utime(folder, (at.timestamp(), at.timestamp()))
        return folder

    async def test_logs(self, runtime: Runtime) -> None:
        logs = runtime.settings.home / "logs"
        gone = self.file(logs / "api.log.2")
        kept = [self.file(logs / "api.log"), self.file(logs / "api.log.1", NEW), self.file(logs / "mine.1")]
        assert counts(await prune(runtime)) == {"logs": 1}
        assert not gone.exists()
        assert all(path.exists() for path in kept)

    async def test_backups(self, runtime: Runtime) -> None:
        folder = backups_dir(runtime.settings)
        gone = self.file(folder / "before-1.zip", OLD - timedelta(days=1))
        kept = [self.file(folder / "before-2.zip"), self.file(folder / "mine.zip", OLD - timedelta(days=9))]
        assert counts(await prune(runtime, "backups")) == {"backups": 1}
        assert not gone.exists()
        assert all(path.exists() for path in kept)

    async def test_indexes(self, runtime: Runtime, dataset: str) -> None:
        settings, add = runtime.settings, TestVersions().add
        old, newest = [await add(runtime, "notes", at, "knowledge_bases") for at in (OLD, NEW)]
        gone = [self.index(settings, "a", old.hex[:16]), self.index(settings, "b", "of no knowledge base")]
        left = settings.index_dir / "c.building"
        left.mkdir()
        os.utime(left, (OLD.timestamp(), OLD.timestamp()))
        kept = [
            self.index(settings, "d", newest.hex[:16]),
            self.index(settings, "e", old.hex[:16], NEW),
            self.file(settings.index_dir / "vectors" / "1.f32").parent,
            self.index(settings, "f", "at work"),
        ]
        experiment = await create(runtime)
        provenance = {"retrieval": {"knowledge_base": {"id": "", "version": "at work"}}}
        await execute(
            runtime,
            "update experiments set provenance = provenance || cast(:more as jsonb) where id = :id",
            more=json.dumps(provenance),
            id=experiment,
        )
        assert counts(await prune(runtime, "indexes")) == {"indexes": 3}
        assert not any(path.exists() for path in (*gone, left))
        assert all(path.exists() for path in kept)

    async def test_an_index_that_is_being_built_stays(self, runtime: Runtime) -> None:
        folder = self.index(runtime.settings, "a.building", "of nothing")
        with FileLock(runtime.settings.index_dir / "a.lock"):
            await prune(runtime, "indexes")
        assert folder.exists()


async def test_sizes(runtime: Runtime, dataset: str) -> None:
    await Executor(runtime, await create(runtime)).run()
    TestFiles().file(runtime.settings.home / "logs" / "api.log", NEW, "x" * 1000)
    async with runtime.sessions() as session:
        await session.execute(text("analyze"))
        measured = await StorageService(session, runtime).measure()
    parts = {part.name: part for part in measured.parts}
    assert (parts["logs"].bytes, parts["logs"].rows, parts["logs"].where) == (1000, None, "disk")
    assert (parts["runs"].rows, parts["runs"].where, parts["datasets"].rows) == (20, "database", 20)
    assert measured.total_bytes == sum(part.bytes for part in measured.parts)
    assert [part.bytes for part in measured.parts] == sorted((p.bytes for p in measured.parts), reverse=True)


async def _random_state(runtime: Runtime, draw: random.Random, made: Sequence[uuid.UUID]) -> None:
    """Make each experiment deleted or not, of any age and status, continuing any earlier one."""
    for place, one in enumerate(made):
        await execute(
            runtime,
            "update experiments set deleted_at = :deleted, status = :status, parent_id = :parent "
            "where id = :id",
            id=one,
            deleted=draw.choice([None, OLD, NEW]),
            status=draw.choice(["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]),
            parent=draw.choice([None, *made[:place]]),
        )
    await execute(
        runtime, "update datasets set created_at = :at where random() < 0.5", at=OLD - timedelta(days=3)
    )


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_is_used_is_ever_removed(runtime: Runtime, dataset: str, seed: int) -> None:
    draw, versions = random.Random(seed), TestVersions()
    for name in ("quiz", "other"):
        for days in range(3):
            await versions.add(runtime, name, OLD - timedelta(days=days))
    datasets = await column(runtime, "select id from datasets")
    made = [await create(runtime) for _ in range(6)]
    await Executor(runtime, made[0]).run()
    for one in made[1:]:
        await execute(
            runtime,
            "update experiments set dataset_id = :dataset where id = :id",
            id=one,
            dataset=draw.choice(datasets),
        )
    await _random_state(runtime, draw, made)
    shown = await column(runtime, "select id from experiments where deleted_at is null order by id")
    of_shown = await column(
        runtime,
        "select r.id from runs r join experiments e on e.id = r.experiment_id "
        "where e.deleted_at is null order by r.id",
    )
    newest = await column(
        runtime, "select distinct on (name) id from datasets order by name, created_at desc, id"
    )
    await prune(runtime)
    assert await column(runtime, "select id from experiments where deleted_at is null order by id") == shown
    assert set(of_shown) <= set(await column(runtime, "select id from runs"))
    left = set(await column(runtime, "select id from datasets"))
    assert set(newest) <= left
    assert set(await column(runtime, "select dataset_id from experiments")) <= left
    async with runtime.sessions() as session:
        for one in shown:
            assert (await ExperimentService(session, runtime).get(one)).id == one
