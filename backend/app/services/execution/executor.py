"""Runs one experiment: from its configuration to stored, scored runs and a result.

Objects
    *Executor*: one executor's work on one experiment, under a lease in the database. The lease is
    proven by a heartbeat each second; who finds it stale may take over.
    *Consumers*: coroutines that take the next (example, repeat) without a run, and process it.
    There are more of them than calls in flight: what waits for its next try or reads the cache
    does not keep the endpoint idle. The limiter alone bounds the calls in flight.
    *Writer*: makes rows durable in groups, apart from the consumers.

Phases
    claim → prepare (dataset; method, model, index, judge) → consume → flush → aggregate → end.

Why it ends
    all runs are stored: COMPLETED; too many failed, or a failure that all others must share:
    FAILED with the reason; cancelled: CANCELLED. In each case what is stored is aggregated.
    A shutdown or a lost lease ends the execution alone: the experiment stays RUNNING for the next.
"""

import asyncio
import uuid
from contextlib import suppress
from typing import Any

from app.core.database import is_database_away, when_database_answers
from app.core.errors import AppError
from app.core.logging import bind, get_logger
from app.domain.progress import Beat, ExecutionMode, ProgressSnapshot
from app.domain.run import RunRecord
from app.domain.status import ExperimentStatus
from app.models import Dataset, Experiment
from app.schemas.experiment_config import ExperimentConfig
from app.services.datasets.repository import DatasetRepository
from app.services.datasets.service import DatasetService
from app.services.execution.pending import PendingSamples
from app.services.execution.progress import Progress, ProgressPublisher
from app.services.execution.resources import ExperimentFailed, Resources, open_resources, open_scorers
from app.services.execution.sample import SampleRunner
from app.services.execution.writer import GroupCommitWriter
from app.services.experiments.aggregation import aggregate
from app.services.experiments.repository import ExperimentRepository
from app.services.inference.cache import CachingEngine
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime

log = get_logger(__name__)

_CONSUMERS_A_SLOT = 4
_PUBLISH_S = 0.2
_EARLY_FAILURES = 20
_LAST_FLUSH_S = 10.0


class LeaseLost(Exception):
    """Another executor has taken over, or the experiment has ended otherwise."""


