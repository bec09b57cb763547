"""Redis: the job queue (RQ)."""

import uuid

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

JOB = "app.tasks.jobs.run_experiment"
_TIMEOUT_S = 2.0


def connect(url: str) -> "redis.Redis":
    """Return a client that fails within 2 s when the server is away (RQ workers set their own timeouts)."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=_TIMEOUT_S,
        socket_timeout=_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
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
