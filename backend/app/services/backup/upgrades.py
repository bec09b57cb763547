"""The backup that is taken before a migration changes the schema of a database that has data."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from app.core.config import Settings
from app.core.database import create_engine
from app.core.embedded.postgres import is_embedded
from app.core.logging import get_logger
from app.core.migrations import BeforeUpgrade
from app.services.backup.repository import BackupRepository
from app.services.backup.service import back_up

log = get_logger(__name__)

_KEPT = 3
_NAMES = "before-*.zip"


def backups_dir(settings: Settings) -> Path:
    """Return the folder of the backups that are taken by themselves."""
    return settings.home / "backups"


def before_upgrade(settings: Settings) -> BeforeUpgrade:
    """Return what ``migrate`` is to call: it backs the database up, if that is wanted and it has any data.

    The newest backups are kept. That of a database of one's own is left to its owner, unless
    ``LLMFORGE_BACKUP_BEFORE_UPGRADE`` is ``always``: it may be large, and its host may have backups.
    """
    url = settings.database_url.get_secret_value()

    async def back_up_first(now: str, wanted: str) -> str:
        if not await _has_rows(url):
            return ""
        wish = settings.backup_before_upgrade
        if wish == "never" or (wish == "embedded" and not is_embedded(settings.home, url)):
            log.warning(
                "upgrading_without_backup",
                hint="`llmforge backup FILE` makes one; LLMFORGE_BACKUP_BEFORE_UPGRADE=always makes it now.",
            )
            return "No backup was taken."
        path = backups_dir(settings) / f"before-{wanted}-of-{now}-{datetime.now(UTC):%Y%m%dT%H%M%S}.zip"
        manifest = await back_up(url, path)
        log.info("backed_up_before_upgrade", file=str(path), rows=manifest.rows)
        await asyncio.to_thread(_keep_newest, path.parent)
        return f"A backup of before is {path}; `llmforge restore` reads it."

    return back_up_first


async def _has_rows(url: str) -> bool:
    engine = create_engine(url, 1)
    try:
        async with engine.connect() as connection:
            return await BackupRepository(connection).has_rows()
    finally:
        await engine.dispose()


def _keep_newest(folder: Path) -> None:
    by_age = sorted(folder.glob(_NAMES), key=lambda path: path.stat().st_mtime)
    for path in by_age[:-_KEPT]:
        with suppress(FileNotFoundError):  # another process had the same thought
            path.unlink()
