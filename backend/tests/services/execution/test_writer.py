"""Tests of the writer: groups, backpressure, lookups, and a database that breaks or goes away."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.database import is_database_away
from app.domain.generation import CachedGeneration, GenerationResult
from app.domain.hashing import content_hash
from app.domain.run import RunRecord
from app.services.execution.executor_repository import ExecutorRepository
from app.services.execution.lease import LeaseLost
from app.services.execution.writer import GroupCommitWriter, WriterOptions
from app.services.runs.cache_repository import CacheRepository
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime
from tests.engines import answered
from tests.factories import run_record
from tests.support import PATIENCE_S, add_lease, create, pairs, runs_of, until


@pytest.fixture
async def experiment_id(runtime: Runtime, dataset: str) -> uuid.UUID:
    """An experiment whose runs these tests write."""
    return await create(runtime, repeats=100)


@pytest.fixture
async def lease(runtime: Runtime, experiment_id: uuid.UUID) -> uuid.UUID:
    """The lease that they write under."""
    return await add_lease(runtime, experiment_id)


@pytest.fixture
async def writer(runtime: Runtime, lease: uuid.UUID) -> AsyncIterator[GroupCommitWriter]:
    """A writer at work."""
    async with GroupCommitWriter(runtime.autocommit, lease) as opened:
        yield opened


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of runs of each commit."""
    sizes: list[int] = []
    real = RunRepository.add

    async def add(
        self: RunRepository, runs: list[RunRecord], kept: list[CachedGeneration], lease: uuid.UUID
    ) -> bool:
        held = await real(self, runs, kept, lease)
        sizes.append(len(runs))
        return held

    monkeypatch.setattr(RunRepository, "add", add)
    return sizes


def record(experiment_id: uuid.UUID, example_id: int = 1, repeat: int = 0, **fields: Any) -> RunRecord:
    calls = [{"text": "a"}, {"text": "b"}]
    return run_record(experiment_id, example_id, repeat, **{"calls": calls, **fields})


def keys(count: int) -> list[str]:
    return [content_hash(number) for number in range(count)]


