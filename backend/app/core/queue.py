"""Redis: the job queue (RQ) and the live progress of running experiments."""

import uuid
from dataclasses import dataclass

import orjson
import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from app.domain.progress import ProgressSnapshot
from app.domain.status import ExperimentStatus


@dataclass(frozen=True, slots=True)
class Published:
    """Status and progress of an experiment as its executor last published them."""

    status: ExperimentStatus
    progress: ProgressSnapshot


JOB = "app.tasks.jobs.run_experiment"
_PROGRESS_TTL_S = 120
_TIMEOUT_S = 2.0


def connect(url: str) -> "redis.Redis":
    """Return a client that fails within 2 s when the server is away (RQ workers set their own timeouts)."""
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


def make_queue(connection: "redis.Redis", name: str, job_class: type[Job] = Job) -> Queue:
    """Return the queue; jobs are JSON, since a pickle in a shared Redis could run any code.

    Args:
        connection: to Redis.
        name: of the queue.
        job_class: of the jobs that are read from it; a worker's class refuses those of others.
    """
    return Queue(
        name, connection=connection, job_class=job_class, serializer=JSONSerializer, default_timeout=-1
    )


def enqueue_experiment(url: str, queue: str, experiment_id: str) -> None:
    """Put an experiment on the queue, as a job with an id of its own each time.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    connection = connect(url)
    try:
        make_queue(connection, queue).enqueue_call(
            JOB,
            args=(experiment_id,),
            job_id=f"{experiment_id}_{uuid.uuid4().hex[:8]}",
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


async def publish_progress(
    client: "redis.asyncio.Redis", experiment_id: str, status: ExperimentStatus, progress: ProgressSnapshot
) -> None:
    """Store the newest status and progress where event streams read them; they expire by themselves."""
    value = orjson.dumps({"status": status, **progress.as_dict()})
    await client.set(_progress_key(experiment_id), value, ex=_PROGRESS_TTL_S)


async def read_progress(client: "redis.asyncio.Redis", experiment_id: str) -> Published | None:
    """Return the newest status and progress that were published; ``None`` if there are none.

    What is not of this form was not published by a worker, and counts as nothing.
    """
    raw = await client.get(_progress_key(experiment_id))
    if raw is None:
        return None
    try:
        value = orjson.loads(raw)
        return Published(ExperimentStatus(value["status"]), ProgressSnapshot.from_dict(value))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
