"""The jobs that workers run."""

import asyncio
import gc
import os
import signal
import uuid
from functools import partial

from app.core.config import get_settings
from app.core.database import when_database_answers
from app.core.logging import get_logger
from app.core.migrations import SchemaIsNewer, migrate
from app.services.execution.executor import Executor
from app.services.execution.queueing import first_in_line
from app.services.runtime import open_runtime
from app.services.scorings.work import ScoringWork, is_scoring
from app.tasks.shared_answers import shared_answers

log = get_logger(__name__)

EXECUTOR_CONNECTIONS = 3
"""To the database, of one experiment: for the writer, for lookups in the cache, and for all else."""


def run_experiment(experiment_id: str) -> None:
    """Work on an experiment, or a scoring, until it ends, or until this process is told to stop."""
    # An experiment makes very many objects but few reference cycles: collect them rarely.
    gc.set_threshold(50_000, 20, 50)
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_run(uuid.UUID(experiment_id)))


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # not available on Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def _run(experiment_id: uuid.UUID) -> None:
    answers = shared_answers()
    answers.begin()
    runtime = open_runtime(
        get_settings(), ping=False, connections=EXECUTOR_CONNECTIONS, answers=answers.memory
    )
    try:
        await when_database_answers(partial(migrate, runtime.engine), "look at the schema")
        first = await when_database_answers(partial(first_in_line, runtime, experiment_id), "look who waits")
        if await when_database_answers(partial(is_scoring, runtime, first), "look what it is"):
            await ScoringWork(runtime, first).run()
            return
        executor = Executor(runtime, first)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, executor.stop)
        await executor.run()
        answers.hand_back()
    except SchemaIsNewer as error:
        # Untouched, the experiment is for a newer worker. This one would only take it away from that.
        log.error("worker_is_too_old", message=error.message, hint=error.hint)  # noqa: TRY400
        os.kill(os.getppid(), signal.SIGTERM)
    finally:
        await runtime.aclose()
