"""The health of queue and workers: counted by Postgres, asked through Redis, and why if neither can say."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from app.core.embedded.valkey import EmbeddedValkey
from app.core.queue import connect, enqueue_experiment
from app.models import Worker
from app.services.execution.worker_repository import WorkerIdentity
from app.services.execution.workers import see_worker
from app.services.monitoring.queue_health import QueueHealth
from app.services.runtime import Runtime
from app.tasks.presence import Presence
from tests.fixtures.redis_proxy import ERRORS, RedisProxy
from tests.support import until, with_settings

Join = Callable[..., Presence]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(runtime: Runtime, clock: Clock) -> QueueHealth:
    return QueueHealth(runtime, clock)


@pytest.fixture
def join(runtime: Runtime) -> Iterator[Join]:
    """Lets a worker join that answers roll calls, and does nothing else."""
    joined: list[Presence] = []

    def start(**settings: object) -> Presence:
        presence = Presence(runtime.settings.model_copy(update=settings))
        presence.start()
        joined.append(presence)
        return presence

    yield start
    for presence in joined:
        presence.leave()


@pytest.fixture
async def proxy(valkey: EmbeddedValkey) -> AsyncIterator[RedisProxy]:
    async with RedisProxy(valkey.url) as running:
        yield running


async def workers(health: QueueHealth, clock: Clock) -> tuple[str, str]:
    """Return state and message after the next roll call."""
    clock.now += 60
    report = await health.report()
    return report.workers.state, report.workers.message


async def seen_at(runtime: Runtime) -> list[datetime]:
    async with runtime.sessions() as session:
        return list((await session.scalars(select(Worker.seen_at))).all())


async def killed(runtime: Runtime, queue: str = "", experiment_id: uuid.UUID | None = None) -> None:
    """Leave the row of a worker that was killed."""
    identity = WorkerIdentity(uuid.uuid4(), queue or runtime.settings.queue, "host", 1)
    await see_worker(runtime, identity, experiment_id)


class TestCount:
    async def test_none(self, health: QueueHealth, clock: Clock) -> None:
        state, message = await workers(health, clock)
        assert (state, "llmforge worker" in message) == ("down", True)

    async def test_idle_and_busy(self, health: QueueHealth, clock: Clock, join: Join) -> None:
        presences = [join(), join()]
        await until(lambda: says(health, clock, "2 listening."), "two workers")
        presences[0].work_on(uuid.uuid4())
        await until(lambda: says(health, clock, "2 listening, 1 at work."), "one at work")
        presences[0].leave()
        assert (await workers(health, clock))[1].startswith("1 listening.")
        await until(lambda: says(health, clock, "1 listening."), "the other to be gone")

    async def test_the_killed_and_the_neighbours_are_not_counted(
        self, runtime: Runtime, health: QueueHealth, clock: Clock, join: Join
    ) -> None:
        await killed(runtime)
        join(queue="of a neighbour")
        await killed(runtime, "of a neighbour")
        assert (await workers(health, clock))[0] == "down"
        join()
        await until(lambda: says(health, clock, "1 listening."), "only the worker that lives")

    async def test_an_idle_worker_writes_only_when_asked(
        self, runtime: Runtime, health: QueueHealth, clock: Clock, join: Join
    ) -> None:
        join()
        await until(lambda: says(health, clock, "1 listening."), "the worker")

        async def silence() -> list[datetime] | None:
            seen = await seen_at(runtime)
            await asyncio.sleep(0.3)
            return seen if seen == await seen_at(runtime) else None

        before = await until(silence, "the worker to write nothing more")
        clock.now += 6  # a new look, but no roll call yet
        assert (await health.report()).workers.message == "1 listening."
        assert await seen_at(runtime) == before
        await workers(health, clock)
        assert await seen_at(runtime) > before

    async def test_right_again_after_a_flush(
        self, runtime: Runtime, health: QueueHealth, clock: Clock, join: Join
    ) -> None:
        join()
        await until(lambda: says(health, clock, "1 listening."), "the worker")
        connection = connect(runtime.redis_url)
        connection.flushall()
        connection.close()
        assert await workers(health, clock) == ("ok", "1 listening.")

    async def test_one_that_does_not_reach_the_database(
        self, health: QueueHealth, clock: Clock, join: Join
    ) -> None:
        join(database_url=SecretStr("postgresql://nobody:none@127.0.0.1:1/none"))
        state, message = await until(lambda: listening(health, clock), "the worker to subscribe")
        assert (state, "DATABASE_URL" in message) == ("degraded", True)

    async def test_long_forgotten_rows_go(self, runtime: Runtime) -> None:
        await killed(runtime)
        async with runtime.sessions() as session:
            await session.execute(update(Worker).values(seen_at=datetime(2020, 1, 1).astimezone()))
            await session.commit()
        await killed(runtime)
        assert len(await seen_at(runtime)) == 1


async def says(health: QueueHealth, clock: Clock, message: str) -> bool:
    return (await workers(health, clock))[1] == message


async def listening(health: QueueHealth, clock: Clock) -> tuple[str, str] | None:
    found = await workers(health, clock)
    return None if found[0] == "down" else found


class TestTrouble:
    @pytest.mark.parametrize("kind", ERRORS)
    async def test_each_kind_is_told_and_ends(self, runtime: Runtime, proxy: RedisProxy, kind: str) -> None:
        clock = Clock()
        health = QueueHealth(with_settings(runtime, redis_url=SecretStr(proxy.url)), clock)
        proxy.answer(ERRORS[kind])
        report = await health.report()
        assert report.queue.state == "degraded"
        assert report.queue.details["trouble"] == kind
        assert "in the API's process" in report.queue.message
        assert report.workers.state == "unknown"
        proxy.answer("", times=0)
        clock.now += 20
        assert (await health.report()).queue.state == "ok"

    async def test_only_writes_are_refused(self, runtime: Runtime, proxy: RedisProxy) -> None:
        proxy.answer(ERRORS["read_only"], "SET", "HSET", "RPUSH", "SADD")
        report = await QueueHealth(with_settings(runtime, redis_url=SecretStr(proxy.url))).report()
        assert report.queue.details["trouble"] == "read_only"

    async def test_who_works_is_known_without_redis(self, runtime: Runtime) -> None:
        await killed(runtime, experiment_id=uuid.uuid4())
        away = with_settings(runtime, redis_url=SecretStr("redis://127.0.0.1:1"))
        report = await QueueHealth(away).report()
        assert "1 is at work" in report.workers.message

    async def test_a_closed_connection_is_no_trouble(self, runtime: Runtime, proxy: RedisProxy) -> None:
        clock = Clock()
        health = QueueHealth(with_settings(runtime, redis_url=SecretStr(proxy.url)), clock)
        for _ in range(3):
            assert (await health.report()).queue.state == "ok"
            proxy.cut()
            await asyncio.sleep(0.05)
            clock.now += 10


class TestCommands:
    async def test_many_who_ask_share_one_look(
        self, runtime: Runtime, health: QueueHealth, clock: Clock
    ) -> None:
        reports = await asyncio.gather(*(health.report() for _ in range(50)))
        assert len({id(report) for report in reports}) == 1
        clock.now += 1.9
        assert await health.report() is reports[0]

    async def test_no_new_connection_for_each(self, runtime: Runtime) -> None:
        connection = connect(runtime.redis_url)
        before = connection.info("stats")["total_connections_received"]
        for _ in range(5):
            await asyncio.to_thread(enqueue_experiment, runtime.redis_url, "elsewhere", str(uuid.uuid4()))
            await QueueHealth(runtime).report()
        made = connection.info("stats")["total_connections_received"] - before
        connection.close()
        assert made <= 2
