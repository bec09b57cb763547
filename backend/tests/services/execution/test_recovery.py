"""Tests of finding experiments that nobody works on."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from redis.exceptions import RedisError

from app.core.queue import connect, make_queue, waiting_experiments
from app.services.execution import recovery
from app.services.execution.recovery import look_after_lost, requeue_lost
from app.services.runtime import Runtime
from tests.support import create, until, with_settings


async def set_experiments(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments}")


def jobs(runtime: Runtime) -> list[str]:
    connection = connect(runtime.redis_url)
    try:
        return list(make_queue(connection, runtime.settings.queue).get_job_ids())
    finally:
        connection.close()


def lose_jobs(runtime: Runtime) -> None:
    connection = connect(runtime.redis_url)
    connection.flushdb()
    connection.close()


class TestRequeueLost:
    async def test_a_waiting_job_is_not_doubled(self, runtime: Runtime, dataset: str) -> None:
        await create(runtime)
        assert await requeue_lost(runtime) == 0
        assert len(jobs(runtime)) == 1

    async def test_a_lost_job_is_queued_again_once(self, runtime: Runtime, dataset: str) -> None:
        ids = {str(await create(runtime)) for _ in range(3)}
        lose_jobs(runtime)
        assert await requeue_lost(runtime) == 3
        assert waiting_experiments(runtime.redis_url, runtime.settings.queue) == ids
        assert await requeue_lost(runtime) == 0
        assert len(jobs(runtime)) == 3

    @pytest.mark.parametrize(
        ("heartbeat", "lost"),
        [("now() - interval '1 hour'", 1), ("null", 1), ("now() + interval '1 hour'", 0)],
    )
    async def test_a_running_one_by_its_heartbeat(
        self, runtime: Runtime, dataset: str, heartbeat: str, lost: int
    ) -> None:
        await create(runtime)
        lose_jobs(runtime)
        await set_experiments(runtime, f"status = 'RUNNING', heartbeat_at = {heartbeat}")
        assert await requeue_lost(runtime) == lost

    @pytest.mark.parametrize(
        "assignments",
        ["status = 'COMPLETED'", "status = 'CANCELLED'", "deleted_at = now()", "queued_at = null"],
    )
    async def test_what_nobody_waits_for(self, runtime: Runtime, dataset: str, assignments: str) -> None:
        await create(runtime)
        lose_jobs(runtime)
        await set_experiments(runtime, assignments)
        assert await requeue_lost(runtime) == 0

    async def test_redis_away(self, runtime: Runtime, dataset: str) -> None:
        await create(runtime)
        with pytest.raises(RedisError):
            await requeue_lost(with_settings(runtime, redis_url=SecretStr("redis://127.0.0.1:1/0")))


class TestLookAfterLost:
    @pytest.fixture
    async def caretaker(self, runtime: Runtime) -> AsyncIterator["asyncio.Task[None]"]:
        task = asyncio.create_task(look_after_lost(runtime, every_s=0.02))
        yield task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def test_finds_what_is_lost(
        self, runtime: Runtime, dataset: str, caretaker: "asyncio.Task[None]"
    ) -> None:
        experiment_id = await create(runtime)
        lose_jobs(runtime)
        await until(lambda: jobs(runtime), "the job to be queued again")
        assert waiting_experiments(runtime.redis_url, runtime.settings.queue) == {str(experiment_id)}

    @pytest.mark.parametrize("error", [ConnectionRefusedError(), RedisError("away"), TimeoutError()])
    async def test_outlives_parts_that_are_away(
        self,
        runtime: Runtime,
        caretaker: "asyncio.Task[None]",
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
    ) -> None:
        looks = 0

        async def away(*_: object) -> int:
            nonlocal looks
            looks += 1
            raise error

        monkeypatch.setattr(recovery, "requeue_lost", away)
        await until(lambda: looks >= 3, "three looks")
        assert not caretaker.done()

    async def test_without_redis_does_not_look(
        self, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recovery, "requeue_lost", None)
        task = asyncio.create_task(
            look_after_lost(with_settings(runtime, redis_url=SecretStr("")), every_s=0)
        )
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_job_ids_name_their_experiment(runtime: Runtime) -> None:
    assert waiting_experiments(runtime.redis_url, f"empty-{uuid.uuid4()}") == set()
