"""Postgres stops for real in the middle of an experiment, and comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.migrations import migrate
from app.domain.status import ExperimentStatus
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.runtime import Runtime, open_runtime
from tests.engines import Gate, ScriptedEngine
from tests.factories import questions_jsonl
from tests.support import create, leases_of, metrics_of, pairs, runs_of, scripted, until


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres that a test may stop."""
    server = EmbeddedPostgres(tmp_path / "pg", tmp_path / "pg.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def own_runtime(settings: Settings, own_postgres: EmbeddedPostgres) -> AsyncIterator[Runtime]:
    """The means of a worker on that Postgres."""
    changes = {"database_url": SecretStr(own_postgres.url), "stale_after_s": 600.0}
    opened = open_runtime(settings.model_copy(update=changes), ping=False)
    await migrate(opened.engine)
    async with opened.sessions() as session:
        await DatasetService(session).add_file("quiz", "quiz.jsonl", questions_jsonl(120))
    yield opened
    await opened.aclose()


async def test_everything_arrives_and_nothing_twice(
    own_runtime: Runtime, own_postgres: EmbeddedPostgres
) -> None:
    gate = Gate(free=30)
    engine = ScriptedEngine(gate)
    experiment_id = await create(own_runtime, concurrency=40)
    task = asyncio.create_task(Executor(scripted(own_runtime, engine), experiment_id).run())

    async def first_part() -> bool:
        return len(await runs_of(own_runtime, experiment_id)) == 30 and gate.waiting == 40

    await until(first_part, "30 stored runs and 40 calls in flight")
    await asyncio.to_thread(own_postgres.stop)
    gate.opened.set()
    # All that had been taken before is answered while there is no database, and waits in memory.
    await until(lambda: len(engine.calls) > 70, "answers while the database is away")
    assert not task.done()
    await asyncio.to_thread(own_postgres.start, own_postgres.port)
    assert await task is ExperimentStatus.COMPLETED
    rows = await runs_of(own_runtime, experiment_id)
    assert len(set(pairs(rows))) == len(rows) == len(engine.calls) == 120
    assert (await metrics_of(own_runtime, experiment_id))["counts"]["ok"] == 120
    assert await leases_of(own_runtime, experiment_id) == []
