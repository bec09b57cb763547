"""Runs one experiment: from its configuration to stored, scored runs and a result.

Objects
    *Executor*: one process's work on one experiment, while it holds the *lease* (``lease.py``). A
    heartbeat each second keeps the lease; when it grows stale, another executor may claim it.
    *Consumers*: coroutines that take the next sample (an example and a repeat without a run), and run
    it. There are more of them than calls in flight: while some wait for a retry or read the cache,
    others keep the endpoint busy. The limiter alone bounds the calls in flight.
    *Writer*: stores runs and answers in groups, apart from the consumers.

Phases
    claim → load → resolve and open (method, model, index, judge) → consume → flush → aggregate → end.

How it ends
    All runs are stored: COMPLETED. Too many failed, or one failed in a way that all others must:
    FAILED with the reason. A user cancelled it: CANCELLED. In each case the stored runs are aggregated.
    After a shutdown or a lost lease the experiment stays RUNNING, for the next executor.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from app.core.database import is_database_away, when_database_answers
from app.core.errors import AppError
from app.core.logging import bind, get_logger
from app.domain.progress import Beat, ExecutionMode
from app.domain.provenance import Provenance
from app.domain.readable_errors import sentence_of
from app.domain.run import RunRecord
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.schemas.experiment_config import ExperimentConfig
from app.services.datasets.service import DatasetService
from app.services.execution.lease import Lease, LeaseLost
from app.services.execution.pending import PendingSamples
from app.services.execution.progress import Progress, ProgressPublisher
from app.services.execution.resources import ExperimentFailed, Resources, open_resources, open_scorers
from app.services.execution.sample import SampleRunner
from app.services.execution.tasks import background, run_consumers
from app.services.execution.writer import GroupCommitWriter
from app.services.experiments.aggregation import aggregate
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.resolution import PinnedVersions, ResolvedConfig, resolve
from app.services.inference.cache import CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.failures import clean
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from app.services.runs.repository import RunRepository
from app.services.runtime import Runtime

log = get_logger(__name__)

_CONSUMERS_A_SLOT = 4
_PUBLISH_S = 0.2
_EARLY_FAILURES = 20
_LAST_FLUSH_S = 10.0


@dataclass(frozen=True, slots=True)
class Ending:
    """The status that an experiment ends with, and why."""

    status: ExperimentStatus
    reason: str | None = None


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
        self._mode = mode
        self._stopping = asyncio.Event()
        self._lease = Lease(
            runtime.sessions, experiment_id, runtime.settings.stale_after_s, self._stopping.is_set
        )
        self._progress = Progress(mode)
        self._last_beat = Beat.CONTINUE

    def stop(self) -> None:
        """Stop soon, because this process ends: another executor may continue."""
        self._stopping.set()

    async def run(self) -> ExperimentStatus | None:
        """Work on the experiment until it ends.

        Returns:
            How it ended; ``None`` if it did not: another executor works on it, or will.
        """
        with bind(experiment_id=str(self._id)):
            if not await self._lease.claim():
                log.info("experiment_not_claimed")
                return None
            log.info("experiment_claimed", mode=self._mode)
            try:
                return await self._run_claimed()
            except LeaseLost:
                log.warning("lease_lost")
                return None

    async def _run_claimed(self) -> ExperimentStatus | None:
        async with ProgressPublisher(self._runtime.redis_url, str(self._id)) as publisher:
            work = asyncio.create_task(self._work())
            async with background(self._heartbeat(work), self._publish(publisher)):
                ending = await self._ending_of(work)
                if ending is None:
                    await self._release()
                    return None
                return await self._finish(ending, publisher)

    async def _ending_of(self, work: "asyncio.Task[None]") -> Ending | None:
        """Wait for the work; return how the experiment ends, ``None`` if a shutdown interrupts it."""
        try:
            await work
        except asyncio.CancelledError:
            if (here := asyncio.current_task()) and here.cancelling():
                await self._release()  # this process ends: another executor may claim at once
                raise
            if self._last_beat is not Beat.CANCEL:
                raise LeaseLost from None
            return Ending(ExperimentStatus.CANCELLED, "Cancelled on request.")
        except ExperimentFailed as error:
            return Ending(ExperimentStatus.FAILED, str(error))
        except LeaseLost:
            raise
        except Exception as error:
            if self._stopping.is_set() and is_database_away(error):
                return None
            log.exception("experiment_crashed")
            return Ending(ExperimentStatus.FAILED, f"Internal error: {clean(sentence_of(error))}")
        if self._stopping.is_set() and self._progress.left:
            return None
        return Ending(ExperimentStatus.COMPLETED)

    async def _release(self) -> None:
        await self._lease.release()
        log.info("experiment_released", done=self._progress.stored)

    async def _finish(self, ending: Ending, publisher: ProgressPublisher) -> ExperimentStatus:
        snapshot = self._progress.snapshot()
        ending = await self._aggregate(ending)
        await self._lease.finish(ending.status, ending.reason, snapshot)
        await publisher.publish(ending.status, snapshot)
        log.info("experiment_ended", status=ending.status, reason=ending.reason, done=self._progress.stored)
        return ending.status

    async def _aggregate(self, ending: Ending) -> Ending:
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
            reason = f"The runs cannot be aggregated: {clean(sentence_of(error))}"
            return Ending(ExperimentStatus.FAILED, reason)
        return ending

    # -- beside the work ------------------------------------------------------------------------

    async def _heartbeat(self, work: "asyncio.Task[None]") -> None:
        while True:
            await asyncio.sleep(self._runtime.settings.heartbeat_s)
            self._last_beat = await self._lease.beat(self._progress.snapshot())
            if self._last_beat is not Beat.CONTINUE and not work.done():
                work.cancel()
                return

    async def _publish(self, publisher: ProgressPublisher) -> None:
        while True:
            await publisher.publish(ExperimentStatus.RUNNING, self._progress.snapshot())
            await asyncio.sleep(_PUBLISH_S)

    # -- the work -------------------------------------------------------------------------------

    async def _work(self) -> None:
        experiment = await when_database_answers(self._load, "load an experiment")
        config = ExperimentConfig.model_validate(experiment.config)
        self._require_few_failures(config)  # an earlier executor may have died before it could end it
        resolved, positions = await self._resolve(experiment, config)
        provenance = Provenance.from_json(experiment.provenance)
        async with open_resources(self._runtime, resolved, provenance, self._progress.prepare) as resources:
            self._progress.prepared()
            await self._answer(resolved, positions, resources, await self._resumed(experiment, config))

    async def _load(self) -> Experiment:
        """Return the experiment, and count what is stored of it already."""
        async with self._runtime.sessions() as session:
            # A deleted one is loaded, too: the next heartbeat cancels it.
            experiment = await ExperimentRepository(session).get(self._id, deleted=True)
            if experiment is None:
                raise LeaseLost
            tally = await RunRepository(session).tally(self._id)
        before = experiment.progress_snapshot
        self._progress.begin(experiment.total, tally, before.active_s if before else 0.0)
        return experiment

    async def _resolve(
        self, experiment: Experiment, config: ExperimentConfig
    ) -> tuple[ResolvedConfig, list[int]]:
        """Return what the configuration names, and the positions of the sample in the dataset."""

        async def read() -> tuple[ResolvedConfig, list[int]]:
            async with self._runtime.sessions() as session:
                resolved = await resolve(session, self._runtime, config, PinnedVersions.of(experiment))
                n, seed = config.dataset.n, config.seed
                return resolved, await DatasetService(session).sample(resolved.dataset, n, seed)

        try:
            return await when_database_answers(read, "resolve a configuration")
        except (AppError, CatalogError) as error:
            raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error

    async def _resumed(self, experiment: Experiment, config: ExperimentConfig) -> list[uuid.UUID]:
        """Return the experiments whose runs answers are taken from; the cache has them if it is read."""
        if config.cache:
            return []

        async def read() -> list[uuid.UUID]:
            async with self._runtime.sessions() as session:
                return await ExperimentRepository(session).resumed(experiment)

        return await when_database_answers(read, "read what is resumed")

    async def _answer(
        self,
        resolved: ResolvedConfig,
        positions: Sequence[int],
        resources: Resources,
        resumed: Sequence[uuid.UUID],
    ) -> None:
        """Answer, score and store all pending samples."""
        config, model, settings = resolved.config, resources.model, self._runtime.settings
        limiter = AdaptiveLimiter(min(config.concurrency, model.max_concurrency or config.concurrency))
        self._progress.watch(limiter)
        async with (
            GroupCommitWriter(
                self._runtime.autocommit, lambda: limiter.ceiling - limiter.in_flight
            ) as writer,
            open_scorers(self._runtime, config, resolved.dataset.scoring, writer) as scoring,
        ):
            retrying = RetryingEngine(
                model.engine,
                limiter,
                settings.max_attempts,
                settings.rate_limit_patience_s,
                waiting=self._progress.wait_for,
            )
            runner = SampleRunner(
                self._id,
                config,
                resources.method,
                resolved.dataset.scoring,
                model.spec,
                CachingEngine(retrying, writer, model.fingerprint, read=config.cache),
                scoring,
                window=model.window,
            )
            pending = PendingSamples(
                self._runtime.sessions, self._id, resolved.dataset.id, positions, config.repeats, resumed
            )
            consume = partial(self._consume, pending, runner, writer, config)
            count = min(limiter.ceiling * _CONSUMERS_A_SLOT, max(1, self._progress.left))
            try:
                await run_consumers(consume, count, self._stopping, settings.shutdown_grace_s)
            finally:
                await self._flush(writer)

    async def _consume(
        self,
        pending: PendingSamples,
        runner: SampleRunner,
        writer: GroupCommitWriter,
        config: ExperimentConfig,
    ) -> None:
        while not self._stopping.is_set():
            await writer.room()
            sample = await pending.next()
            if sample is None:
                return
            run = await runner.run(sample)
            writer.add_run(run)
            self._count(run, config)

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

    async def _flush(self, writer: GroupCommitWriter) -> None:
        """Store what was answered, whatever ended the work.

        Only a shutdown does not wait for a database that is away: what is lost then is asked for again.
        """
        async with asyncio.timeout(_LAST_FLUSH_S if self._stopping.is_set() else None):
            await writer.flush()


async def run_experiment(runtime: Runtime, experiment_id: uuid.UUID, mode: ExecutionMode = "worker") -> None:
    """Work on one experiment until it ends; an error of this process goes to the log."""
    try:
        await Executor(runtime, experiment_id, mode).run()
    except AppError as error:
        log.error("execution_failed", experiment_id=str(experiment_id), error=error.message)  # noqa: TRY400
