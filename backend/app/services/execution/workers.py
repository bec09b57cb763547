"""Which workers there are, by what the database knows of them.

A worker writes its row when it starts, when it begins and ends a job, and every half a minute while it
works. An idle one writes nothing by itself, so that a database that sleeps when it is not used may sleep:
whoever wants to know how many there are publishes a *roll call* through Redis, and workers answer it by
renewing their rows.
"""

import asyncio
import time
import uuid
from datetime import datetime

from app.services.execution.worker_repository import WorkerCount, WorkerIdentity, WorkerRepository
from app.services.runtime import Runtime

BEAT_S = 30.0
"""Seconds between two signs of life of a worker that works."""

_WRITE_TIMEOUT_S = 8.0
_ANSWER_TIMEOUT_S = 1.5
_ANSWER_POLL_S = 0.05


async def see_worker(runtime: Runtime, worker: WorkerIdentity, experiment_id: uuid.UUID | None) -> None:
    """Store that a worker lives, and which experiment it works on.

    Raises:
        TimeoutError: if the database does not answer within 8 s.
    """
    async with asyncio.timeout(_WRITE_TIMEOUT_S), runtime.sessions() as session:
        await WorkerRepository(session).see(worker, experiment_id)
        await session.commit()


async def forget_worker(runtime: Runtime, worker: WorkerIdentity) -> None:
    """Remove the row of a worker that ends.

    Raises:
        TimeoutError: if the database does not answer within 8 s.
    """
    async with asyncio.timeout(_WRITE_TIMEOUT_S), runtime.sessions() as session:
        await WorkerRepository(session).remove(worker)
        await session.commit()


async def workers_since(runtime: Runtime, moment: datetime) -> WorkerCount:
    """Count the workers of this platform's queue that were seen since ``moment``."""
    async with runtime.sessions() as session:
        return await WorkerRepository(session).count_since(runtime.settings.queue, moment)


async def workers_at_work(runtime: Runtime) -> int:
    """Count the workers that have shown within two beats that they work on an experiment."""
    async with runtime.sessions() as session:
        return (await WorkerRepository(session).count_recent(runtime.settings.queue, 2 * BEAT_S)).busy


async def moment_before_roll_call(runtime: Runtime) -> datetime:
    """Return the time by the database's clock, which rows of workers are stamped with."""
    async with runtime.sessions() as session:
        return await WorkerRepository(session).now()


async def answers_to_roll_call(runtime: Runtime, asked_at: datetime, expected: int) -> WorkerCount:
    """Count the workers that have answered; wait up to 1.5 s for ``expected`` of them."""
    deadline = time.monotonic() + _ANSWER_TIMEOUT_S
    while True:
        count = await workers_since(runtime, asked_at)
        if count.total >= expected or time.monotonic() >= deadline:
            return count
        await asyncio.sleep(_ANSWER_POLL_S)