class Executor:
    """One executor's work on one experiment; see the module's text."""

    def __init__(self, runtime: Runtime, experiment_id: uuid.UUID) -> None:
        self._runtime = runtime
        self._id = experiment_id
        self._lease = uuid.uuid4()
        self._progress = Progress(total=0)
        self._limiter: AdaptiveLimiter | None = None
        self._stopping = asyncio.Event()
        self._cancelled = False
        self._mode: ExecutionMode = "worker"

    def stop(self) -> None:
        """Wind down soon, so that another executor may go on (shutdown)."""
        self._stopping.set()

    async def run(self, mode: ExecutionMode = "worker") -> ExperimentStatus | None:
        """Work on the experiment until it ends; ``None`` if it was not ours to end."""
        self._mode = mode
        with bind(experiment_id=str(self._id)):
            claimed = await when_database_answers(self._claim, "claim an experiment", self._stopping.is_set)
            if not claimed:
                log.info("experiment_not_claimed")
                return None
            log.info("experiment_claimed", mode=mode)
            try:
                return await self._run_claimed()
            except LeaseLost:
                log.warning("lease_lost")
                return None

    async def _run_claimed(self) -> ExperimentStatus | None:
        publisher = ProgressPublisher(self._runtime.redis_url, str(self._id))
        work = asyncio.create_task(self._work())
        background = [
            asyncio.create_task(self._heartbeat(work)),
            asyncio.create_task(self._publish(publisher)),
        ]
        try:
            status: ExperimentStatus
            reason: str | None
            try:
                await work
                status, reason = ExperimentStatus.COMPLETED, None
            except asyncio.CancelledError:
                if (here := asyncio.current_task()) and here.cancelling():
                    await self._release()  # this process ends: another executor may go on at once
                    raise
                if not self._cancelled:
                    raise LeaseLost from None
                status, reason = ExperimentStatus.CANCELLED, "Cancelled on request."
            except ExperimentFailed as error:
                status, reason = ExperimentStatus.FAILED, str(error)
            except LeaseLost:
                raise
            except Exception as error:
                if self._stopping.is_set() and is_database_away(error):
                    await self._release()
                    return None
                log.exception("experiment_crashed")
                status, reason = ExperimentStatus.FAILED, f"Internal error: {type(error).__name__}: {error}"
            left = self._progress.total - self._progress.stored
            if status is ExperimentStatus.COMPLETED and left and self._stopping.is_set():
                await self._release()
                return None
            return await self._finish(status, reason, publisher)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await publisher.aclose()

    # -- claim, heartbeat, end ------------------------------------------------------------------

    async def _claim(self) -> bool:
        async with self._runtime.sessions() as session:
            claimed = await ExperimentRepository(session).claim(
                self._id, self._lease, self._runtime.settings.stale_after_s
            )
            await session.commit()
            return claimed

    async def _heartbeat(self, work: "asyncio.Task[None]") -> None:
        while True:
            await asyncio.sleep(self._runtime.settings.heartbeat_s)
            beat = await when_database_answers(self._beat, "send a heartbeat")
            if beat is not Beat.GO_ON and not work.done():
                self._cancelled = beat is Beat.CANCEL
                work.cancel()
                return

    async def _beat(self) -> Beat:
        async with self._runtime.sessions() as session:
            beat = await ExperimentRepository(session).heartbeat(self._id, self._lease, self._snapshot())
            await session.commit()
            return beat

    async def _publish(self, publisher: ProgressPublisher) -> None:
        while True:
            await publisher.publish({"status": ExperimentStatus.RUNNING, **self._snapshot().as_dict()})
            await asyncio.sleep(_PUBLISH_S)

    def _snapshot(self) -> ProgressSnapshot:
        limiter = self._limiter
        return self._progress.snapshot(
            in_flight=limiter.in_flight if limiter else 0,
            limit=limiter.limit if limiter else None,
            waiting_s=round(limiter.waiting_s, 1) if limiter else 0.0,
            mode=self._mode,
        )

    async def _release(self) -> None:
        async def release() -> None:
            async with self._runtime.sessions() as session:
                await ExperimentRepository(session).release(self._id, self._lease)
                await session.commit()

        await when_database_answers(release, "release an experiment", lambda: True)
        log.info("experiment_released", done=self._progress.stored)

    async def _finish(
        self, status: ExperimentStatus, reason: str | None, publisher: ProgressPublisher
    ) -> ExperimentStatus:
        snapshot = self._snapshot()
        status, reason = await self._aggregate(status, reason)

        async def finish() -> bool:
            async with self._runtime.sessions() as session:
                ended = await ExperimentRepository(session).finish(
                    self._id, self._lease, status, reason, snapshot
                )
                await session.commit() if ended else await session.rollback()
                return ended

        if not await when_database_answers(finish, "end an experiment", self._stopping.is_set):
            raise LeaseLost
        await publisher.publish({"status": status, "reason": reason, **snapshot.as_dict()})
        log.info("experiment_ended", status=status, reason=reason, done=self._progress.stored)
        return status

    async def _aggregate(
        self, status: ExperimentStatus, reason: str | None
    ) -> tuple[ExperimentStatus, str | None]:
        """Store the result; an experiment whose runs cannot be aggregated fails, and keeps them."""

        async def store() -> None:
            async with self._runtime.sessions() as session:
                await aggregate(session, self._id, wall_s=self._progress.wall_s)
                await session.commit()

        try:
            await when_database_answers(store, "store a result", self._stopping.is_set)
        except Exception as error:
            if is_database_away(error):
                raise
            log.exception("aggregation_failed")
            return ExperimentStatus.FAILED, f"The runs cannot be aggregated: {type(error).__name__}: {error}"
        return status, reason

    # -- the work -------------------------------------------------------------------------------

    async def _work(self) -> None:
        experiment, dataset, positions = await when_database_answers(self._load, "load an experiment")
        config = ExperimentConfig.model_validate(experiment.config)
        self._require_few_failures(config)  # an earlier executor may have died before it could say so
        async with open_resources(
            self._runtime, config, experiment, dataset, self._progress.prepare
        ) as resources:
            self._progress.prepared()
            await self._run_all(config, dataset, positions, resources)

    async def _run_all(
        self, config: ExperimentConfig, dataset: Dataset, positions: list[int], resources: Resources
    ) -> None:
        model, settings = resources.model, self._runtime.settings
        ceiling = min(config.concurrency, model.max_concurrency or config.concurrency)
        self._limiter = AdaptiveLimiter(ceiling)
        async with (
            GroupCommitWriter(self._runtime.autocommit, self._may_lose) as writer,
            open_scorers(self._runtime, config, dataset.scoring, writer) as scoring,
        ):
            retrying = RetryingEngine(
                model.engine, self._limiter, settings.max_attempts, settings.rate_limit_patience_s
            )
            engine = CachingEngine(retrying, writer, model.fingerprint, read=config.cache)
            runner = SampleRunner(
                self._id,
                config,
                resources.method,
                dataset.scoring,
                model.spec,
                engine,
                scoring,
                window=model.window,
            )
            await self._consume(runner, writer, config, dataset.id, positions, ceiling)

    async def _load(self) -> tuple[Experiment, Dataset, list[int]]:
        async with self._runtime.sessions() as session:
            # One that is deleted meanwhile is loaded too: the next heartbeat cancels it.
            experiment = await ExperimentRepository(session).get(self._id, deleted=True)
            if experiment is None:
                raise LeaseLost
            datasets = DatasetRepository(session)
            dataset = await datasets.get(experiment.dataset_id)
            if dataset is None:
                raise ExperimentFailed("The dataset of this experiment is gone.")
            config = ExperimentConfig.model_validate(experiment.config)
            positions = await DatasetService(session).sample(dataset, config.dataset.n, config.seed)
            self._progress = Progress(experiment.total)
            if experiment.progress is not None:
                self._progress.active_s = ProgressSnapshot.from_dict(experiment.progress).active_s
            self._progress.begin(await RunRepository(session).tally(self._id))
            return experiment, dataset, positions

    def _may_lose(self) -> int:
        limiter = self._limiter
        return 0 if limiter is None else limiter.ceiling - limiter.in_flight

    async def _consume(
        self,
        runner: SampleRunner,
        writer: GroupCommitWriter,
        config: ExperimentConfig,
        dataset_id: uuid.UUID,
        positions: list[int],
        ceiling: int,
    ) -> None:
        feed = PendingSamples(self._runtime.sessions, self._id, dataset_id, positions, config.repeats)

        async def consume() -> None:
            while not self._stopping.is_set():
                await writer.room()
                sample = await feed.next()
                if sample is None:
                    return
                run = await runner.run(sample)
                writer.add_run(run)
                self._count(run, config)

        left = max(1, self._progress.total - self._progress.stored)
        tasks = [asyncio.create_task(consume()) for _ in range(min(ceiling * _CONSUMERS_A_SLOT, left))]
        try:
            await self._until_done_or_stopped(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # What has been answered is kept, whatever ends the work; only a shutdown does not wait
            # for a database that is away: what is lost then is asked for again.
            async with asyncio.timeout(_LAST_FLUSH_S if self._stopping.is_set() else None):
                await writer.flush()

    async def _until_done_or_stopped(self, tasks: "list[asyncio.Task[None]]") -> None:
        everything: asyncio.Future[Any] = asyncio.gather(*tasks)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            waited: set[asyncio.Future[Any]] = {everything, stopping}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not everything.done():
                await asyncio.wait({everything}, timeout=self._runtime.settings.shutdown_grace_s)
            if everything.done():
                everything.result()
        finally:
            stopping.cancel()
            everything.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await everything

    def _count(self, run: RunRecord, config: ExperimentConfig) -> None:
        self._progress.count(run)
        if run.failure_kind is None:
            return
        if run.failure_kind.fatal:
            raise ExperimentFailed(run.failure_message)
        self._require_few_failures(config, f" Last: {run.failure_message}")

    def _require_few_failures(self, config: ExperimentConfig, last: str = "") -> None:
        progress = self._progress
        allowed = config.max_failed_share * progress.total
        all_failed = progress.failed == progress.stored >= _EARLY_FAILURES and config.max_failed_share < 1
        if progress.failed > allowed or all_failed:
            kinds = ", ".join(f"{count} × {kind}" for kind, count in progress.failures.most_common())
            raise ExperimentFailed(
                f"{progress.failed} of {progress.stored} runs failed ({kinds}), more than max_failed_share "
                f"({config.max_failed_share:g} of {progress.total}) allows.{last}"
            )


async def run_experiment(runtime: Runtime, experiment_id: uuid.UUID, mode: ExecutionMode = "worker") -> None:
    """Work on one experiment, in the API's own process when there is no queue (``mode``)."""
    try:
        await Executor(runtime, experiment_id).run(mode)
    except AppError as error:
        log.error("execution_failed", experiment_id=str(experiment_id), error=error.message)  # noqa: TRY400
