"""The worker process: takes one experiment at a time from the queue, each in a forked child.

The child inherits all imports, so that it starts in milliseconds, and takes all memory of an
experiment with it when it ends. The process ends when a signal asks it to, or with the process that owns it,
and for no other reason: whatever Redis answers, it waits and tries again.
"""

import asyncio
import gc
import os
import signal
import time
from types import FrameType

import numpy.ma  # noqa: F401 - else each child imports it, at the first percentile
from redis.exceptions import RedisError
from rq.exceptions import StopRequested

from app.core.config import Settings, get_settings
from app.core.errors import AppError
from app.core.logging import configure_logging, get_logger
from app.core.migrations import migrate_at_start
from app.core.processes import end_with
from app.core.redis_trouble import BadRedisUrl, Pauses, explain
from app.services.backup.upgrades import before_upgrade
from app.services.inference.catalog import CatalogError
from app.services.inference.engines.local import OWNER_VARIABLE
from app.services.runtime import open_runtime
from app.tasks import jobs
from app.tasks.experiment_worker import ExperimentWorker, QueueClients
from app.tasks.presence import Presence

log = get_logger(__name__)


def run_worker(settings: Settings, clients: QueueClients) -> None:
    """Work until a signal asks to stop, whatever becomes of Redis meanwhile."""
    presence = Presence(settings)
    presence.start()
    try:
        _work_on_and_on(settings, clients, presence)
    except StopRequested:
        pass  # a signal that came after an error had ended the work
    finally:
        presence.leave()


def _work_on_and_on(settings: Settings, clients: QueueClients, presence: Presence) -> None:
    pauses = Pauses()
    while True:
        _stop_at_signals()
        worker: ExperimentWorker | None = None
        pause_s = 0.0
        try:
            worker = ExperimentWorker(settings, clients, presence)
            worker.work_until_stopped()
        except Exception as error:  # noqa: BLE001 - nothing but a signal ends this process
            if worker is not None and worker.served:
                pauses.reset()
            pause_s = pauses.after(error)
            _log_interruption(error, pause_s)
        _stop_at_signals()
        if worker is not None and worker.asked_to_stop:
            return
        time.sleep(pause_s)


def _log_interruption(error: Exception, retry_in_s: float) -> None:
    name = type(error).__name__
    if not isinstance(error, RedisError | OSError):
        log.error("worker_interrupted", error=name, retry_in_s=retry_in_s, exc_info=error)
        return
    trouble = explain(error)
    log.warning("redis_away", trouble=trouble.kind, reason=trouble.message, error=name, retry_in_s=retry_in_s)


def _stop_at_signals() -> None:
    """End the process at once when asked to: no job is running."""

    def stop(_: int, __: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


async def _prepare(settings: Settings) -> None:
    runtime = open_runtime(settings, connections=1)
    try:
        runtime.models()
        await migrate_at_start(runtime.engine, before_upgrade(settings))
    finally:
        await runtime.aclose()


def main() -> None:
    """Run a worker with the settings of the environment."""
    settings = get_settings()
    configure_logging(settings.log_level, settings.log_format)
    owner = os.environ.setdefault(OWNER_VARIABLE, str(os.getpid()))
    end_with(int(owner))
    # Refuses at once what would make every job fail: no database, a schema that is newer, a broken catalog.
    try:
        clients = QueueClients(settings)
        asyncio.run(_prepare(settings))
    except BadRedisUrl as error:
        raise SystemExit(f"error: {error}") from error
    except (AppError, CatalogError) as error:
        raise SystemExit(f"error: {error.message} {error.hint}") from error
    gc.freeze()  # what is imported is never garbage; children then share its memory untouched
    log.info("worker_started", queue=settings.queue, jobs=jobs.__name__)
    run_worker(settings, clients)


if __name__ == "__main__":
    main()
