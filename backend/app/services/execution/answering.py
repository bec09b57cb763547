"""One executor's answering of samples: what it opens, its consumers, and what changes while they work."""

import asyncio
import uuid
from collections.abc import Sequence
from functools import partial
from statistics import fmean

from app.core.database import when_database_answers
from app.core.errors import AppError
from app.domain.progress import Ending
from app.domain.provenance import Provenance
from app.domain.run import RunRecord, Tally
from app.domain.sharding import ShardSlice, claim_count, shard_size
from app.domain.status import ExperimentStatus
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.stored_config import UnreadableConfig, read_config
from app.services.datasets.service import DatasetService
from app.services.execution.batch_calls import Parked
from app.services.execution.budget import BudgetedEngine, open_purse
from app.services.execution.cache_tiers import CacheTiers
from app.services.execution.failure_budget import too_many_failures
from app.services.execution.lease import Joined, Lease, Whole
from app.services.execution.pending import More, PendingSamples, SampleReader
from app.services.execution.progress import Progress
from app.services.execution.purse import Purse
from app.services.execution.resources import ExperimentFailed, Resources, open_resources, open_scorers
from app.services.execution.sample import Sample, SampleRunner
from app.services.execution.scheduling import Schedule
from app.services.execution.sending import Sending
from app.services.execution.side_by_side import SideBySide
from app.services.execution.slots import Slots
from app.services.execution.tasks import run_consumers
from app.services.execution.traced import traced
from app.services.execution.turns import Turn
from app.services.execution.writer import GroupCommitWriter
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.resolution import PinnedVersions, ResolvedConfig, resolve
from app.services.inference.base import Engine
from app.services.inference.cache import CacheStore, CachingEngine
from app.services.inference.catalog import CatalogError
from app.services.inference.grouping import GroupingEngine
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.registry import OpenedModel
from app.services.inference.retry import RetryingEngine
from app.services.runtime import Runtime
from app.services.tracing.traces import RunTraces

_LAST_FLUSH_S = 10.0


