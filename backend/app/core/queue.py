"""Redis: the job queue (RQ) and the live progress of running experiments."""

import orjson
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from app.domain.json import JsonObject

JOB = "app.tasks.jobs.run_experiment"
_PROGRESS_TTL_S = 120
_TIMEOUT_S = 2.0


def connect(url: str) -> "redis.Redis":
    """Return a client that fails within 2 s when the server does not answer (RQ workers use their own)."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def connect_async(url: str) -> "redis.asyncio.Redis":
    """Return the same client for asyncio."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_connect_timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        retry=redis.asyncio.retry.Retry(NoBackoff(), 0),
    )


def make_queue(connection: "redis.Redis", name: str) -> Queue:
    """Return the queue; jobs are JSON, since a pickle from a shared Redis could run any code."""
    return Queue(name, connection=connection, serializer=JSONSerializer, default_timeout=-1)


def enqueue_experiment(url: str, queue: str, experiment_id: str, attempt: str) -> None:
    """Put an experiment on the queue; ``attempt`` makes the job id unique when it is queued again.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    connection = connect(url)
    try:
        make_queue(connection, queue).enqueue_call(
            JOB,
            args=(experiment_id,),
            job_id=f"{experiment_id}_{attempt}",
            result_ttl=60,
            failure_ttl=3600,
            timeout=-1,
        )
    finally:
        connection.close()


def waiting_experiments(url: str, queue: str) -> set[str]:
    """Return the ids of the experiments with a job on the queue.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    connection = connect(url)
    try:
        return {job_id.rpartition("_")[0] for job_id in make_queue(connection, queue).get_job_ids()}
    finally:
        connection.close()


def queue_state(url: str, queue: str) -> tuple[int, int]:
    """Return ``(jobs waiting, workers listening)``.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    connection = connect(url)
    try:
        waiting = make_queue(connection, queue)
        return waiting.count, Worker.count(connection=connection, queue=waiting)
    finally:
        connection.close()


def _progress_key(experiment_id: str) -> str:
    return f"llmforge:progress:{experiment_id}"


async def publish_progress(client: "redis.asyncio.Redis", experiment_id: str, progress: JsonObject) -> None:
    """Store the newest progress for event streams to read; it expires by itself."""
    await client.set(_progress_key(experiment_id), orjson.dumps(progress), ex=_PROGRESS_TTL_S)


async def read_progress(client: "redis.asyncio.Redis", experiment_id: str) -> JsonObject | None:
    """Return the newest progress, or ``None`` if there is none."""
    raw = await client.get(_progress_key(experiment_id))
    return None if raw is None else dict(orjson.loads(raw))
