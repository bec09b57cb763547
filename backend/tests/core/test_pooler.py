"""A real PgBouncer in transaction mode, with fewer connections to the server than clients."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.config import Settings, get_settings
from app.core.database import create_engine, is_database_away
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.migrations import migrate
from app.services.execution.executor import Executor
from app.services.runtime import Runtime, open_runtime
from tests.api.conftest import EXPERIMENTS
from tests.fixtures.pgbouncer import pgbouncer
from tests.support import create, metrics_of, runs_of, stored

OVERVIEW = "/api/v1/overview"


@pytest.fixture(scope="module", params=[0, 200])
def pooler(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a pooler in front of the session's Postgres, by the prepared statements that it keeps."""
    with pgbouncer(postgres.url, prepared_statements=request.param) as url:
        yield url


class TestStatements:
    """Different statements of many clients meet on the same few connections."""

    @pytest.mark.parametrize("isolation", ["READ COMMITTED", "AUTOCOMMIT"])
    async def test_each_gets_its_own_answer(self, pooler: str, isolation: str) -> None:
        async def ask(client: int) -> None:
            engine = create_engine(pooler, 2)
            connections = engine.execution_options(isolation_level=isolation)
            for round_ in range(12):
                columns = ", ".join(f":v as c{index}" for index in range(client % 7 + 1))
                async with connections.connect() as connection:
                    row = (
                        await connection.execute(text(f"select {columns}"), {"v": f"{client}-{round_}"})
                    ).one()
                    assert tuple(row) == (f"{client}-{round_}",) * (client % 7 + 1)
            await engine.dispose()

        await asyncio.gather(*(ask(client) for client in range(16)))

    async def test_is_found_out(self, pooler: str, postgres: EmbeddedPostgres) -> None:
        for url, kept in ((pooler, 0), (postgres.url, 100)):
            engine = create_engine(url)
            async with engine.connect() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                assert driver._config.statement_cache_size == kept
            await engine.dispose()

    async def test_foreign_statement_gives_up_the_connections(self, runtime: Runtime) -> None:
        """As after a pooler that was not found out: the statement under a name is not there any more."""
        engine = create_engine(runtime.settings.database_url.get_secret_value())
        async with engine.connect() as connection:
            await connection.execute(text("select 1"))
            await connection.exec_driver_sql("deallocate all")
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text("select 1"))
        assert is_database_away(caught.value)  # so that it is tried again
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            assert driver._config.statement_cache_size == 0
        await engine.dispose()


class TestPlatform:
    """Everything through the pooler: migrations, the API, experiments."""

    @pytest.fixture
    def settings(self, settings: Settings, pooler: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("DATABASE_URL", pooler)
        get_settings.cache_clear()
        return get_settings()

    async def test_migrations_at_once(self, pooler: str, postgres: EmbeddedPostgres) -> None:
        name = f"test_{uuid.uuid4().hex[:8]}"
        admin = create_engine(postgres.url).execution_options(isolation_level="AUTOCOMMIT")
        async with admin.connect() as connection:
            await connection.execute(text(f"create database {name}"))
        engines = [create_engine(pooler.rpartition("/")[0] + f"/{name}") for _ in range(3)]
        await asyncio.gather(*(migrate(engine) for engine in engines))
        async with engines[0].connect() as connection:
            assert await connection.scalar(text("select count(*) from alembic_version")) == 1
        for engine in engines:
            await engine.dispose()
        await admin.dispose()

    async def test_200_requests_by_16(self, api: httpx.AsyncClient, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        paths = (
            EXPERIMENTS,
            f"{EXPERIMENTS}/{experiment_id}",
            "/api/v1/datasets",
            OVERVIEW,
        )
        turns = iter(range(200))

        async def ask() -> list[int]:
            return [(await api.get(paths[turn % len(paths)])).status_code for turn in turns]

        answers = await asyncio.gather(*(ask() for _ in range(16)))
        assert [status for some in answers for status in some] == [200] * 200

    @pytest.fixture
    async def direct(self, postgres: EmbeddedPostgres, settings: Settings) -> AsyncIterator[Runtime]:
        """The means of a process without the pooler."""
        opened = open_runtime(settings.model_copy(update={"database_url": SecretStr(postgres.url)}))
        yield opened
        await opened.aclose()

    async def test_two_experiments_equal_to_one_without(
        self, runtime: Runtime, direct: Runtime, dataset: str
    ) -> None:
        ids = [await create(runtime, name=name, cache=False) for name in ("one", "two", "direct")]
        means = (runtime, runtime, direct)
        await asyncio.gather(*(Executor(its, id_).run() for its, id_ in zip(means, ids, strict=True)))
        found = []
        for experiment_id in ids:
            assert (await stored(direct, experiment_id)).status == "COMPLETED"
            rows = [
                (run.example_id, run.output, run.exact_match) for run in await runs_of(direct, experiment_id)
            ]
            found.append((sorted(rows), (await metrics_of(direct, experiment_id))["scores"]))
        assert found[0] == found[1] == found[2]
