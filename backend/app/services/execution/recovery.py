"""Puts experiments that nobody works on back on the queue.

An experiment is lost when its worker was killed, or when Redis lost the job. The database knows
better than the queue: whatever is queued or running there, without an executor that shows signs
of life and without a waiting job, is queued again. Any number of processes may look after that;
the claim lets one executor through.
"""

import asyncio
import uuid

from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.logging import get_logger
from app.core.queue import enqueue_experiment, waiting_experiments
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

log = get_logger(__name__)

_LOOK_EVERY_S = 2.0


async def requeue_lost(runtime: Runtime) -> int:
    """Queue what is lost; return how many experiments that were.

    Raises:
        redis.RedisError: when Redis is away.
    """
    settings = runtime.settings
    async with runtime.sessions() as session:
        unattended = await ExperimentRepository(session).unattended(settings.stale_after_s)
    if not unattended:
        return 0
    waiting = await asyncio.to_thread(waiting_experiments, runtime.redis_url, settings.queue)
    lost = [str(experiment_id) for experiment_id in unattended if str(experiment_id) not in waiting]
    for experiment_id in lost:
        await asyncio.to_thread(
            enqueue_experiment, runtime.redis_url, settings.queue, experiment_id, uuid.uuid4().hex[:8]
        )
        log.warning("experiment_requeued", experiment_id=experiment_id)
    return len(lost)


async def look_after_lost(runtime: Runtime, *, every_s: float = _LOOK_EVERY_S) -> None:
    """Queue what is lost, every ``every_s`` seconds, for as long as the process lives."""
    while True:
        await asyncio.sleep(every_s)
        if not runtime.redis_url:
            continue
        try:
            await requeue_lost(runtime)
        except (RedisError, OSError) as error:
            log.debug("recovery_waits", error=type(error).__name__)
        except Exception as error:
            if not is_database_away(error):
                raise
            log.debug("recovery_waits", error=type(error).__name__)
