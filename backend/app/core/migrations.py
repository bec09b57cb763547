"""Brings the database's schema up to date; safe to call from several processes at once."""

from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from alembic import command
from app.core.config import PROJECT_ROOT

_LOCK = 7_236_114  # key of the advisory lock; any number that others are unlikely to use


def alembic_config() -> Config:
    """Return Alembic's configuration; it does not depend on the working directory."""
    return Config(str(PROJECT_ROOT / "backend" / "alembic.ini"))


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Upgrade to ``revision``; concurrent callers wait for the first one."""

    def upgrade(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.connect() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        await connection.run_sync(upgrade)
        await connection.commit()
