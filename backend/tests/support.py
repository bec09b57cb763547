"""Steps that many tests of running experiments take: make, start, wait for, read."""

import asyncio
import inspect
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.database import create_engine
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.processes import ManagedProcess
from app.domain.progress import Gauges
from app.models import ExecutorRow, Experiment, Result, Run
from app.schemas.experiment_config import ExperimentConfig
from app.services.execution.dispatcher import Dispatcher
from app.services.execution.executor_repository import ExecutorRepository
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.service import ExperimentService
from app.services.inference.base import Engine
from app.services.inference.registry import ModelRegistry, OpenedModel
from app.services.runs.repository import RunRepository
from app.services.runs.result_repository import ResultRepository
from app.services.runtime import Runtime
from tests.factories import config

PATIENCE_S = 60.0
"""Far longer than anything waited for takes, so that a busy machine fails no test."""


@asynccontextmanager
async def temporary_database(postgres: EmbeddedPostgres, options: str = "") -> AsyncIterator[str]:
    """Give the URL of a database without any table, made with these options of ``create database``."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    admin = create_engine(postgres.url).execution_options(isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"create database {name} {options}"))
    yield postgres.url.rpartition("/")[0] + f"/{name}"
    async with admin.connect() as connection:
        await drop_database(connection, name)
    await admin.dispose()


async def drop_database(connection: AsyncConnection, name: str) -> None:
    """Drop a database to which somebody may still be connected, outside a transaction.

    ``with (force)`` is refused while the server's own vacuum works there, whose process only a
    superuser may end; a plain ``drop database`` ends that one itself.
    """
    ours = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :name and usename = user"
    await connection.execute(text(ours), {"name": name})
    await connection.execute(text(f"drop database {name}"))


def log_of(process: ManagedProcess) -> str:
    """Return what a process has written to its log."""
    assert process.log_path is not None
    return process.log_path.read_text()


async def until(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Return what ``condition`` gives as soon as it is true."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        found = await value if inspect.isawaitable(value) else value
        if found:
            return found
        assert time.monotonic() < end, f"waited {patience_s:.0f} s in vain for: {what}"
        await asyncio.sleep(0.02)


def with_settings(runtime: Runtime, **values: Any) -> Runtime:
    """Return the same means under other settings."""
    return replace(runtime, settings=runtime.settings.model_copy(update=values))


async def create(runtime: Runtime, dataset: str = "quiz", **fields: Any) -> uuid.UUID:
    """Store an experiment on ``dataset``, and start it."""
    choice = {"name": dataset, **fields.pop("sample", {})}
    return await submit(runtime, config(**{"model": "mock/gold", "dataset": choice, **fields}))


async def submit(runtime: Runtime, wanted: ExperimentConfig) -> uuid.UUID:
    """Store an experiment and start it."""
    async with runtime.sessions() as session:
        experiment = await ExperimentService(session, runtime).create(wanted)
        await dispatcher(session, runtime).start(experiment.id)
        return experiment.id


def dispatcher(session: AsyncSession, runtime: Runtime) -> Dispatcher:
    """Return what starts experiments; what would run in this process is left to the test."""
    return Dispatcher(session, runtime, run_here=lambda _: None)


async def cancel(runtime: Runtime, experiment_id: uuid.UUID) -> None:
    """Ask for the end of an experiment, as the API does."""
    async with runtime.sessions() as session:
        await ExperimentService(session, runtime).cancel(experiment_id)


async def stored(runtime: Runtime, experiment_id: uuid.UUID) -> Experiment:
    """Return the experiment as the database has it."""
    async with runtime.sessions() as session:
        experiment = await ExperimentRepository(session).get(experiment_id, deleted=True)
        assert experiment is not None
        return experiment


async def leases_of(runtime: Runtime, experiment_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the leases of the executors at work on an experiment, the first one at the head."""
    query = select(ExecutorRow.id).where(ExecutorRow.experiment_id == experiment_id)
    async with runtime.sessions() as session:
        return list(await session.scalars(query.order_by(ExecutorRow.started_at)))


async def add_lease(runtime: Runtime, experiment_id: uuid.UUID) -> uuid.UUID:
    """Store an executor of an experiment, for what is written under its lease; return that."""
    lease = uuid.uuid4()
    async with runtime.sessions() as session:
        await ExecutorRepository(session).add(lease, experiment_id, "a test", 1, Gauges())
        await session.commit()
    return lease


async def result_of(runtime: Runtime, experiment_id: uuid.UUID) -> Result | None:
    """Return the stored result, if there is one."""
    async with runtime.sessions() as session:
        return await ResultRepository(session).get(experiment_id)


async def metrics_of(runtime: Runtime, experiment_id: uuid.UUID) -> dict[str, Any]:
    """Return the stored metrics."""
    result = await result_of(runtime, experiment_id)
    assert result is not None
    return result.metrics


async def runs_of(runtime: Runtime, experiment_id: uuid.UUID) -> list[Run]:
    """Return all runs, in the order of the examples."""
    async with runtime.sessions() as session:
        return [run async for batch in RunRepository(session).export(experiment_id) for run in batch]


def pairs(runs: Sequence[Run]) -> list[tuple[int, int]]:
    """Return (example, repeat) of each run."""
    return [(run.example_id, run.repeat) for run in runs]


class _ScriptedRegistry(ModelRegistry):
    engine: Engine

    async def open(
        self,
        name: str,
        timeout_s: float,
        answers: Mapping[str, str] | None = None,
        *,
        prefix_cache: bool = False,
    ) -> OpenedModel:
        _, spec = self.catalog.find(name)
        return OpenedModel(self.engine, spec, self.fingerprint(name), None, spec.context_window)


@dataclass(frozen=True, slots=True)
class ScriptedRuntime(Runtime):
    """Means whose every model is ``scripted``."""

    scripted: Engine

    def models(self) -> ModelRegistry:
        real = Runtime.models(self)
        registry = _ScriptedRegistry(real.catalog, real._env, real._root, real._local)
        registry.engine = self.scripted
        return registry


def scripted(runtime: Runtime, engine: Engine, **settings: Any) -> ScriptedRuntime:
    """Return the same means with ``engine`` behind every model."""
    changed = with_settings(runtime, **settings)
    connections = changed.engine, changed.sessions, changed.autocommit
    return ScriptedRuntime(changed.settings, *connections, changed.answers, engine)
