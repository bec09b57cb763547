"""Before a migration changes a schema, what is there is backed up."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.config import Settings
from app.core.database import create_engine
from app.core.migrations import UpgradeFailed, migrate
from app.services.backup import upgrades
from app.services.backup.archive import BackupError
from app.services.backup.service import restore
from app.services.backup.upgrades import backups_dir, before_upgrade
from tests.services.backup.conftest import contents, execute

DATASET = (
    "insert into datasets (id, name, version, scoring, description, licence, source, size) "
    "values (gen_random_uuid(), 'old', 'v', 'squad', '', '', '', 0)"
)


@pytest.fixture
def there(settings: Settings, other: str) -> Settings:
    """Settings on a database of its own, which is backed up although it is not the embedded one."""
    return settings.model_copy(update={"database_url": SecretStr(other), "backup_before_upgrade": "always"})


@pytest.fixture
async def engine(other: str) -> AsyncIterator[AsyncEngine]:
    made = create_engine(other)
    yield made
    await made.dispose()


def backups(settings: Settings) -> list[Path]:
    return sorted(backups_dir(settings).glob("*"))


async def test_data_are_backed_up_first(there: Settings, engine: AsyncEngine, other: str) -> None:
    await migrate(engine, "0005")
    await execute(other, DATASET)
    await migrate(engine, before_upgrade=before_upgrade(there))
    (file,) = backups(there)
    assert "-of-0005-" in file.name
    await restore(other, file, (), replace=True)
    assert len((await contents(other))["datasets"]) == 1
    await migrate(engine, before_upgrade=before_upgrade(there))
    assert backups(there) == [file]  # nothing was to be upgraded


async def test_nothing_to_back_up(there: Settings, engine: AsyncEngine) -> None:
    await migrate(engine, before_upgrade=before_upgrade(there))
    assert backups(there) == []


async def test_an_empty_schema_needs_none(there: Settings, engine: AsyncEngine) -> None:
    await migrate(engine, "0005")
    await migrate(engine, before_upgrade=before_upgrade(there))
    assert backups(there) == []


@pytest.mark.parametrize(
    ("wish", "embedded", "taken"),
    [("embedded", True, 1), ("embedded", False, 0), ("never", True, 0), ("always", False, 1)],
)
async def test_by_setting(
    there: Settings,
    engine: AsyncEngine,
    other: str,
    wish: str,
    embedded: bool,
    taken: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if embedded:
        port = int(other.rpartition(":")[2].partition("/")[0])
        pid_file = there.home / "postgres" / "postmaster.pid"
        pid_file.parent.mkdir(parents=True)
        pid_file.write_text(f"1\n{pid_file.parent}\n1\n{port}\n")
    await migrate(engine, "0005")
    await execute(other, DATASET)
    chosen = there.model_copy(update={"backup_before_upgrade": wish})
    await migrate(engine, before_upgrade=before_upgrade(chosen))
    assert len(backups(there)) == taken


async def test_a_migration_that_fails_says_where_the_backup_is(
    there: Settings, engine: AsyncEngine, other: str
) -> None:
    await migrate(engine, "0005")
    await execute(other, DATASET, "alter table runs add column reasoning_tokens text")
    before = await contents(other)
    with pytest.raises(UpgradeFailed, match=r"0005.*already exists.*It is as it was") as failed:
        await migrate(engine, before_upgrade=before_upgrade(there))
    assert str(backups(there)[0]) in failed.value.message
    assert await contents(other) == before


async def test_a_backup_that_fails_stops_the_upgrade(
    there: Settings, engine: AsyncEngine, other: str
) -> None:
    await migrate(engine, "0005")
    await execute(other, DATASET)
    there.home.mkdir(parents=True, exist_ok=True)
    (there.home / "backups").touch()
    before = await contents(other)
    with pytest.raises(BackupError, match="cannot be written"):
        await migrate(engine, before_upgrade=before_upgrade(there))
    assert await contents(other) == before


def test_the_last_three_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        file = tmp_path / f"before-{number}.zip"
        file.touch()
        os.utime(file, (number, number))
    (tmp_path / "mine.zip").touch()
    upgrades._keep_newest(tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "before-2.zip",
        "before-3.zip",
        "before-4.zip",
        "mine.zip",
    ]
