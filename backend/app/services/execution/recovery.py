"""Puts experiments that nobody works on back on the queue.

So are scorings of stored outputs. An experiment is lost when its worker was killed, or when Redis lost the
job. The database decides, not the queue: whatever is queued or running there, without a recent heartbeat and
without a waiting job, is queued again. Any number of processes may do this at once; the lease lets one
executor through.
"""

import asyncio
from collections.abc import Callable

from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.logging import get_logger
from app.services.execution.attention import Attention, WorkLeft, work_left
from app.services.execution.queueing import enqueue
from app.services.execution.waiting_jobs import WaitingJobs
from app.services.experiments.repository import ExperimentRepository
from app.services.runs.scoring_repository import ScoringRepository
from app.services.runtime import Runtime

log = get_logger(__name__)


async def requeue_lost(runtime: Runtime, jobs: WaitingJobs | None = None) -> int:
    """Queue lost experiments again; return how many there were.

    Args:
        runtime: of this process.
        jobs: remembers from call to call what waits on the queue.

    Raises:
        redis.RedisError: when Redis is away.
    """
    settings = runtime.settings
    async with runtime.sessions() as session:
        unattended = [
            *await ExperimentRepository(session).unattended(settings.stale_after_s),
            *await ScoringRepository(session).unattended(settings.stale_after_s),
        ]
    lost = await (jobs or WaitingJobs(runtime)).lost(unattended)
    for experiment_id in lost:
        await enqueue(runtime, experiment_id)
        log.warning("experiment_requeued", experiment_id=str(experiment_id))
    return len(lost)


async def look_after_lost(
    runtime: Runtime,
    attention: Attention | None = None,
    *,
    every_s: float = 2.0,
    after_look: Callable[[], None] = lambda: None,
) -> None:
    """Queue lost experiments again, for as long as the process lives.

    Args:
        runtime: of this process.
        attention: says when to look; without it every ``every_s`` seconds.
        every_s: see ``attention``.
        after_look: called after each look: something may have ended.
    """
    jobs = WaitingJobs(runtime)
    while True:
        await (attention.wait() if attention else asyncio.sleep(every_s))
        if not runtime.redis_url:
            after_look()
            continue
        left: WorkLeft = "running"  # if it cannot be found out
        try:
            await requeue_lost(runtime, jobs)
            if attention:
                left = await work_left(runtime)
        except (RedisError, OSError) as error:
            log.debug("recovery_waits", error=type(error).__name__)
        except Exception as error:
            if not is_database_away(error):
                raise
            log.debug("recovery_waits", error=type(error).__name__)
        if attention:
            attention.found(left)
        after_look()
