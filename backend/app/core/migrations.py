"""Brings the database's schema up to date, once, however many processes ask at the same time."""

from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from alembic import command
from app.core.config import PROJECT_ROOT

_LOCK = 7_236_114  # any number that no other user of the database is likely to lock


def alembic_config() -> Config:
    """Return Alembic's configuration, wherever the process was started."""
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
