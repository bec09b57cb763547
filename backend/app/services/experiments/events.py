"""Watching an experiment live: from Redis while it is there, else from the database."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.queue import connect_async, read_progress
from app.domain.status import ExperimentStatus
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

_TICK_S = 0.25
_DATABASE_EVERY = 4  # ticks, while Redis has the progress


async def watch_experiment(
    runtime: Runtime, experiment_id: uuid.UUID, *, tick_s: float = _TICK_S
) -> AsyncIterator[dict[str, Any]]:
    """Yield status, reason and progress whenever they change, until the experiment has ended.

    ``tick_s``: seconds between two looks.
    """
    redis = connect_async(runtime.redis_url) if runtime.redis_url else None
    last: dict[str, Any] | None = None
    stored: dict[str, Any] = {}
    tick = 0
    try:
        while True:
            live = None
            if redis is not None and stored.get("status") == ExperimentStatus.RUNNING:
                try:
                    live = await read_progress(redis, str(experiment_id))
                except (RedisError, OSError):
                    live = None
            ended = live is not None and ExperimentStatus(live["status"]).ended
            if live is None or ended or tick % _DATABASE_EVERY == 0:
                stored = await _stored(runtime, experiment_id) or stored
            event = dict(stored)
            if live is not None and event.get("status") == ExperimentStatus.RUNNING:
                event["progress"] = {key: live[key] for key in live if key not in {"status", "reason"}}
            if event and event != last:
                yield event
                last = event
            if event and ExperimentStatus(event["status"]).ended:
                return
            tick += 1
            await asyncio.sleep(tick_s)
    finally:
        if redis is not None:
            await redis.aclose()


async def _stored(runtime: Runtime, experiment_id: uuid.UUID) -> dict[str, Any] | None:
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
    return {
        "status": ExperimentStatus(experiment.status),
        "reason": experiment.reason,
        "progress": experiment.progress,
    }