class Answering:
    """The work of one executor on its shards of an experiment.

    Attributes:
        slots: this executor's part of the calls in flight.
        whole: the whole experiment, as the last heartbeat has found it.
        handing_back: whether it makes room for another experiment.
        flushing: whether its work is over, and only what was answered is stored.
        side_by_side: looks at the experiments that it is compared with until that is settled, or ``None``.

    Args:
        runtime: of this process.
        lease: under which shards are claimed and runs are stored.
        joined: what the executor begins with.
        progress: counts what is done.
        turn: begins when everything is opened.
        stopping: set when this process is to end.
        alone: whether no other executor can join.
        traces: of the runs; ``None`` without a collector.
    """

    def __init__(
        self,
        runtime: Runtime,
        lease: Lease,
        joined: Joined,
        progress: Progress,
        turn: Turn,
        stopping: asyncio.Event,
        *,
        alone: bool,
        traces: RunTraces | None = None,
    ) -> None:
        self._traces = traces
        self._runtime = runtime
        self._lease = lease
        self._experiment = joined.experiment
        self.whole = joined.whole
        self.handing_back = self.flushing = self._closing = False
        self._progress = progress
        self._turn = turn
        self._stopping = stopping
        self._leaving = asyncio.Event()  # set when consumers are to return soon
        self._alone = alone
        self._free = joined.whole.sums.free
        self._sending = Sending.of(joined.experiment.config)
        self._limiter = AdaptiveLimiter(self._sending.calls)
        self._limiter.resize(min(joined.slots, self._sending.calls))
        self.slots = Slots(self._sending.calls, self._limiter)
        self._groups: GroupingEngine | None = None
        self._purse: Purse | None = None
        self._writer = GroupCommitWriter(
            runtime.autocommit,
            lease.id,
            lambda: self._limiter.ceiling - self._limiter.in_flight,
            stored=None if traces is None else traces.stored,
        )
        self._cache = CacheTiers(runtime.answers, self._writer, runtime.autocommit)
        self.side_by_side = SideBySide.of(runtime, joined.experiment)
        self._pending = PendingSamples(lambda: self._sending.consumers(self._limiter.ceiling))

    @property
    def committed(self) -> int:
        """Runs that are stored, of those that this executor has made."""
        return self._writer.committed

    def stop(self) -> None:
        """Take no more samples, and give those that were taken a little time, because this process ends."""
        self._pending.close()
        self._leaving.set()

    def hand_back(self) -> None:
        """Take no more samples and start no more calls; those in flight are waited for."""
        self.handing_back = True
        self._start_no_more()
        if not self._limiter.in_flight:  # what is left waits, for a judge or to try again
            self._leaving.set()

    def _start_no_more(self) -> None:
        """Take no more samples and start no more calls."""
        self._closing = True
        self._pending.close()
        self._limiter.close()
        if self._groups is not None:
            self._groups.close()

    # -- what the heartbeat finds -----------------------------------------------------------------

    def adapt(self, whole: Whole) -> Ending | None:
        """Take over what a heartbeat has found; return what the experiment must end with, if it must."""
        before, now = len(self.whole.others) + 1, len(whole.others) + 1
        if before != now:  # all executors together keep the endpoint's rate
            self._limiter.scale_interval(now / before)
        self.whole, self._free = whole, whole.sums.free
        if self._free:
            self._pending.shards_are_free()
        self._pending.look()  # the part of the calls in flight may have grown
        return self.judge(self._progress.tally)

    def judge(self, tally: Tally) -> Ending | None:
        """Return what the experiment must end with, if it must, by the counts of all its runs."""
        allowed = float(self._experiment.config["max_failed_share"])
        reason = too_many_failures(tally, self._progress.total, allowed)
        return None if reason is None else Ending(ExperimentStatus.FAILED, reason)

    def ending_by_budget(self, tally: Tally) -> Ending | None:
        """Return what the experiment must end with because its budget is spent and questions are left."""
        return None if self._purse is None else self._purse.ending(tally.stored, self._progress.total)

    # -- the work -------------------------------------------------------------------------------

    async def work(self) -> None:
        """Answer, score and store samples until nothing is left to do for this executor.

        Raises:
            ExperimentFailed: if the experiment cannot go on.
            LeaseLost: if another executor has taken the lease away.
        """
        self._require_few_failures()  # an earlier executor may have died before it could end it
        if self.whole.ending is not None or not self.whole.sums.unfinished:
            return  # only the end is left to do
        await self._answer_all(self._read_config())

    def _read_config(self) -> ExperimentConfig:
        try:
            return read_config(self._experiment.config)
        except UnreadableConfig as error:
            raise ExperimentFailed(f"{error.message} {error.hint}") from error

    async def _answer_all(self, config: ExperimentConfig) -> None:
        """Open what samples are answered with, and answer them."""
        resolved, positions = await self._resolve(config)
        provenance = Provenance.from_json(self._experiment.provenance)
        async with open_resources(self._runtime, resolved, provenance, self._progress.prepare) as resources:
            reader = SampleReader(
                self._runtime.sessions,
                self._experiment.id,
                resolved.dataset.id,
                positions,
                config.repeats,
                [] if config.cache else await self._resumed(),  # the cache has them if it is read
                self._progress.take,
            )
            self._progress.prepared()
            self._turn.begin()
            await self._answer(resolved, resources, reader)

    async def _resolve(self, config: ExperimentConfig) -> tuple[ResolvedConfig, list[int]]:
        """Return what the configuration names, and the positions of the sample in the dataset."""

        async def read() -> tuple[ResolvedConfig, list[int]]:
            async with self._runtime.sessions() as session:
                pinned = PinnedVersions.of(self._experiment)
                resolved = await resolve(session, self._runtime, config, pinned)
                n, seed = config.dataset.n, config.seed
                shuffled = self._experiment.sequential_id is not None
                sample = DatasetService(session).sample(resolved.dataset, n, seed, shuffled=shuffled)
                return resolved, await sample

        try:
            return await when_database_answers(read, "resolve a configuration")
        except (AppError, CatalogError) as error:
            raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error

    async def _resumed(self) -> list[uuid.UUID]:
        """Return the experiments whose runs answers are taken from."""

        async def read() -> list[uuid.UUID]:
            async with self._runtime.sessions() as session:
                return await ExperimentRepository(session).resumed(self._experiment)

        return await when_database_answers(read, "read what is resumed")

    async def _answer(self, resolved: ResolvedConfig, resources: Resources, reader: SampleReader) -> None:
        """Answer, score and store samples."""
        config, model, settings = resolved.config, resources.model, self._runtime.settings
        rule = resolved.dataset.scoring
        if self._traces is not None:
            self._traces.begin(traced(self._experiment, config, model.spec.usd_per_1m, settings))
        self._purse = await open_purse(
            self._runtime, self._experiment, config.budget, self._start_no_more, self._stopping.is_set
        )
        if self._purse is not None and self._purse.reason is not None:
            return
        if model.max_concurrency is not None:
            self.slots.cap(model.max_concurrency)
        self._learn_from(self.whole)
        self._progress.watch(self._limiter)
        async with (
            self._writer as writer,
            open_scorers(
                self._runtime, self._experiment.id, config, rule, self._cache, self._purse
            ) as scoring,
        ):
            most = min(self._sending.calls, model.max_concurrency or self._sending.calls)
            left = self._progress.total - self._progress.tally.stored
            count = min(self._sending.consumers(most), max(1, left))
            runner = SampleRunner(
                self._experiment.id,
                config,
                resources.method,
                rule,
                model.spec,
                self._engine(config, model, writer, count),
                scoring,
                window=model.window,
            )
            schedule = Schedule(config.execution, resources.method, resources.retriever)
            try:
                await run_consumers(
                    partial(self._consume, runner, partial(self._more, reader, schedule)),
                    count,
                    self._leaving,
                    settings.shutdown_grace_s,
                )
            finally:
                await self._flush()

    def _engine(
        self, config: ExperimentConfig, model: OpenedModel, writer: GroupCommitWriter, consumers: int
    ) -> Engine:
        """Return what answers the calls of methods, so many samples at a time."""
        settings = self._runtime.settings
        engine = model.engine
        if self._purse is not None:
            engine = BudgetedEngine(engine, self._purse, model.spec.usd_per_1m)
        retrying = RetryingEngine(
            engine,
            self._limiter,
            settings.max_attempts,
            settings.rate_limit_patience_s,
            waiting=self._progress.wait_for,
        )
        return CachingEngine(
            self._grouped(retrying, consumers),
            self._store(config, writer),
            model.fingerprint,
            read=config.cache,
            scope=config.execution.cache_scope,
        )

    def _store(self, config: ExperimentConfig, writer: GroupCommitWriter) -> CacheStore:
        """Return where answers are kept: memory holds what the database has, or lacked when it was read."""
        return self._cache if config.cache else writer

    def _grouped(self, engine: Engine, consumers: int) -> Engine:
        """Return the engine that so many consumers ask: in groups, if the experiment is to be run so."""
        if self._sending.group is None:
            return engine
        self._groups = GroupingEngine(engine, self._sending.group, lambda: self._pending.takers(consumers))
        self._pending.changed = self._groups.look
        return self._groups

    def _learn_from(self, whole: Whole) -> None:
        """Begin with what other executors have learned of the endpoint's limits."""
        gauges = [one.gauges for one in whole.others]
        limits = [
            one.gauges.limit
            for one in whole.others
            if one.gauges.limit is not None and one.gauges.limit < one.slots
        ]
        intervals = [one.interval_s for one in gauges if one.interval_s]
        interval_s = fmean(intervals) * (len(gauges) + 1) / len(gauges) if intervals else 0.0
        self._limiter.assume(max(1, round(fmean(limits))) if limits else None, interval_s)

    async def _more(self, reader: SampleReader, schedule: Schedule) -> Sequence[Sample] | None:
        """Claim further shards, and return their samples in order; ``None`` if there are none to claim."""
        config = self._experiment.config
        repeats = int(config["repeats"])
        samples = repeats * shard_size(self._experiment.total // repeats, repeats)
        executors, at_once = len(self.whole.others) + 1, schedule.claimed_at_once
        count = claim_count(self._free, executors, samples, alone=self._alone, at_once=at_once)
        shards = await self._claim(count)
        if not shards:
            return None
        self._free -= len(shards)
        found = await schedule.ordered(await reader.read(shards))
        self._require_few_failures()
        return found

    async def _claim(self, count: int) -> list[ShardSlice]:
        if self.side_by_side is None:
            return await self._lease.claim(count)
        shards = await self.side_by_side.claim(self._lease, count, self._progress.wait_for, self._is_over)
        self.handing_back |= self.side_by_side.hands_back
        return shards

    def _is_over(self) -> bool:
        return self.handing_back or self._stopping.is_set() or self._leaving.is_set()

    async def _consume(self, runner: SampleRunner, more: More) -> None:
        writer = self._writer
        while not self._stopping.is_set():
            await writer.room()
            sample = await self._pending.next(more)
            if sample is None:
                return
            try:
                run = await self._run(runner, sample)
                if self._traces is not None:
                    self._traces.finished(sample.example, run)
                self._count(run, sample, writer.add_run(run))
            except Parked:
                continue  # it is run again when its answer is there
            except asyncio.CancelledError:
                if self._closing and not _is_cancelled():
                    return  # its next call was not started; whoever claims the shard runs the sample again
                raise
            finally:
                self._pending.done()

    async def _run(self, runner: SampleRunner, sample: Sample) -> RunRecord:
        return await runner.run(sample)

    def _count(self, run: RunRecord, sample: Sample, number: int) -> None:
        self._progress.count(run, sample.shard, number)
        if run.failure_kind is None:
            return
        if run.failure_kind.fatal:
            raise ExperimentFailed(run.failure_message)
        self._require_few_failures(f" Last: {run.failure_message}")

    def _require_few_failures(self, last: str = "") -> None:
        ending = self.judge(self._progress.tally)
        if ending is not None:
            raise ExperimentFailed(f"{ending.reason}{last}")

    async def _flush(self) -> None:
        """Store what was answered, whatever ended the work.

        Only a shutdown does not wait for a database that is away: what is lost then is asked for again.
        """
        self.flushing = True
        try:
            async with asyncio.timeout(_LAST_FLUSH_S if self._stopping.is_set() else None):
                await self._writer.flush()
                if self._purse is not None:
                    await self._purse.aclose()
        except BaseException:
            self._runtime.answers.clear()  # not all of them are in the database
            raise


def _is_cancelled() -> bool:
    """Return whether this task was cancelled, and not what it waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
