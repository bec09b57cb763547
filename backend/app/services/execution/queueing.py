"""Jobs on the queue: one says "work on this experiment", and any number of workers may be told so."""

import asyncio
import uuid

from redis.exceptions import RedisError

from app.core.database import is_database_away
from app.core.logging import get_logger
from app.core.queue import enqueue_experiment, jobs_waiting
from app.domain.sharding import useful_executors
from app.models import Experiment
from app.services.execution.sending import is_for_one_executor
from app.services.execution.worker_repository import WorkerRepository
from app.services.experiments.repository import ExperimentRepository
from app.services.inference.catalog import CatalogError
from app.services.runtime import Runtime

log = get_logger(__name__)

_SEEN_WITHIN_S = 24 * 3600.0  # an idle worker writes no signs of life


async def enqueue(runtime: Runtime, experiment_id: uuid.UUID) -> None:
    """Put an experiment on the queue.

    Raises:
        redis.RedisError: when Redis is away.
    """
    # The client blocks: in a thread, other requests are answered meanwhile.
    await asyncio.to_thread(enqueue_experiment, runtime.redis_url, runtime.settings.queue, str(experiment_id))


def wanted_executors(runtime: Runtime, experiment: Experiment) -> int:
    """Return how many executors are to work on an experiment, if there are as many workers.

    Each needs a shard, and a call in flight. Where the model or the retrieval runs on the worker's machine,
    more of them would only compete for it, so that there is one unless the configuration says otherwise.
    One by one, in groups or by batch jobs of the provider, calls are those of a single executor.
    """
    config = experiment.config
    if is_for_one_executor(config):
        return 1
    repeats, concurrency = int(config["repeats"]), int(config["concurrency"])
    questions = experiment.total // repeats
    workers = config.get("workers", "auto")
    if workers != "auto":
        return min(int(workers), useful_executors(concurrency, questions, repeats, calls=1))
    if experiment.provenance.get("retrieval") is not None or _is_local(runtime, experiment.model):
        return 1
    return useful_executors(concurrency, questions, repeats)


def _is_local(runtime: Runtime, model: str) -> bool:
    try:
        return runtime.models().connector(model).max_concurrency is not None
    except CatalogError:  # the executor will say so
        return False


async def recruit(runtime: Runtime, experiment_id: uuid.UUID, count: int) -> int:
    """Queue up to ``count`` further jobs of an experiment, for workers that have nothing to do.

    Returns:
        how many there are now. None if the queue is not empty, or a part is away: there is time.
    """
    if count < 1 or not runtime.redis_url:
        return 0
    try:
        async with runtime.sessions() as session:
            workers = await WorkerRepository(session).count_recent(runtime.settings.queue, _SEEN_WITHIN_S)
        idle = workers.total - workers.busy
        if idle < 1:
            return 0
        if await asyncio.to_thread(jobs_waiting, runtime.redis_url, runtime.settings.queue):
            return 0
        for _ in range(min(count, idle)):
            await enqueue(runtime, experiment_id)
    except (RedisError, OSError) as error:
        log.debug("recruiting_waits", error=type(error).__name__)
        return 0
    except Exception as error:
        if not is_database_away(error):
            raise
        return 0
    log.info("workers_recruited", experiment_id=str(experiment_id), jobs=min(count, idle))
    return min(count, idle)


async def first_in_line(runtime: Runtime, experiment_id: uuid.UUID) -> uuid.UUID:
    """Return the experiment that a worker is to work on which was told to work on this one.

    It is another one if that waits with a higher priority; this one's job is put back on the queue then.
    """
    async with runtime.sessions() as session:
        repository = ExperimentRepository(session)
        first = await repository.first_before(experiment_id, runtime.settings.stale_after_s)
    if first is None:
        return experiment_id
    try:
        await enqueue(runtime, experiment_id)
    except (RedisError, OSError):  # recovery queues it again
        log.warning("queue_away", experiment_id=str(experiment_id))
    return first
