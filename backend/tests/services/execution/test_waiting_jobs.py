"""What waits on the queue is asked for ever more rarely; what is lost is found."""

import uuid

from pydantic import SecretStr
from redis.exceptions import RedisError

from app.core.queue import connect, enqueue_experiment
from app.services.execution.waiting_jobs import WaitingJobs
from app.services.runtime import Runtime
from tests.support import with_settings


class Clock:
    """A clock that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def looks(runtime: Runtime) -> int:
    """Return how often the queue was read."""
    connection = connect(runtime.redis_url)
    calls = connection.info("commandstats").get("cmdstat_lrange", {"calls": 0})["calls"]
    connection.close()
    return int(calls)


async def test_lost_is_what_has_no_job(runtime: Runtime) -> None:
    queued, lost = uuid.uuid4(), uuid.uuid4()
    enqueue_experiment(runtime.redis_url, runtime.settings.queue, str(queued))
    jobs = WaitingJobs(runtime)
    assert await jobs.lost([queued, lost]) == [lost]
    assert await jobs.lost([]) == []


async def test_an_hour_of_waiting_takes_few_looks(runtime: Runtime) -> None:
    queued = uuid.uuid4()
    enqueue_experiment(runtime.redis_url, runtime.settings.queue, str(queued))
    clock = Clock()
    jobs = WaitingJobs(runtime, clock)
    before = looks(runtime)
    for _ in range(1800):
        clock.now += 2
        assert await jobs.lost([queued]) == []
    assert looks(runtime) - before <= 185

    connection = connect(runtime.redis_url)
    connection.flushdb()
    connection.close()
    clock.now += 20
    assert await jobs.lost([queued]) == [queued]


async def test_a_new_one_is_looked_for_at_once(runtime: Runtime) -> None:
    queued, new = uuid.uuid4(), uuid.uuid4()
    enqueue_experiment(runtime.redis_url, runtime.settings.queue, str(queued))
    jobs = WaitingJobs(runtime, Clock())
    assert await jobs.lost([queued]) == []
    assert await jobs.lost([queued, new]) == [new]


async def test_a_redis_in_trouble_is_left_alone_for_a_while(runtime: Runtime) -> None:
    clock = Clock()
    jobs = WaitingJobs(with_settings(runtime, redis_url=SecretStr("redis://127.0.0.1:1")), clock)
    tries = 0
    for _ in range(60):
        clock.now += 1
        try:
            await jobs.lost([uuid.uuid4()])
        except RedisError:
            tries += 1
    assert 10 <= tries <= 20
