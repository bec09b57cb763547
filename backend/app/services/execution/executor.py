"""Works on one experiment: from its configuration to stored, scored runs and a result.

Objects
    *Executor*: one process's work on one experiment, while it holds a *lease* (``lease.py``). Several may
    work on one experiment. A heartbeat each second keeps the lease, tells how far this executor is, and
    tells it what the others do: its part of the calls in flight, and whether the experiment is to end.
    *Shards*: slices of the sample. Executors claim them one after another; those of an executor that is
    gone are free again.
    *Consumers*: coroutines that take the next sample (an example and a repeat without a run), and run
    it. There are more of them than calls in flight: while some wait for a retry or read the cache,
    others keep the endpoint busy. The limiter alone bounds the calls in flight.
    *Writer*: stores runs and answers in groups, apart from the consumers.

Phases
    join → resolve and open (method, model, index, judge) → claim and consume → flush → leave; the last to
    leave aggregates and ends the experiment.

How it ends
    All runs are stored: COMPLETED. Too many failed, or one failed in a way that all others must:
    FAILED with the reason. A user cancelled it, or its budget is spent: CANCELLED. In each case the
    stored runs are aggregated.
    After a shutdown or a lost lease the experiment stays RUNNING, for the next executor.
"""

import asyncio
import uuid
from functools import partial

from redis.exceptions import RedisError

from app.core.database import is_database_away, when_database_answers
from app.core.errors import AppError
from app.core.logging import bind, get_logger
from app.domain.progress import Ending, ExecutionMode
from app.domain.readable_errors import sentence_of
from app.domain.status import ExperimentStatus
from app.services.execution.answering import Answering
from app.services.execution.batch_answering import BatchAnswering
from app.services.execution.lease import Joined, Lease, LeaseLost, Report, Whole
from app.services.execution.progress import Progress
from app.services.execution.queueing import enqueue, recruit, wanted_executors
from app.services.execution.resources import ExperimentFailed
from app.services.execution.sending import execution_of
from app.services.execution.tasks import background
from app.services.execution.turns import Turn
from app.services.experiments.aggregation import aggregate
from app.services.experiments.provider_wait_repository import ProviderWaitRepository
from app.services.experiments.retries import end_retry
from app.services.inference.failures import clean
from app.services.runtime import Runtime
from app.services.tracing.traces import RunTraces, open_traces

log = get_logger(__name__)

_UNSETTLED_S = 0.2  # between heartbeats while calls in flight are given from one executor to another
_MOST_WAIT_S = 10.0  # that a worker waits for a look at a batch job; leaving and coming back takes about 3
_RECRUIT_EVERY_S = 5.0  # looks for workers that have nothing to do


