"""RQ's worker, as it is used here: it outlives every trouble of Redis, and sends it few commands.

RQ ends its loop at any error reply, reports to Redis each second of a job, and cleans up every ten minutes.
Here the loop is our own, an error ends only the attempt (``worker.py`` makes the next), and reports are rare:
what lives and what is lost is known from the database.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from app.core.config import Settings
from app.core.logging import get_logger
from app.core.processes import die_with_parent
from app.core.queue import connect, make_queue
from app.core.redis_trouble import explain
from app.tasks.experiment_job import ExperimentJob
from app.tasks.presence import Presence
from app.tasks.shared_answers import shared_answers

log = get_logger(__name__)

REPORT_EVERY_S = 1500
"""Seconds between two reports to Redis that a worker lives, and that its job goes on."""

CLEAN_EVERY_S = 6 * 3600
"""Seconds between two removals of what killed workers have left in Redis."""

_REPORT_TTL_S = 3600  # of what is reported
_SLACK_S = 10.0  # beyond a blocking call's own time-out


@contextlib.contextmanager
def _not_told(what: str) -> Iterator[None]:
    """Go on when Redis does not take a report: the database knows."""
    try:
        yield
    except (RedisError, OSError) as error:
        log.warning("redis_not_told", what=what, reason=explain(error).message)


class QueueClients:
    """A worker process's connections to Redis.

    Attributes:
        brief: for commands that are answered at once.
        patient: for the call that waits for a job.
        wait_s: how long that call waits at most.
    """

    def __init__(self, settings: Settings) -> None:
        url = settings.redis_url.get_secret_value()
        self.wait_s = settings.redis_idle_s
        self.brief = connect(url, settings.redis_timeout_s)
        self.patient = connect(url, self.wait_s + _SLACK_S)


class ExperimentWorker(Worker):
    """Takes experiments from the queue, and runs each in a forked child, until it is asked to stop.

    Asked to stop, it tells its child to release the experiment, instead of waiting for it.

    Args:
        settings: of this process.
        clients: connections to Redis.
        presence: what the database knows of this worker.
    """

    def __init__(self, settings: Settings, clients: QueueClients, presence: Presence) -> None:
        super().__init__(
            [make_queue(clients.brief, settings.queue, ExperimentJob)],
            connection=clients.brief,
            job_class=ExperimentJob,
            serializer=JSONSerializer,
            worker_ttl=_REPORT_TTL_S,
            job_monitoring_interval=1,
            maintenance_interval=CLEAN_EVERY_S,
        )
        self._clients = clients
        self._presence = presence
        self._next_report = 0.0
        self.asked_to_stop = False
        self.served = False  # whether Redis has given it a job, or truly had none

    def work_until_stopped(self) -> None:
        """Take one job after the other; return when asked to stop.

        Raises:
            redis.RedisError: if Redis does not do its work; no job is running then.
        """
        try:
            self._install_signal_handlers()  # type: ignore[no-untyped-call]  # untyped in RQ
            self.bootstrap("WARNING")
            while not self.asked_to_stop:
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()  # type: ignore[no-untyped-call]
                found = self._next_job()
                if found is not None:
                    self.execute_job(*found)
        except StopRequested:
            pass
        finally:
            self._say_goodbye()

    def _next_job(self) -> tuple[Job, Queue] | None:
        """Wait for a job; ``None`` if there is none for a while."""
        self.heartbeat()
        try:
            found = self.queue_class.dequeue_any(
                self.queues,
                self._clients.wait_s,
                connection=self._clients.patient,
                job_class=self.job_class,
                serializer=self.serializer,
            )
        except DequeueTimeout:
            self.served = True
            return None
        self.served = True
        if found is None:
            return None
        job, _ = found
        job.connection = self.connection
        job.redis_server_version = self.get_redis_server_version()  # type: ignore[no-untyped-call]
        return job, self.queues[0]

    def _say_goodbye(self) -> None:
        """Take this worker out of RQ's lists; while Redis is away, they forget it by themselves."""
        if not self.is_horse:
            with contextlib.suppress(RedisError, OSError):
                self.register_death()  # type: ignore[no-untyped-call]

    # -- one job --------------------------------------------------------------------------------

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run a job in a child, and wait for it."""
        try:
            super().execute_job(job, queue)
        finally:
            if not self.is_horse:
                self._presence.work_on(None)
                shared_answers().take_over()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Start the child, while no thread of this process holds a lock that the child would inherit."""
        assert isinstance(job, ExperimentJob)  # noqa: S101 - what job_class makes
        shared_answers().before_fork()
        with self._presence.at_rest():
            super().fork_work_horse(job, queue)
        self._presence.work_on(job.experiment_id)  # only now, or the child would wait for the database

    def setup_work_horse_signals(self) -> None:
        """In the child: end with the worker, even if that is killed."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        die_with_parent()

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:  # noqa: FBT001, FBT002 - RQ's signature
        """In the child: tell Redis what runs; the work itself needs no Redis."""
        with _not_told("begin of a job"):
            super().prepare_job_execution(job, remove_from_intermediate_queue)

    def _finalize_success(self, job: Job, queue: Queue, execution: Execution, return_value: object) -> None:
        with _not_told("end of a job"):
            super()._finalize_success(job, queue, execution, return_value)

    def _finalize_failure(self, job: Job, queue: Queue, execution: Execution, exc_info: Any) -> None:
        with _not_told("end of a job"):
            super()._finalize_failure(job, queue, execution, exc_info)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Each second of a job: tell the child again to stop, and now and then tell Redis that it runs."""
        if self.asked_to_stop:
            self._stop_child()
        if not self._report_is_due():
            return
        with _not_told("a job goes on"):
            super().maintain_heartbeats(job, execution)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - RQ's signature
        """Return how long Redis keeps that a job runs, in seconds."""
        return _REPORT_TTL_S

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:  # noqa: ARG002 - RQ's signature
        """Renew what Redis knows of this worker, if that is due, or can go with other commands."""
        if pipeline is not None or self._report_is_due():
            super().heartbeat(_REPORT_TTL_S, pipeline)

    def _report_is_due(self) -> bool:
        if time.monotonic() < self._next_report:
            return False
        self._next_report = time.monotonic() + REPORT_EVERY_S
        return True

    # -- the end --------------------------------------------------------------------------------

    def handle_warm_shutdown_request(self) -> None:
        """Tell the child to stop: it stores the answers it has, and releases the lease."""
        self.asked_to_stop = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self._stop_child()

    def set_shutdown_requested_date(self) -> None:
        """Store nothing: a signal's handler must not wait for Redis."""

    def _stop_child(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    # -- what RQ does otherwise -----------------------------------------------------------------

    def _set_connection(self, connection: Redis) -> Redis:
        return connection  # RQ would have every command wait as long as the one that waits for a job

    def subscribe(self) -> None:
        """Listen to none of RQ's commands: whoever can write to a shared Redis could kill jobs with them."""

    def _set_ip_address(self, connection: Redis) -> None:  # noqa: ARG002 - RQ's signature
        self.ip_address = "unknown"  # costs two commands, and not every host has them