class TestRuns:
    async def test_all_of_a_group_in_few_commits(
        self, runtime: Runtime, experiment_id: uuid.UUID, writer: GroupCommitWriter, commits: list[int]
    ) -> None:
        for example in range(1, 21):
            for repeat in range(50):
                writer.add_run(record(experiment_id, example, repeat))
        assert writer.waiting == 1000
        await writer.flush()
        assert writer.waiting == 0
        assert len(pairs(await runs_of(runtime, experiment_id))) == 1000
        assert (sum(commits), len(commits)) == (1000, 1)

    async def test_long_outputs_in_commits_of_a_bounded_size(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID, commits: list[int]
    ) -> None:
        options = WriterOptions(max_commit_chars=100, max_waiting_chars=300)
        async with GroupCommitWriter(runtime.autocommit, lease, options=options) as writer:
            await writer.room()
            for repeat, size in enumerate([40, 40, 20, 500, 60]):
                calls = [{"text": "x" * size}]
                writer.add_run(record(experiment_id, 1, repeat, output="y" * size, calls=calls))
                writer.put(keys(5)[repeat], "m", answered("z" * size))
            room = asyncio.create_task(writer.room())
            await asyncio.sleep(0)
            assert not room.done()
            await writer.flush()
            await room
        assert len(pairs(await runs_of(runtime, experiment_id))) == 5
        assert sum(commits) == 5
        assert max(commits) == 1  # none of the runs fits beside another one

    async def test_when_idle_at_once(
        self, runtime: Runtime, experiment_id: uuid.UUID, writer: GroupCommitWriter
    ) -> None:
        for repeat in range(3):
            writer.add_run(record(experiment_id, repeat=repeat))
            await until(lambda: writer.waiting == 0, "the row to be durable without a flush")
            assert len(await runs_of(runtime, experiment_id)) == repeat + 1

    async def test_a_row_twice_stays_as_it_was_first(
        self, runtime: Runtime, experiment_id: uuid.UUID, writer: GroupCommitWriter
    ) -> None:
        writer.add_run(record(experiment_id, output="first"))
        writer.add_run(record(experiment_id, output="same group"))
        await writer.flush()
        writer.add_run(record(experiment_id, output="later"))
        await writer.flush()
        assert [run.output for run in await runs_of(runtime, experiment_id)] == ["first"]

    async def test_lists_of_calls_stay_lists(
        self, runtime: Runtime, experiment_id: uuid.UUID, writer: GroupCommitWriter
    ) -> None:
        calls = [[], [{"n": 1}], [{"n": 1}, {"n": [2, 3]}]]
        for repeat, value in enumerate(calls):
            writer.add_run(record(experiment_id, repeat=repeat, calls=value))
        await writer.flush()
        assert [run.calls for run in await runs_of(runtime, experiment_id)] == calls

    async def test_two_writers_of_the_same_rows_in_opposite_orders(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID
    ) -> None:
        order = [(example, repeat) for example in range(1, 21) for repeat in range(100)]
        answers = keys(15_000)  # so many that the two commits are under way at the same time
        async with (
            GroupCommitWriter(runtime.autocommit, lease) as one,
            GroupCommitWriter(runtime.autocommit, lease) as other,
        ):
            await asyncio.gather(one.get("connect"), other.get("connect"))
            for writer, step in ((one, 1), (other, -1)):
                for example, repeat in order[::step]:
                    writer.add_run(record(experiment_id, example, repeat))
                for key in answers[::step]:
                    writer.put(key, "m", answered())
            await asyncio.gather(one.flush(), other.flush())
        assert len(await runs_of(runtime, experiment_id)) == 2000

    async def test_a_row_that_the_database_refuses_ends_the_work(
        self, experiment_id: uuid.UUID, writer: GroupCommitWriter
    ) -> None:
        writer.add_run(record(experiment_id, output="nul \0"))
        with pytest.raises(Exception, match="0x00") as refused:
            await writer.flush()
        assert not is_database_away(refused.value)
        with pytest.raises(Exception, match="0x00"):
            await writer.room()


class TestLease:
    async def test_no_run_follows_when_it_is_taken_away(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID, writer: GroupCommitWriter
    ) -> None:
        writer.add_run(record(experiment_id, 1))
        await writer.flush()
        async with runtime.sessions() as session:
            await ExecutorRepository(session).remove([lease])
            await session.commit()
        writer.put("a key", "m", answered("kept"))
        await writer.flush()
        writer.put("another key", "m", answered("kept, too"))
        writer.add_run(record(experiment_id, 2))
        with pytest.raises(LeaseLost):
            await writer.flush()
        with pytest.raises(LeaseLost):
            await writer.room()
        assert [run.example_id for run in await runs_of(runtime, experiment_id)] == [1]
        assert await writer.get("a key") is not None
        assert await writer.get("another key") is not None  # it was paid for

    async def test_who_takes_it_away_waits_for_the_rows_of_a_commit(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID
    ) -> None:
        async with runtime.sessions() as writing:
            assert await RunRepository(writing).add([record(experiment_id)], [], lease)
            async with runtime.sessions() as taking:
                removal = asyncio.create_task(ExecutorRepository(taking).remove([lease]))
                await asyncio.sleep(0.1)
                assert not removal.done()
                await writing.commit()
                await removal
                await taking.commit()
        assert len(await runs_of(runtime, experiment_id)) == 1

    async def test_numbers_what_is_stored(self, experiment_id: uuid.UUID, writer: GroupCommitWriter) -> None:
        numbers = [writer.add_run(record(experiment_id, example)) for example in (3, 1, 2)]
        assert (numbers, writer.committed) == ([1, 2, 3], 0)
        await writer.flush()
        assert writer.committed == 3


