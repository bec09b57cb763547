"""Tests of consumers and background tasks: how they end."""

import asyncio

import pytest

from app.services.execution.tasks import background, run_consumers


class TestBackground:
    async def test_ends_with_the_body(self) -> None:
        ended = asyncio.Event()

        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        async with background(forever()):
            await asyncio.sleep(0)
        assert ended.is_set()

    async def test_one_that_loses_a_cancellation_is_cancelled_again(self) -> None:
        lost = 0

        async def forgetful() -> None:
            nonlocal lost
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    lost += 1
                    if lost == 2:
                        raise

        async with asyncio.timeout(10), background(forgetful()):
            await asyncio.sleep(0)
        assert lost == 2

    async def test_its_failure_does_not_reach_the_body(self) -> None:
        async def broken() -> None:
            raise ValueError

        async with background(broken()):
            await asyncio.sleep(0)


class TestRunConsumers:
    async def test_until_all_return(self) -> None:
        left = list(range(10))

        async def consume() -> None:
            while left:
                left.pop()
                await asyncio.sleep(0)

        await run_consumers(consume, 3, asyncio.Event(), grace_s=0)
        assert left == []

    async def test_the_first_failure_ends_the_others(self) -> None:
        cancelled = started = 0

        async def consume() -> None:
            nonlocal cancelled, started
            started += 1
            if started == 3:
                raise ValueError("broken")
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                raise

        with pytest.raises(ValueError, match="broken"):
            await run_consumers(consume, 3, asyncio.Event(), grace_s=0)
        assert cancelled == 2

    async def test_a_stop_gives_time_to_return(self) -> None:
        stopping = asyncio.Event()
        done = 0

        async def consume() -> None:
            nonlocal done
            await stopping.wait()
            await asyncio.sleep(0.01)
            done += 1

        asyncio.get_running_loop().call_soon(stopping.set)
        await run_consumers(consume, 2, stopping, grace_s=10)
        assert done == 2

    async def test_a_stop_does_not_wait_for_long(self) -> None:
        stopping = asyncio.Event()
        stopping.set()

        async def consume() -> None:
            await asyncio.Event().wait()

        await asyncio.wait_for(run_consumers(consume, 2, stopping, grace_s=0.01), 10)
