"""Runs migrations on DATABASE_URL, or on the connection that a caller hands over."""

import asyncio

from sqlalchemy import Connection

from alembic import context
from app.core.config import get_settings
from app.core.database import create_engine
from app.models import Base


def run(connection: Connection) -> None:
    """Run the migrations on ``connection``, in one transaction."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run() -> None:
    """Open a connection of our own and run the migrations on it."""
    engine = create_engine(get_settings().database_url.get_secret_value())
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(connect_and_run())
