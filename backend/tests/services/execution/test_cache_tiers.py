"""The two tiers of the response cache, on a real database."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event, text

from app.domain.generation import CachedGeneration, GenerationResult
from app.services.execution.cache_tiers import CacheTiers
from app.services.execution.executor import Executor
from app.services.execution.writer import GroupCommitWriter
from app.services.inference.memory_cache import MemoryCache
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered
from tests.support import create, metrics_of, runs_of, scripted


class Clock:
    """A time that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory() -> MemoryCache:
    return MemoryCache(100, 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tiers(runtime: Runtime, memory: MemoryCache, clock: Clock) -> AsyncIterator[CacheTiers]:
    async with GroupCommitWriter(runtime.autocommit, uuid.uuid4()) as writer:
        yield CacheTiers(memory, writer, runtime.autocommit, clock)


async def store(runtime: Runtime, key: str, result: GenerationResult) -> None:
    async with runtime.sessions() as session:
        await RunRepository(session).add([], [CachedGeneration(key, "m", result)], uuid.uuid4())
        await session.commit()


async def execute(runtime: Runtime, statement: str) -> None:
    async with runtime.engine.begin() as connection:
        await connection.execute(text(statement))


class Statements:
    """What is sent to the database."""

    def __init__(self, runtime: Runtime) -> None:
        self.seen: list[str] = []
        event.listen(runtime.engine.sync_engine, "before_cursor_execute", self._see)

    def _see(self, _: Any, __: Any, statement: str, *___: Any) -> None:
        self.seen.append(statement)


class TestGet:
    async def test_a_hit_in_the_database_is_one_in_memory_the_next_time(
        self, runtime: Runtime, tiers: CacheTiers
    ) -> None:
        await store(runtime, "key", answered("Paris"))
        first = await tiers.get("key")
        assert first is not None
        assert not first.cached  # as it was stored
        statements = Statements(runtime)
        for _ in range(3):
            found = await tiers.get("key")
            assert found is not None
            assert (found.text, found.cached, found.cache_tier) == ("Paris", True, "memory")
        assert statements.seen == []

    async def test_what_was_stored_is_in_memory(self, runtime: Runtime, tiers: CacheTiers) -> None:
        assert await tiers.get("key") is None
        tiers.put("key", "m", answered("Paris"))
        found = await tiers.get("key")
        assert found is not None
        assert found.cache_tier == "memory"

    async def test_what_is_no_answer_is_not_kept(
        self, runtime: Runtime, tiers: CacheTiers, memory: MemoryCache
    ) -> None:
        await store(runtime, "key", GenerationResult("", finish_reason="length"))
        await tiers.get("key")
        assert len(memory) == 0

    async def test_many_hits_let_others_have_their_turn(self, runtime: Runtime, tiers: CacheTiers) -> None:
        await store(runtime, "key", answered())
        await tiers.get("key")
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        task = asyncio.create_task(other())
        for _ in range(100):
            await tiers.get("key")
        task.cancel()
        assert turns > 50


class TestDeletion:
    @pytest.mark.parametrize("statement", ["delete from generations", "truncate generations"])
    async def test_what_was_deleted_is_not_replayed(
        self, runtime: Runtime, tiers: CacheTiers, clock: Clock, statement: str
    ) -> None:
        await store(runtime, "key", answered())
        await tiers.get("key")
        await execute(runtime, statement)
        clock.now += 1.0
        assert await tiers.get("key") is None

    async def test_is_looked_for_once_a_second_however_many_ask(
        self, runtime: Runtime, tiers: CacheTiers, clock: Clock
    ) -> None:
        await store(runtime, "key", answered())
        await tiers.get("key")
        statements = Statements(runtime)
        clock.now += 1.0
        await asyncio.gather(*(tiers.get("key") for _ in range(20)))
        assert len(statements.seen) == 1

    async def test_new_answers_change_no_version(
        self, runtime: Runtime, tiers: CacheTiers, memory: MemoryCache, clock: Clock
    ) -> None:
        await store(runtime, "key", answered())
        await tiers.get("key")
        version = memory.agrees_with
        await store(runtime, "other", answered())
        clock.now += 1.0
        await tiers.get("key")
        assert memory.agrees_with == version is not None
        assert len(memory) == 1


class TestExperiments:
    async def test_the_next_one_of_a_process_asks_nothing(self, runtime: Runtime, dataset: str) -> None:
        async def answer(_: Any) -> GenerationResult:
            return answered("thing 7 it is", latency_s=0.5)

        engine = ScriptedEngine(answer)
        means = scripted(runtime, engine)
        for tier in (None, "memory"):
            experiment_id = await create(means)
            await Executor(means, experiment_id).run()
            assert {run.calls[0].get("cache") for run in await runs_of(runtime, experiment_id)} == {tier}
        assert len(engine.calls) == 20
        cache = (await metrics_of(runtime, experiment_id))["cache"]
        assert (cache["calls"], cache["memory"], cache["database"]) == (20, 20, 0)
        assert cache["saved_ms"] == 20 * 500

    async def test_without_the_cache_memory_is_not_filled(self, runtime: Runtime, dataset: str) -> None:
        # The database keeps the first answer to a request; memory must not have another one.
        experiment_id = await create(runtime, cache=False)
        await Executor(runtime, experiment_id).run()
        assert len(runtime.answers) == 0

    async def test_a_scope_begins_cold(self, runtime: Runtime, dataset: str) -> None:
        async def answer(_: Any) -> GenerationResult:
            return answered("thing 7 it is")

        engine = ScriptedEngine(answer)
        means = scripted(runtime, engine)
        for scope in (None, "round 1", "round 1"):
            execution = {"cache_scope": scope} if scope else {}
            await Executor(means, await create(means, execution=execution)).run()
        assert len(engine.calls) == 2 * 20
