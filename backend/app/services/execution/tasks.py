"""Asyncio tasks of an execution: consumers side by side, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

_CANCEL_AGAIN_S = 0.1


@asynccontextmanager
async def background(*coroutines: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run coroutines beside the body, and cancel them after it; their errors are ignored."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        await _cancel(tasks)


async def run_consumers(
    consume: Callable[[], Awaitable[None]], count: int, stopping: asyncio.Event, grace_s: float
) -> None:
    """Run ``count`` consumers until all return; the first failure ends them all.

    Args:
        consume: one consumer; returns when nothing is left to do, or soon after ``stopping`` is set.
        count: how many to run.
        stopping: set when this process is to end.
        grace_s: seconds after that in which the consumers may return; they are cancelled then.
    """
    tasks = [asyncio.ensure_future(consume()) for _ in range(count)]
    everything = asyncio.create_task(_all_of(tasks))
    stop = asyncio.create_task(_set(stopping))
    try:
        await asyncio.wait({everything, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not everything.done():
            await asyncio.wait({everything}, timeout=grace_s)
        if everything.done():
            everything.result()
    finally:
        await _cancel([stop, everything, *tasks])


async def _all_of(tasks: Sequence[asyncio.Future[None]]) -> None:
    await asyncio.gather(*tasks)


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _cancel(tasks: Sequence[asyncio.Future[None]]) -> None:
    # More than once: asyncio.wait_for of Python 3.11, which the Redis client calls, loses a cancellation
    # that comes at the moment when what it waits for is done.
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
