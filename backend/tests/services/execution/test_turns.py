"""Tests of sharing workers: turns, priorities, and jobs for workers that have nothing to do."""

import asyncio
import uuid
from typing import Any

import pytest

from app.core.queue import connect, make_queue
from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.execution.queueing import first_in_line, recruit, wanted_executors
from app.services.execution.turns import Turn
from app.services.execution.worker_repository import WorkerIdentity, WorkerRepository
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine
from tests.support import create, pairs, runs_of, scripted, stored, until, with_settings


async def set_experiment(runtime: Runtime, experiment_id: uuid.UUID, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments} where id = '{experiment_id}'")


async def see_workers(runtime: Runtime, *experiment_ids: uuid.UUID | None) -> None:
    """Store workers, each with what it works on."""
    async with runtime.sessions() as session:
        for number, experiment_id in enumerate(experiment_ids):
            worker = WorkerIdentity(uuid.uuid4(), runtime.settings.queue, "here", number)
            await WorkerRepository(session).see(worker, experiment_id)
        await session.commit()


def jobs(runtime: Runtime) -> list[str]:
    connection = connect(runtime.redis_url)
    try:
        ids = make_queue(connection, runtime.settings.queue).get_job_ids()
        return [job_id.rpartition("_")[0] for job_id in ids]
    finally:
        connection.close()


def take_all_jobs(runtime: Runtime) -> None:
    connection = connect(runtime.redis_url)
    connection.flushdb()
    connection.close()


class TestWanted:
    @pytest.mark.parametrize(
        ("fields", "wanted"),
        [
            ({"concurrency": 16}, 2),
            ({"concurrency": 64}, 3),
            ({"concurrency": 4}, 1),
            ({"concurrency": 4, "workers": 2}, 2),
            ({"concurrency": 64, "workers": 1}, 1),
            ({"concurrency": 64, "workers": 64}, 3),
            ({"concurrency": 64, "model": "local/smollm2-135m-instruct"}, 1),
            ({"concurrency": 64, "model": "local/smollm2-135m-instruct", "workers": 2}, 2),
        ],
    )
    async def test_by_configuration(
        self, runtime: Runtime, dataset: str, fields: dict[str, Any], wanted: int
    ) -> None:
        experiment = await stored(runtime, await create(runtime, **fields))
        assert wanted_executors(runtime, experiment) == wanted

    async def test_one_where_passages_are_retrieved(self, runtime: Runtime, dataset: str) -> None:
        experiment = await stored(runtime, await create(runtime, concurrency=64))
        experiment.provenance = {**experiment.provenance, "retrieval": {}}
        assert wanted_executors(runtime, experiment) == 1


class TestRecruit:
    async def test_a_start_tells_all_idle_workers_that_are_of_use(
        self, runtime: Runtime, dataset: str
    ) -> None:
        await see_workers(runtime, None, None, uuid.uuid4(), None, None)
        experiment_id = await create(runtime, concurrency=64)
        assert jobs(runtime) == [str(experiment_id)] * 3
        take_all_jobs(runtime)
        other = await create(runtime, concurrency=64, workers=2)
        assert jobs(runtime) == [str(other)] * 2

    async def test_a_start_without_an_idle_worker_queues_one_job(
        self, runtime: Runtime, dataset: str
    ) -> None:
        await see_workers(runtime, uuid.uuid4())
        experiment_id = await create(runtime, concurrency=64)
        assert jobs(runtime) == [str(experiment_id)]

    async def test_nobody_while_others_wait_or_are_enough(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime, concurrency=64)
        await see_workers(runtime, None, None)
        assert await recruit(runtime, experiment_id, 2) == 0  # the queue is not empty
        take_all_jobs(runtime)
        assert await recruit(runtime, experiment_id, 0) == 0
        assert await recruit(runtime, experiment_id, 1) == 1


