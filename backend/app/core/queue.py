"""Redis: the job queue (RQ).

Hosts such as Upstash count commands. Each process therefore has one pool of connections
(``shared_connection``), and connections say nothing that is not needed.
"""

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from app.core.redis_trouble import BadRedisUrl


@dataclass(frozen=True, slots=True)
class QueueState:
    """The queue at one moment.

    Attributes:
        waiting: jobs in it.
        listening: workers that a roll call reached; ``None`` if there was none.
    """

    waiting: int
    listening: int | None


JOB = "app.tasks.jobs.run_experiment"
_TIMEOUT_S = 2.0
_PROBE_TTL_S = 60


def connect(url: str, timeout_s: float = _TIMEOUT_S, *, keep_alive_s: int = 0) -> "redis.Redis":
    """Return a client with a pool of its own.

    A connection that the server or a proxy has closed meanwhile is opened again without an error.

    Args:
        url: of Redis.
        timeout_s: seconds to wait for a connection, and for an answer.
        keep_alive_s: send a PING where nothing was sent for so many seconds; 0: never.

    Raises:
        BadRedisUrl: if it is no address of a Redis.
    """
    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=min(timeout_s, 5.0),
            socket_timeout=timeout_s,
            health_check_interval=keep_alive_s,
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            driver_info=None,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
        )
        client.connection_pool.make_connection()  # does not connect; refuses options that do not exist
    except (ValueError, TypeError) as error:
        raise BadRedisUrl(
            "REDIS_URL is no address of a Redis. It must be like redis://:password@host:6379/0, or with "
            "rediss:// for TLS."
        ) from error
    return client


@lru_cache(maxsize=8)
def shared_connection(url: str) -> "redis.Redis":
    """Return this process's client for short commands; it is never closed.

    Raises:
        BadRedisUrl: if it is no address of a Redis.
    """
    return connect(url)


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
    make_queue(shared_connection(url), queue).enqueue_call(
        JOB,
        args=(experiment_id,),
        job_id=f"{experiment_id}_{uuid.uuid4().hex[:8]}",
        result_ttl=60,
        failure_ttl=3600,
        timeout=-1,
    )


def jobs_waiting(url: str, queue: str) -> int:
    """Return how many jobs are on the queue.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    return make_queue(shared_connection(url), queue).count


def waiting_experiments(url: str, queue: str) -> set[str]:
    """Return the ids of the experiments with a job on the queue.

    Raises:
        redis.RedisError: if Redis does not answer.
    """
    job_ids = make_queue(shared_connection(url), queue).get_job_ids()
    return {job_id.rpartition("_")[0] for job_id in job_ids}


def roll_call_channel(queue: str) -> str:
    """Return the channel on which the workers of a queue are asked to show that they live.

    It begins as RQ's own channels do, so that a user of Redis with few rights needs no more of them.
    """
    return f"rq:pubsub:roll-call:{queue}"


def queue_state(url: str, queue: str, *, roll_call: bool = False) -> QueueState:
    """Return the state of the queue, if it can be read and written.

    Args:
        url: of Redis.
        queue: its name.
        roll_call: ask the workers to renew their rows in the database, too.

    Raises:
        redis.RedisError: if Redis does not answer, or refuses to read or write.
    """
    connection = shared_connection(url)
    key = make_queue(connection, queue).key
    with connection.pipeline(transaction=False) as commands:
        commands.llen(key)
        # A replica, or a server that is full or cannot save, reads as ever and refuses writes only.
        commands.set(f"{key}:probe", 1, ex=_PROBE_TTL_S)
        if roll_call:
            commands.publish(roll_call_channel(queue), "")
        waiting, _, *reached = commands.execute()
    return QueueState(cast(int, waiting), cast(int, reached[0]) if reached else None)