class TestRoom:
    async def test_waits_for_the_database(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        back = asyncio.Event()
        real = RunRepository.add

        async def add(self: RunRepository, *rows: Any) -> bool:
            if not back.is_set():
                raise ConnectionRefusedError
            return await real(self, *rows)

        monkeypatch.setattr(RunRepository, "add", add)
        async with GroupCommitWriter(
            runtime.autocommit, lease, options=WriterOptions(max_waiting=5)
        ) as writer:
            for repeat in range(5):
                await writer.room()
                writer.add_run(record(experiment_id, repeat=repeat))
            waiting = asyncio.create_task(writer.room())
            await asyncio.sleep(0.05)
            assert not waiting.done()
            back.set()
            await waiting
            await writer.flush()
        assert len(await runs_of(runtime, experiment_id)) == 5

    async def test_who_waits_hears_of_a_writer_that_broke(
        self, runtime: Runtime, experiment_id: uuid.UUID, lease: uuid.UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = asyncio.Event()

        async def add(*_: Any) -> bool:
            await asked.wait()
            raise ValueError("broken for good")

        monkeypatch.setattr(RunRepository, "add", add)
        async with GroupCommitWriter(
            runtime.autocommit, lease, options=WriterOptions(max_waiting=2)
        ) as writer:
            for repeat in range(2):
                writer.add_run(record(experiment_id, repeat=repeat))
            waiting = asyncio.create_task(writer.room())
            await asyncio.sleep(0)
            assert not waiting.done()
            asked.set()
            with pytest.raises(ValueError, match="broken for good"):
                await asyncio.wait_for(waiting, PATIENCE_S)


class TestLookups:
    async def test_what_was_put_is_found(self, runtime: Runtime, writer: GroupCommitWriter) -> None:
        kept = GenerationResult(text="ä\n", latency_s=0.5, finish_reason="stop", model="m", attempts=2)
        writer.put("k", "m", kept)
        await writer.flush()
        assert await writer.get("k") == kept
        assert await writer.get("unknown") is None

    async def test_many_at_once_are_one_query(
        self, runtime: Runtime, writer: GroupCommitWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[list[str]] = []
        real = CacheRepository.get_many

        async def generations(self: CacheRepository, wanted: list[str]) -> dict[str, GenerationResult]:
            asked.append(list(wanted))
            return await real(self, wanted)

        monkeypatch.setattr(CacheRepository, "get_many", generations)
        for key in keys(10)[::2]:
            writer.put(key, "m", answered(key))
        await writer.flush()
        found = await asyncio.gather(*(writer.get(key) for key in [*keys(10), *keys(10)]))
        expected = [key if number % 2 == 0 else None for number, key in enumerate(keys(10))] * 2
        assert [result and result.text for result in found] == expected
        assert asked == [keys(10)]

    async def test_one_who_gives_up_harms_no_other(self, writer: GroupCommitWriter) -> None:
        writer.put("k", "m", answered())
        await writer.flush()
        first, second = (asyncio.create_task(writer.get("k")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == answered()

    async def test_a_failure_reaches_who_asked_and_no_one_after(
        self, runtime: Runtime, writer: GroupCommitWriter
    ) -> None:
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql(
                "insert into generations (key, model, result) values "
                '(\'old\', \'m\', \'{"text": "a", "usage": {}, "a_field_of_an_older_version": 1}\')'
            )
        with pytest.raises(TypeError):
            await asyncio.wait_for(writer.get("old"), PATIENCE_S)
        assert await writer.get("other") is None

    async def test_waits_for_the_database(
        self, writer: GroupCommitWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries = 0

        async def generations(self: CacheRepository, wanted: list[str]) -> dict[str, GenerationResult]:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ConnectionResetError
            return {key: answered() for key in wanted}

        monkeypatch.setattr(CacheRepository, "get_many", generations)
        assert await writer.get("k") == answered()
        assert tries == 2
