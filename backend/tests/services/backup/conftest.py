"""Fixtures of backups: a source that has everything that a database can hold, and databases to fill."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.core.database import create_engine
from app.domain.passages import Article, Section
from app.services.execution.executor import Executor
from app.services.knowledge.service import KnowledgeService
from app.services.runtime import Runtime
from tests.support import create

TRICKY = "a\tb\\n\nc\r\\. \\N “ü𝄞” \x7f {\"json\": null} 'quote'"


@pytest.fixture
async def filled(runtime: Runtime, dataset: str) -> Runtime:
    """A database with an ended and a queued experiment, a knowledge base, and texts that are hard to copy."""
    finished = await create(runtime)
    await Executor(runtime, finished).run()
    await create(runtime)
    async with runtime.sessions() as session:
        await KnowledgeService(session).add("notes", [Article("1", TRICKY, (Section("", TRICKY),))])
    async with runtime.engine.begin() as connection:
        await connection.execute(
            text("update runs set output = :text, scores = '{\"a\": 1e-7}'"), {"text": TRICKY}
        )
        await connection.execute(text("insert into judgements (key, value) values ('k', 0.1::float8 + 0.2)"))
    return runtime


async def contents(url: str) -> dict[str, list[str]]:
    """Return all rows of all tables that a backup is of, each as one text."""
    engine: AsyncEngine = create_engine(url)
    async with engine.connect() as connection:
        names = await connection.scalars(
            text(
                "select tablename from pg_tables where schemaname = 'public' "
                "and tablename not in ('cache_version', 'workers') order by tablename"
            )
        )
        found = {
            name: list(await connection.scalars(text(f"select t::text from {name} t order by 1")))
            for name in names.all()
        }
    await engine.dispose()
    return found


async def execute(url: str, *statements: str) -> None:
    """Run statements in one transaction."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
