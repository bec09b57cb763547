"""A database that nobody needs is not asked; whatever is lost is found as soon as somebody comes."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.core.queue import connect, waiting_experiments
from app.domain.progress import Gauges
from app.services.execution import attention as module
from app.services.execution.attention import Attention, work_left
from app.services.execution.executor import Executor
from app.services.execution.lease import Lease
from app.services.execution.recovery import look_after_lost
from app.services.runtime import Runtime
from tests.support import create, until

EVERY_S = 0.05


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """What this process asks any database from here on."""
    asked: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", keep)
    yield asked
    event.remove(Engine, "before_cursor_execute", keep)


@pytest.fixture
async def attention(runtime: Runtime) -> AsyncIterator[Attention]:
    """What says when to look, to a process that looks."""
    attention = Attention(EVERY_S)
    task = asyncio.create_task(look_after_lost(runtime, attention))
    yield attention
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def lose_jobs(runtime: Runtime) -> None:
    with connect(runtime.redis_url) as connection:
        connection.flushdb()


async def looks_in(statements: list[str], seconds: float) -> int:
    before = len(statements)
    await asyncio.sleep(seconds)
    return len(statements) - before


async def test_nothing_to_do_is_asked_once(attention: Attention, statements: list[str]) -> None:
    await until(lambda: statements, "the look at the start")
    await asyncio.sleep(4 * EVERY_S)
    assert await looks_in(statements, 10 * EVERY_S) == 0
    attention.call()
    await until(lambda: len(statements) > 2, "a look")
    await asyncio.sleep(4 * EVERY_S)
    assert await looks_in(statements, 10 * EVERY_S) == 0


async def test_what_was_lost_is_found_when_somebody_comes(
    runtime: Runtime, dataset: str, attention: Attention, statements: list[str]
) -> None:
    await until(lambda: statements, "the look at the start")
    await asyncio.sleep(4 * EVERY_S)
    experiment_id = await create(runtime)  # by another process
    lose_jobs(runtime)
    assert await looks_in(statements, 6 * EVERY_S) == 0
    attention.call()
    queue = runtime.settings.queue
    await until(lambda: waiting_experiments(runtime.redis_url, queue), "the job to be queued again")
    assert waiting_experiments(runtime.redis_url, queue) == {str(experiment_id)}


async def test_running_ones_are_looked_after(runtime: Runtime, dataset: str, statements: list[str]) -> None:
    experiment_id = await create(runtime)
    lease = Lease(runtime.sessions, runtime.autocommit, experiment_id, 10, lambda: False)
    assert await lease.join(Gauges(), lambda _: 1)
    assert await work_left(runtime) == "running"
    attention = Attention(EVERY_S)
    task = asyncio.create_task(look_after_lost(runtime, attention))
    assert await looks_in(statements, 20 * EVERY_S) > 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_ended_ones_are_left_alone(runtime: Runtime, dataset: str) -> None:
    experiment_id = await create(runtime)
    assert await work_left(runtime) == "waiting"
    await Executor(runtime, experiment_id).run()
    assert await work_left(runtime) == "none"


class TestPauses:
    """While experiments only wait for a worker there are fewer and fewer looks, until somebody comes."""

    async def pauses(self, attention: Attention, found: list[module.WorkLeft]) -> list[float | None]:
        pauses = []
        for left in found:
            attention.found(left)
            pauses.append(attention._pause_s)
        return pauses

    async def test_grow(self) -> None:
        attention = Attention(2.0)
        assert await self.pauses(attention, ["running", "waiting", "waiting", "waiting"]) == [2, 4, 8, 16]
        assert await self.pauses(attention, ["waiting"] * 6) == [32, 64, 128, 256, 512, 600]
        assert await self.pauses(attention, ["running", "none", "waiting"]) == [2, None, 2]

    async def test_somebody_comes(self) -> None:
        attention = Attention(0.01)
        for _ in range(16):
            attention.found("waiting")
        attention.call()
        await asyncio.wait_for(attention.wait(), 5)
        attention.found("waiting")
        assert attention._pause_s == 0.02


async def test_an_api_that_nobody_uses(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    """A monitor that asks whether the process lives wakes nothing; one of /health does."""
    await until(lambda: any("experiments" in statement for statement in statements), "the look at the start")
    await asyncio.sleep(1)
    before = len(statements)
    for _ in range(10):
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get("/")).status_code in {200, 404, 503}
        await asyncio.sleep(0.1)
    assert statements[before:] == []
    assert (await api.get("/health")).status_code == 200
    await until(lambda: any("experiments" in statement for statement in statements[before:]), "a look")