class TestPriority:
    async def test_a_worker_takes_the_highest_first(self, runtime: Runtime, dataset: str) -> None:
        low = await create(runtime, priority="low")
        normal = await create(runtime)
        first_high, second_high = [await create(runtime, priority="high") for _ in range(2)]
        take_all_jobs(runtime)
        assert await first_in_line(runtime, low) == first_high
        assert jobs(runtime) == [str(low)]
        assert await first_in_line(runtime, second_high) == second_high
        for done in (first_high, second_high):
            await set_experiment(runtime, done, "status = 'COMPLETED'")
        assert await first_in_line(runtime, low) == normal
        await set_experiment(runtime, normal, "status = 'RUNNING', heartbeat_at = now()")
        assert await first_in_line(runtime, low) == low

    async def test_the_place_in_the_queue(self, runtime: Runtime, dataset: str) -> None:
        ids = [await create(runtime, priority=priority) for priority in ("normal", "low", "high", "normal")]
        places = [(await stored(runtime, one)).queue_position for one in ids]
        assert places == [2, 4, 1, 3]
        await set_experiment(runtime, ids[2], "status = 'RUNNING'")
        places = [(await stored(runtime, one)).queue_position for one in ids]
        assert places == [1, 3, None, 2]


class TestTurn:
    class Clock:
        now = 100.0

        def __call__(self) -> float:
            return self.now

    async def turn(self, runtime: Runtime, clock: "TestTurn.Clock", **fields: Any) -> Turn:
        experiment_id = await create(runtime, **fields)
        await set_experiment(runtime, experiment_id, "status = 'RUNNING', heartbeat_at = now()")
        return Turn(runtime, await stored(runtime, experiment_id), clock)

    async def test_is_over_when_another_one_waits(self, runtime: Runtime, dataset: str) -> None:
        clock = self.Clock()
        turn = await self.turn(runtime, clock)
        other = await create(runtime)
        await set_experiment(runtime, other, "queued_at = now() - interval '10 seconds'")
        clock.now += 1
        assert not await turn.is_over(0)  # it has not begun
        turn.begin()
        clock.now += 19
        assert not await turn.is_over(0)
        clock.now += 1
        assert not await turn.is_over(1)  # an executor that came before makes room
        clock.now += 5
        assert await turn.is_over(0)

    @pytest.mark.parametrize(
        ("fields", "assignments"),
        [
            ({}, "queued_at = now()"),  # an idle worker may take it
            ({"priority": "low"}, "queued_at = now() - interval '1 hour'"),
            ({}, "status = 'RUNNING', heartbeat_at = now(), queued_at = now() - interval '1 hour'"),
            ({}, "queued_at = null"),
        ],
    )
    async def test_goes_on_otherwise(
        self, runtime: Runtime, dataset: str, fields: dict[str, Any], assignments: str
    ) -> None:
        clock = self.Clock()
        turn = await self.turn(runtime, clock)
        await set_experiment(runtime, await create(runtime, **fields), assignments)
        turn.begin()
        clock.now += 60
        assert not await turn.is_over(0)

    async def test_lasts_longer_if_the_beginning_was_slow(self, runtime: Runtime, dataset: str) -> None:
        clock = self.Clock()
        turn = await self.turn(runtime, clock)
        other = await create(runtime)
        await set_experiment(runtime, other, "queued_at = now() - interval '10 seconds'")
        clock.now += 30
        turn.begin()
        clock.now += 119
        assert not await turn.is_over(0)
        clock.now += 1
        assert await turn.is_over(0)


async def test_an_executor_makes_room_and_goes_on_later(runtime: Runtime, dataset: str) -> None:
    gate = Gate(free=6)
    engine = ScriptedEngine(gate)
    means = scripted(with_settings(runtime, turn_s=0.1), engine)
    long = await create(means, concurrency=4, cache=False)
    executor = Executor(means, long)
    task = asyncio.create_task(executor.run())
    await until(lambda: gate.waiting == 4, "four calls in flight")
    short = await create(means, sample={"n": 2}, cache=False)
    await set_experiment(runtime, short, "queued_at = now() - interval '10 seconds'")
    take_all_jobs(runtime)
    before = (await stored(runtime, long)).queued_at

    await until(lambda: executor._answering and executor._answering.handing_back, "the end of the turn")
    await asyncio.sleep(0.3)
    assert not task.done()  # calls in flight are waited for
    gate.opened.set()
    assert await task is None
    experiment = await stored(runtime, long)
    assert (experiment.status, experiment.heartbeat_at) == ("RUNNING", None)
    assert experiment.queued_at is not None
    assert before is not None
    assert experiment.queued_at > before
    assert jobs(runtime) == [str(long)]
    assert len(engine.calls) == len(await runs_of(runtime, long)) == 10  # what was asked is not lost
    for experiment_id in (short, long):
        assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    rows = await runs_of(runtime, long)
    assert len(set(pairs(rows))) == len(rows) == 20
    assert len(engine.calls) == 22
