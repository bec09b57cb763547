"""Tests of the schema: migrations and models agree, up and down, and reads go along indexes."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from alembic import command
from app.core.database import create_engine
from app.core.migrations import alembic_config, migrate
from app.domain.run_selection import RunSelection, RunSort
from app.models import Base
from app.services.experiments.list_repository import ExperimentFilter, ExperimentListRepository
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime


@pytest.fixture
async def empty(other: str) -> AsyncIterator[AsyncEngine]:
    """A database of its own, without any table."""
    engine = create_engine(other)
    yield engine
    await engine.dispose()


async def tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


class TestMigrate:
    async def test_agrees_with_the_models(self, empty: AsyncEngine) -> None:
        await migrate(empty)

        def differences(connection: Connection) -> list[Any]:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, Base.metadata))

        async with empty.connect() as connection:
            assert await connection.run_sync(differences) == []

    async def test_down_to_nothing_and_up_again(self, empty: AsyncEngine) -> None:
        await migrate(empty)
        up = await tables(empty)
        assert {table.name for table in Base.metadata.sorted_tables} <= up

        def down(connection: Connection) -> None:
            config = alembic_config()
            config.attributes["connection"] = connection
            command.downgrade(config, "base")

        async with empty.begin() as connection:
            await connection.run_sync(down)
        assert await tables(empty) == {"alembic_version"}
        await migrate(empty)
        assert await tables(empty) == up

    async def test_many_at_once(self, empty: AsyncEngine) -> None:
        await asyncio.gather(*(migrate(empty) for _ in range(4)))
        async with empty.connect() as connection:
            versions = (await connection.execute(text("select version_num from alembic_version"))).all()
        assert len(versions) == 1

    async def test_keeps_what_is_there(self, runtime: Runtime, dataset: str) -> None:
        await migrate(runtime.engine)
        async with runtime.engine.connect() as connection:
            assert await connection.scalar(text("select count(*) from examples")) == 20


_FILL = """
insert into datasets (id, name, version, scoring, description, licence, source, size)
values ('{d}', 'big', 'v', 'squad', '', '', '', 100);
insert into examples (dataset_id, position, key, question, answers, metadata, content_hash)
select '{d}', i, i, 'q', '{{a}}', '{{}}', i from generate_series(0, 99) i;
insert into experiments (id, name, description, config, config_hash, model, method, dataset_id, dataset_name,
                         provenance, total, status, cancel_requested)
select case i when 0 then '{e}'::uuid else gen_random_uuid() end,
       'n', '', '{{}}', 'h', 'm', 'naive', '{d}', 'big', '{{}}', 1, 'PENDING', false
from generate_series(0, 2999) i;
insert into runs (experiment_id, example_id, repeat, status, scores, cached, attempts, latency_ms, f1, calls)
select e.id, x.id, r, 'ok', '{{}}', false, 1, random(), random(), '[]'
from (select id from experiments order by id = '{e}' desc limit 100) e, examples x, generate_series(0, 5) r;
analyze;
"""


class TestIndexes:
    @pytest.fixture
    async def experiment_id(self, runtime: Runtime) -> uuid.UUID:
        """An experiment of 600 runs among a hundred such."""
        experiment_id = uuid.uuid4()
        script = _FILL.format(d=uuid.uuid4(), e=experiment_id)
        async with runtime.engine.begin() as connection:
            for statement in script.split(";\n"):
                if statement.strip():
                    await connection.exec_driver_sql(statement)
        return experiment_id

    async def plans(self, runtime: Runtime, read: Any) -> str:
        """Return the plans of all statements that ``read`` makes."""
        statements: list[tuple[str, Any]] = []

        def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            statements.append((statement, parameters))

        event.listen(runtime.engine.sync_engine, "before_cursor_execute", keep)
        async with runtime.sessions() as session:
            await read(session)
        event.remove(runtime.engine.sync_engine, "before_cursor_execute", keep)
        lines: list[str] = []
        async with runtime.engine.connect() as connection:
            for statement, parameters in statements:
                if " LIMIT " in statement:
                    rows = await connection.exec_driver_sql(f"explain {statement}", parameters)
                    lines += [row[0] for row in rows]
        assert lines
        return "\n".join(lines)

    async def test_list_by_time(self, runtime: Runtime, experiment_id: uuid.UUID) -> None:
        for descending in (True, False):

            async def read(session: AsyncSession, descending: bool = descending) -> None:
                await ExperimentListRepository(session).list_page(
                    ExperimentFilter(), "created_at", descending=descending, offset=0, limit=25
                )

            plan = await self.plans(runtime, read)
            assert "ix_experiments_created_at_id" in plan
            assert "Sort" not in plan

    async def test_pages_of_runs(self, runtime: Runtime, experiment_id: uuid.UUID) -> None:
        keys: dict[RunSort, str] = {"order": "id", "latency_ms": "latency_ms", "f1": "f1"}
        for descending in (True, False):
            for sort, columns in keys.items():

                async def read(
                    session: AsyncSession, sort: RunSort = sort, descending: bool = descending
                ) -> None:
                    page = await RunRepository(session).page(
                        experiment_id, RunSelection(), sort, descending=descending, after=None, limit=50
                    )
                    assert len(page) == 50

                plan = await self.plans(runtime, read)
                assert f"ix_runs_by_{columns} on runs" in plan, plan
                assert "Sort" not in plan
