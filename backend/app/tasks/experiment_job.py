"""A job as workers read it."""

import uuid
from collections.abc import Callable, Mapping

from redis.exceptions import RedisError
from rq.exceptions import NoSuchJobError
from rq.job import Job

from app.core.logging import get_logger
from app.core.queue import JOB
from app.tasks import jobs

log = get_logger(__name__)


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
        except (NoSuchJobError, RedisError):
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

    @property
    def experiment_id(self) -> uuid.UUID | None:
        """The experiment that the job is about; ``None`` for a foreign job."""
        try:
            self.func  # noqa: B018 - raises for a foreign job
        except ForeignJob:
            return None
        return uuid.UUID(self.args[0])
