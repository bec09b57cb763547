"""The worker process: takes one experiment at a time from the queue, each in a forked child.

The child inherits all imports, so that it starts in milliseconds, and takes all memory of an
experiment with it when it ends.
"""

import asyncio
import contextlib
import gc
import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from types import FrameType

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.exceptions import NoSuchJobError
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from app.core.config import Settings, get_settings
from app.core.errors import AppError
from app.core.logging import configure_logging, get_logger
from app.core.migrations import migrate_at_start
from app.core.processes import die_with_parent
from app.core.queue import JOB, make_queue
from app.services.inference.catalog import CatalogError
from app.services.inference.engines.local import OWNER_VARIABLE
from app.services.runtime import open_runtime
from app.tasks import jobs

log = get_logger(__name__)

_LONGEST_PAUSE_S = 5.0


class ForeignJob(Exception):
    """A job in the queue that is not one of this project."""


class ExperimentJob(Job):
    """A job as a worker reads it: it runs the project's one function, whatever stands in Redis.

    Whoever can write to a shared Redis could otherwise name any function of any installed package, as
    the job itself or as its callback, or have the worker call any address.
    """

    success_callback: None = None  # in RQ a property, which imports what the job names
    failure_callback: None = None
    stopped_callback: None = None

    def restore(self, raw_data: Mapping[bytes | str, bytes]) -> None:
        """Read the job from Redis; fields that cannot be read make it a foreign job, which never runs."""
        try:
            super().restore(raw_data)
        except NoSuchJobError:
            raise
        except Exception as error:  # noqa: BLE001 - any field may hold anything
            log.warning("job_unreadable", job=self.id, error=type(error).__name__)
            self.data = b"[null, null, [], {}]"
        self.webhooks = []

    @property
    def func(self) -> Callable[[str], None]:
        """The function that the job runs.

        Raises:
            ForeignJob: unless the job names it, with the id of an experiment as its only argument.
        """
        try:
            own = (self.func_name, self.instance, len(self.args), len(self.kwargs)) == (JOB, None, 1, 0)
            uuid.UUID(self.args[0])
        except Exception as error:
            raise ForeignJob("The job cannot be read.") from error
        if not own:
            raise ForeignJob("The job is not the one that workers run.")
        return jobs.run_experiment


class ExperimentWorker(Worker):
    """An RQ worker that on shutdown tells its child to release the experiment, instead of waiting for it."""

    def handle_warm_shutdown_request(self) -> None:
        """Tell the child to stop: it stores the answers it has, and releases the lease."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]  # untyped in RQ
        self._stop_child()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Each second of a job: tell the child again, which may not have handled signals yet."""
        if self._stop_requested:
            self._stop_child()
        super().maintain_heartbeats(job, execution)

    def _stop_child(self) -> None:
        if self.horse_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        """In the child: end with the worker, even if that is killed."""
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]  # untyped in RQ
        die_with_parent()


def _connect(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=5, health_check_interval=30)


def run_worker(settings: Settings) -> None:
    """Work until asked to stop; wait for Redis when it is away."""
    stopping = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        raise SystemExit(0)

    pause_s = 0.2
    while not stopping:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        try:
            connection = _connect(settings.redis_url.get_secret_value())
            worker = ExperimentWorker(
                [make_queue(connection, settings.queue, ExperimentJob)],
                connection=connection,
                job_class=ExperimentJob,
                serializer=JSONSerializer,
                worker_ttl=30,
                job_monitoring_interval=1,
            )
            worker.work(logging_level="WARNING", with_scheduler=False)
            return  # a requested stop
        except (RedisError, OSError) as error:
            log.warning("redis_away", error=type(error).__name__, retry_in_s=pause_s)
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


async def _prepare(settings: Settings) -> None:
    runtime = open_runtime(settings)
    try:
        runtime.models()
        await migrate_at_start(runtime.engine)
    finally:
        await runtime.aclose()


def main() -> None:
    """Run a worker with the settings of the environment."""
    settings = get_settings()
    configure_logging(settings.log_level, settings.log_format)
    os.environ.setdefault(OWNER_VARIABLE, str(os.getpid()))
    # Refuses at once what would make every job fail: no database, a schema that is newer, a broken catalog.
    try:
        asyncio.run(_prepare(settings))
    except (AppError, CatalogError) as error:
        raise SystemExit(f"error: {error.message} {error.hint}") from error
    gc.freeze()  # what is imported is never garbage; children then share its memory untouched
    log.info("worker_started", queue=settings.queue, jobs=jobs.__name__)
    run_worker(settings)


if __name__ == "__main__":
    main()
