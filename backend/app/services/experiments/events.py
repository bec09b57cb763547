"""Watching an experiment live: from Redis while it has the progress, else from the database."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.queue import Published, connect_async, read_progress
from app.domain.progress import ProgressSnapshot
from app.domain.status import ExperimentStatus
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

_DATABASE_EVERY = 4  # ticks, while Redis has the progress


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """Where an experiment is; see ``ExperimentEvent`` of the schemas."""

    status: ExperimentStatus
    queued: bool
    reason: str | None
    progress: ProgressSnapshot | None


async def watch_experiment(
    runtime: Runtime, experiment_id: uuid.UUID, *, tick_s: float = 0.25
) -> AsyncIterator[ExperimentState]:
    """Yield the state whenever it changes, until the experiment has ended.

    Status and reason are always those of the database; only the progress comes from Redis.

    Args:
        runtime: of this process.
        experiment_id: what to watch.
        tick_s: seconds between two looks.
    """
    redis = connect_async(runtime.redis_url) if runtime.redis_url else None
    last: ExperimentState | None = None
    stored: ExperimentState | None = None
    tick = 0
    try:
        while True:
            live = None
            if redis is not None and stored is not None and stored.status is ExperimentStatus.RUNNING:
                live = await _published(redis, experiment_id)
            if live is None or live.status.ended or tick % _DATABASE_EVERY == 0:
                stored = await _stored(runtime, experiment_id) or stored
            state = stored
            if state is not None and live is not None and state.status is ExperimentStatus.RUNNING:
                state = replace(state, progress=live.progress)
            if state is not None and state != last:
                yield state
                last = state
            if state is not None and state.status.ended:
                return
            tick += 1
            await asyncio.sleep(tick_s)
    finally:
        if redis is not None:
            await redis.aclose()


async def _published(redis: Redis, experiment_id: uuid.UUID) -> Published | None:
    try:
        return await read_progress(redis, str(experiment_id))
    except (RedisError, OSError):
        return None


async def _stored(runtime: Runtime, experiment_id: uuid.UUID) -> ExperimentState | None:
    """Return what the database says; ``None`` while it is away (the stream waits for it)."""
    try:
        # A stream outlives its request's session, and must not hold a connection while it sleeps.
        async with runtime.sessions() as session:
            experiment = await ExperimentRepository(session).get(experiment_id, deleted=True)
    except Exception as error:
        if not is_database_away(error):
            raise
        return None
    if experiment is None:
        return None
    return ExperimentState(
        ExperimentStatus(experiment.status),
        experiment.queued,
        experiment.reason,
        experiment.progress_snapshot,
    )
