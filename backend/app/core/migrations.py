"""Brings the database's schema up to date; safe to call from several processes at once."""

from collections.abc import Awaitable, Callable

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alembic import command
from app.core.config import PROJECT_ROOT
from app.core.database import is_database_away
from app.core.errors import AppError

LOCK = 7_236_114
"""Key of the advisory lock of all that changes the schema; any number that others are unlikely to use."""

BeforeUpgrade = Callable[[str, str], Awaitable[str]]
"""Called with the revisions before and after, when a schema is to be changed; says where a backup is."""


class UpgradeFailed(AppError):
    """A migration failed; the database is as it was."""

    code = "upgrade_failed"


def alembic_config() -> Config:
    """Return Alembic's configuration; it does not depend on the working directory."""
    return Config(str(PROJECT_ROOT / "backend" / "alembic.ini"))


def is_known_revision(revision: str) -> bool:
    """Return whether this program has the migrations up to ``revision``."""
    try:
        return ScriptDirectory.from_config(alembic_config()).get_revision(revision).revision == revision
    except CommandError:
        return False


async def upgrade(connection: AsyncConnection, revision: str = "head") -> None:
    """Upgrade to ``revision`` within the transaction of ``connection``, which the caller commits."""

    def run(synchronous: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = synchronous
        command.upgrade(config, revision)

    await connection.run_sync(run)


async def migrate(
    engine: AsyncEngine, revision: str = "head", before_upgrade: BeforeUpgrade | None = None
) -> None:
    """Upgrade to ``revision`` in one transaction; concurrent callers wait for the first one.

    Args:
        engine: of the database.
        revision: to upgrade to.
        before_upgrade: may back the database up; if it fails, nothing is changed.

    Raises:
        UpgradeFailed: if a migration fails; nothing is changed then.
    """
    async with engine.connect() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        now = await connection.run_sync(_current)
        wanted = ScriptDirectory.from_config(alembic_config()).get_current_head() or ""
        backup = ""
        if before_upgrade is not None and now not in {None, wanted} and is_known_revision(str(now)):
            backup = await before_upgrade(str(now), wanted)
        try:
            await upgrade(connection, revision)
        except DBAPIError as error:
            if is_database_away(error):
                raise
            raise UpgradeFailed(
                f"The database could not be upgraded from schema {now} to {wanted}: {error.orig}. "
                f"It is as it was. {backup}".strip(),
                hint="The version of LlmForge that made it still works with it.",
            ) from error
        await connection.commit()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
