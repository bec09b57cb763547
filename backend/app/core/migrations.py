"""Brings the database's schema up to date; safe to call from several processes at once.

Whatever starts first does it, API or worker. A process that is older than the schema must not work with
it: it is told so, here and before each experiment.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache

import asyncpg
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alembic import command
from app.core.config import PROJECT_ROOT
from app.core.database import is_database_away
from app.core.errors import AppError, Unavailable
from app.core.logging import get_logger
from app.domain.readable_errors import sentence_of

log = get_logger(__name__)

LOCK = 7_236_114
"""Key of the advisory lock of all that changes the schema; any number that others are unlikely to use."""

BeforeUpgrade = Callable[[str, str], Awaitable[str]]
"""Called with the revisions before and after, when a schema is to be changed; says where a backup is."""

_WAIT_S = 30.0
_TRY_AGAIN_S = 0.5


class UpgradeFailed(AppError):
    """A migration failed; the database is as it was."""

    code = "upgrade_failed"


class SchemaIsNewer(Unavailable):
    """A newer version of the software has changed the database's schema.

    Args:
        stored: the schema's revision.
    """

    def __init__(self, stored: str) -> None:
        super().__init__(
            f"The database's schema (revision {stored}) is newer than this version of LlmForge, which knows "
            f"those up to {_known()[0]}.",
            hint="Update this process, or use the database that it was made for.",
        )


def alembic_config() -> Config:
    """Return Alembic's configuration; it does not depend on the working directory."""
    return Config(str(PROJECT_ROOT / "backend" / "alembic.ini"))


@lru_cache(maxsize=1)
def _known() -> tuple[str, frozenset[str]]:
    """Return the newest revision that this version knows, and all that it knows."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return scripts.get_current_head() or "", frozenset(one.revision for one in scripts.walk_revisions())


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
    """Upgrade to ``revision`` in one transaction, if needed; concurrent callers wait for the first one.

    Args:
        engine: of the database.
        revision: to upgrade to.
        before_upgrade: may back the database up; if it fails, nothing is changed.

    Raises:
        SchemaIsNewer: if this version does not know the schema; nothing is changed then.
        UpgradeFailed: if a migration fails; nothing is changed then.
    """
    newest = _known()[0]
    wanted = newest if revision == "head" else revision
    async with engine.connect() as connection:
        if await _known_revision_of(connection) == wanted:
            return
        # A lock of the transaction: one of the session would be lost behind a transaction pooler.
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        now = await _known_revision_of(connection)
        if now == wanted:
            return
        backup = ""
        if before_upgrade is not None and now is not None:
            backup = await before_upgrade(now, newest)
        try:
            await upgrade(connection, revision)
        except DBAPIError as error:
            if is_database_away(error):
                raise
            raise UpgradeFailed(
                f"The database could not be upgraded from schema {now} to {newest}. {sentence_of(error)} "
                f"It is as it was. {backup}".strip(),
                hint="The version of LlmForge that made it still works with it.",
            ) from error
        await connection.commit()
        log.info("schema_migrated", before=now, now=wanted)


async def is_up_to_date(connection: AsyncConnection) -> bool:
    """Return whether the schema is the newest one; false if it is older, or there is none.

    Raises:
        SchemaIsNewer: if this version does not know it.
    """
    return await _known_revision_of(connection) == _known()[0]


async def _known_revision_of(connection: AsyncConnection) -> str | None:
    """Return the schema's revision; ``None`` if there is no schema yet.

    Raises:
        SchemaIsNewer: if this version does not know it.
    """
    if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
        return None
    stored: str | None = await connection.scalar(text("select version_num from alembic_version"))
    if stored is not None and not is_known_revision(stored):
        raise SchemaIsNewer(stored)
    return stored


def is_known_revision(revision: str) -> bool:
    """Return whether this program has the migrations up to ``revision``."""
    return revision in _known()[1]


async def migrate_at_start(
    engine: AsyncEngine, before_upgrade: BeforeUpgrade | None = None, *, wait_s: float = _WAIT_S
) -> None:
    """Bring the schema up to date when a process starts; wait for a database that starts beside it.

    Args:
        engine: of the database.
        before_upgrade: see ``migrate``.
        wait_s: seconds to wait at most; a supervisor then starts the process again.

    Raises:
        Unavailable: if the database cannot be used; says why, and what to do.
        AppError: if the schema cannot be brought up to date; see ``migrate``.
    """
    give_up_at = time.monotonic() + wait_s
    said = False
    while True:
        try:
            await migrate(engine, before_upgrade=before_upgrade)
            return
        except Exception as error:
            refused = _refusal(error)
            if refused is not None:
                raise refused from None
            if not is_database_away(error):
                raise
            if time.monotonic() >= give_up_at:
                message = f"The database does not answer ({sentence_of(error).rstrip('.')})."
                raise Unavailable(message, hint="Check that it runs, and DATABASE_URL.") from None
            if not said:
                log.warning("database_away", waiting_to="start", for_s=wait_s, error=sentence_of(error))
            said = True
        await asyncio.sleep(_TRY_AGAIN_S)


def _refusal(error: BaseException) -> Unavailable | None:
    """Return what to tell of an error that waiting does not end; ``None`` if it may."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unavailable(
                f"The certificate of the database's server is not trusted: {cause.verify_message}.",
                hint="Check the host, sslmode and sslrootcert of DATABASE_URL.",
            )
        if isinstance(cause, asyncpg.InvalidAuthorizationSpecificationError):
            return Unavailable(sentence_of(cause), hint="Check user and password of DATABASE_URL.")
        if isinstance(cause, asyncpg.InvalidCatalogNameError):
            return Unavailable(sentence_of(cause), hint="Create it, or check the name in DATABASE_URL.")
        cause = getattr(cause, "orig", None) or cause.__cause__
    return None