class Executor:
    """One process's work on one experiment; see the module's text.

    Args:
        runtime: of this process.
        experiment_id: what to work on.
        mode: where this is, for whoever watches.
    """

    def __init__(self, runtime: Runtime, experiment_id: uuid.UUID, mode: ExecutionMode = "worker") -> None:
        self._runtime = runtime
        self._id = experiment_id
        self._stopping = asyncio.Event()
        self._mode: ExecutionMode = mode
        self._traces: RunTraces | None = None
        self._begin()

    def _begin(self) -> None:
        """Make what is new each time that the experiment is joined."""
        runtime = self._runtime
        self._lease = Lease(
            runtime.sessions,
            runtime.autocommit,
            self._id,
            runtime.settings.stale_after_s,
            self._stopping.is_set,
            announces=runtime.settings.has_webhook,
        )
        self._progress = Progress(self._mode)
        self._ending: Ending | None = None
        self._answering: Answering | None = None
        self._at_provider = False

    def stop(self) -> None:
        """Stop soon, because this process ends: another executor may continue."""
        self._stopping.set()
        if self._answering is not None:
            self._answering.stop()

    async def run(self) -> ExperimentStatus | None:
        """Work on the experiment until nothing is left to do.

        Returns:
            How it ended; ``None`` if this executor did not end it: others work on it, or will.
        """
        with bind(experiment_id=str(self._id)):
            try:
                return await self._join_while_of_use()
            finally:
                # After the end, which no collector holds up, and for some seconds at most.
                if self._traces is not None:
                    await asyncio.to_thread(self._traces.close)

    async def _join_while_of_use(self) -> ExperimentStatus | None:
        status = await self._join()
        while self._at_provider and await self._waited():
            self._begin()
            status = await self._join()
        return status

    async def _waited(self) -> bool:
        """Wait until a batch job at the provider is to be looked at; return whether that is so.

        A worker waits for some seconds at most: otherwise the experiment is queued again when it is time.
        """
        while not self._stopping.is_set():
            async with self._runtime.sessions() as session:
                wait_s = await ProviderWaitRepository(session).seconds_to_wait(self._id)
                if wait_s is None or (self._mode == "worker" and wait_s > _MOST_WAIT_S):
                    return False
            if wait_s <= 0:
                return True
            await asyncio.sleep(min(wait_s, self._runtime.settings.heartbeat_s))
        return False

    async def _join(self) -> ExperimentStatus | None:
        joined = await self._lease.join(self._progress.gauges(), partial(wanted_executors, self._runtime))
        if joined is None:
            log.info("experiment_not_joined")
            return None
        log.info("experiment_joined", mode=self._mode, others=len(joined.whole.others))
        try:
            return await self._run_joined(joined)
        except LeaseLost:
            log.warning("lease_lost")
            return None

    async def _run_joined(self, joined: Joined) -> ExperimentStatus | None:
        self._progress.begin(joined.experiment.total, joined.whole)
        self._traces = self._traces or open_traces(self._runtime.settings)
        turn = Turn(self._runtime, joined.experiment)
        wanted = wanted_executors(self._runtime, joined.experiment)
        in_batches = execution_of(joined.experiment.config).mode == "batch_job"
        answering = self._answering = (BatchAnswering if in_batches else Answering)(
            self._runtime,
            self._lease,
            joined,
            self._progress,
            turn,
            self._stopping,
            alone=wanted == 1,
            traces=self._traces,
        )
        work = asyncio.create_task(answering.work())
        beside = [self._heartbeat(work, answering, turn)]
        if self._mode == "worker" and wanted > 1:
            beside.append(self._recruit(answering, wanted))
        if answering.side_by_side is not None:
            beside.append(answering.side_by_side.watch(self._runtime.settings.heartbeat_s))
        async with background(*beside):
            ending = await self._ending_of(work)
            if answering.side_by_side is not None and not self._stopping.is_set():
                await (
                    answering.side_by_side.look()
                )  # at what was answered since the last look, before it ends
            left = await self._leave(ending)
            if left is not None:
                return await self._finish(left)
        if answering.handing_back:
            await self._queue_again()
        return None

    async def _queue_again(self) -> None:
        try:
            await enqueue(self._runtime, self._id)
        except (RedisError, OSError) as error:  # recovery queues it again
            log.warning("queue_away", error=type(error).__name__)

    async def _ending_of(self, work: "asyncio.Task[None]") -> Ending | None:
        """Wait for the work; return how the experiment is to end, ``None`` if all is well."""
        try:
            await work
        except asyncio.CancelledError:
            if (here := asyncio.current_task()) and here.cancelling():
                await self._leave(None, at_once=True)  # this process ends: another may continue at once
                raise
            if self._ending is None:
                raise LeaseLost from None
            return self._ending
        except ExperimentFailed as error:
            return Ending(ExperimentStatus.FAILED, str(error))
        except LeaseLost:
            raise
        except Exception as error:
            if self._stopping.is_set() and is_database_away(error):
                return None
            log.exception("experiment_crashed")
            return Ending(ExperimentStatus.FAILED, f"Internal error: {clean(sentence_of(error))}")
        return None

    async def _leave(self, ending: Ending | None, *, at_once: bool = False) -> Ending | None:
        """Leave; if this is the last executor, return what it must end the experiment with."""
        queue = self._answering is not None and self._answering.handing_back

        def judge(whole: Whole) -> Ending | None:
            if ending is not None or self._answering is None:
                return ending
            failed = self._answering.judge(whole.tally)
            if failed is not None or whole.others:
                return failed  # others wait for the calls in flight, and find by themselves that it is spent
            return self._answering.ending_by_budget(whole.tally)

        if isinstance(self._answering, BatchAnswering):
            self._at_provider = await self._answering.waits(ending or self._ending)
        waits = self._at_provider
        left = await self._lease.leave(self._report(), judge, at_once=at_once, queue=queue, waits=waits)
        log.info("experiment_left", done=self._progress.tally.stored, last=left is not None)
        return left

    async def _finish(self, ending: Ending) -> ExperimentStatus:
        ending = await self._aggregate(ending)
        await self._lease.finish(ending)
        done = self._progress.tally.stored
        log.info("experiment_ended", status=ending.status, reason=ending.reason, done=done)
        return ending.status

    async def _aggregate(self, ending: Ending) -> Ending:
        """Store the result; an experiment whose runs cannot be aggregated fails, and keeps them."""

        async def store() -> Ending:
            async with self._runtime.sessions() as session:
                ended = await end_retry(session, self._id, ending)
                # The time of a provider's batch job says nothing of how fast it answers.
                wall_s = None if isinstance(self._answering, BatchAnswering) else self._progress.wall_s
                await aggregate(session, self._id, wall_s=wall_s)
                await session.commit()
                return ended

        try:
            return await when_database_answers(store, "store a result", self._stopping.is_set)
        except Exception as error:
            if is_database_away(error):
                raise
            log.exception("aggregation_failed")
            reason = f"The runs cannot be aggregated: {clean(sentence_of(error))}"
            return Ending(ExperimentStatus.FAILED, reason)

    # -- beside the work ------------------------------------------------------------------------

    def _report(self) -> Report:
        answering = self._answering
        return self._progress.report(answering.committed if answering else 0)

    async def _heartbeat(self, work: "asyncio.Task[None]", answering: Answering, turn: Turn) -> None:
        told = False
        while True:
            every_s = self._runtime.settings.heartbeat_s
            await asyncio.sleep(min(every_s, _UNSETTLED_S) if answering.slots.unsettled else every_s)
            report = self._report()
            try:
                whole = await self._lease.beat(report, answering.slots)
            except LeaseLost:
                if not answering.flushing:
                    work.cancel()
                return
            self._progress.told(report, whole)
            self._ending = whole.ending or answering.adapt(whole)
            if self._ending is not None and not told:
                told = answering.flushing or work.cancel()
            elif answering.flushing or self._mode != "worker":
                continue
            elif answering.handing_back or await turn.is_over(whole.rank):
                answering.hand_back()

    async def _recruit(self, answering: Answering, wanted: int) -> None:
        """Look for workers that have nothing to do; of all executors, the first one does."""
        while True:
            await asyncio.sleep(_RECRUIT_EVERY_S)
            whole = answering.whole
            if whole.rank == 0 and whole.sums.free and whole.ending is None:
                await recruit(self._runtime, self._id, wanted - 1 - len(whole.others))


async def run_experiment(runtime: Runtime, experiment_id: uuid.UUID, mode: ExecutionMode = "worker") -> None:
    """Work on one experiment until nothing is left to do; an error of this process goes to the log."""
    try:
        await Executor(runtime, experiment_id, mode).run()
    except AppError as error:
        log.error("execution_failed", experiment_id=str(experiment_id), error=error.message)  # noqa: TRY400
