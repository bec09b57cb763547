"""One executor's work on an experiment whose calls are made by batch jobs of the provider.

It comes for a moment, does what can be done, and leaves: the provider needs hours, and no worker waits for
it. Each time it looks at the jobs first, which needs neither method nor model. Only if there are new answers,
or nothing is at the provider, it runs the samples: those whose answers are there get their runs, the others
say what the next jobs are to ask. ``batch_jobs.py`` knows the jobs, ``batch_calls.py`` the calls.

If the experiment is to end before that, the jobs are cancelled, and what they have answered becomes runs.
"""

from dataclasses import replace
from functools import partial

from app.core.database import is_database_away, when_database_answers
from app.domain.progress import Ending
from app.domain.readable_errors import sentence_of
from app.domain.run import RunRecord, Tally
from app.domain.sharding import ShardSlice
from app.models import BatchJob
from app.schemas.experiment_config import ExperimentConfig
from app.services.execution.answering import Answering
from app.services.execution.batch_calls import BatchLines, JobAnswersEngine, NotingEngine, asking
from app.services.execution.batch_job_repository import BatchJobRepository
from app.services.execution.batch_jobs import BatchJobs
from app.services.execution.lease import LeaseLost
from app.services.execution.pending import SampleReader
from app.services.execution.resources import ExperimentFailed, Resources
from app.services.execution.sample import Sample, SampleRunner
from app.services.execution.writer import GroupCommitWriter
from app.services.experiments.resolution import ResolvedConfig
from app.services.inference.base import Engine
from app.services.inference.batch_api import BatchApi
from app.services.inference.cache import CachingEngine, cache_key
from app.services.inference.catalog import CatalogError, batch_discount_of
from app.services.inference.failures import clean
from app.services.inference.registry import OpenedModel


class BatchAnswering(Answering):
    """See the module's text, and ``Answering``."""

    _api: BatchApi
    _lines: BatchLines
    _settling = _settled = False

    async def work(self) -> None:
        """Do what can be done now; see ``Answering.work``."""
        self._settling = self.whole.ending is not None or not self.whole.sums.unfinished
        try:
            await self._work(self._read_config())
        except LeaseLost:
            raise
        except Exception as error:
            if self._settling and not is_database_away(error):
                await self._give_up(error)  # or it would be tried for ever
            raise

    async def _give_up(self, error: Exception) -> None:
        """Leave the jobs to the provider: they cannot be cancelled, or their answers not be used."""

        async def give_up() -> None:
            async with self._runtime.sessions() as session:
                reason = clean(sentence_of(error))
                await BatchJobRepository(session).give_up(self._experiment.id, self._lease.id, reason)
                await session.commit()

        await when_database_answers(give_up, "give up batch jobs")
        self._settled = True

    async def _work(self, config: ExperimentConfig) -> None:
        settings = self._runtime.settings
        self._api, discount = self._open_api(config)
        self._lines = BatchLines(self._runtime.sessions, self._experiment.id)
        async with self._api:
            jobs = BatchJobs(
                self._runtime.sessions,
                self._experiment.id,
                self._lease.id,
                self._api,
                max_tries=settings.max_attempts,
                poll_s=settings.batch_poll_s,
                longest_poll_s=max(settings.batch_poll_s, settings.batch_poll_longest_s),
                most_lines=settings.batch_lines,
                discount=discount,
            )
            if self._settling:
                await self._settle(jobs, config)
            else:
                await self._go_on(jobs, config)
            self._tell(await jobs.live())

    def _open_api(self, config: ExperimentConfig) -> tuple[BatchApi, float]:
        """Return the batch API of the model, and what its calls cost less there."""
        try:
            connector = self._runtime.models().connector(config.model)
            api = connector.batch_api()
        except CatalogError as error:
            raise ExperimentFailed(f"{error.message} {error.hint}".strip()) from error
        if api is None:
            raise ExperimentFailed(f"{config.model} takes no batch jobs any more, by the model catalog.")
        return api, batch_discount_of(connector.provider, connector.model)

    async def _go_on(self, jobs: BatchJobs, config: ExperimentConfig) -> None:
        """Look at the jobs, run samples if there are new answers, and make jobs of what is asked next."""
        await jobs.advance()
        if await jobs.live() and not jobs.brought:
            return
        await self._answer_all(config)
        self.flushing = False  # jobs are made only if nothing has ended the experiment meanwhile
        if self._stopping.is_set() or self.handing_back or self.whole.ending is not None:
            return
        await jobs.plan()
        await jobs.submit()

    async def _settle(self, jobs: BatchJobs, config: ExperimentConfig) -> None:
        """Cancel the jobs; when all have ended, store what they have answered."""
        self.flushing = True  # the heartbeat cancels this no more
        await jobs.settle()
        if not await jobs.live() and self.whole.sums.unfinished and await self._has_lines():
            await self._answer_all(config)
        self._settled = True

    async def _has_lines(self) -> bool:
        async def read() -> bool:
            async with self._runtime.sessions() as session:
                return await BatchJobRepository(session).has_lines(self._experiment.id)

        return await when_database_answers(read, "read lines of batch jobs")

    async def waits(self, ending: Ending | None) -> bool:
        """Return whether something is left to do when the provider is ready, or before the end.

        Args:
            ending: what the experiment is to end with.
        """

        async def read() -> bool:
            async with self._runtime.sessions() as session:
                repository = BatchJobRepository(session)
                if await repository.live(self._experiment.id):
                    return True
                unsettled = ending is not None and not self._settled
                return unsettled and await repository.has_lines(self._experiment.id)

        return await when_database_answers(read, "read batch jobs", self._stopping.is_set)

    # -- what is otherwise than with direct calls -----------------------------------------------

    async def _answer(self, resolved: ResolvedConfig, resources: Resources, reader: SampleReader) -> None:
        spec = resources.model.spec
        if spec.usd_per_1m is not None:
            price = spec.usd_per_1m.less(batch_discount_of(resolved.provider, spec))
            spec = spec.model_copy(update={"usd_per_1m": price})
        priced = replace(resources, model=replace(resources.model, spec=spec))
        try:
            await super()._answer(resolved, priced, reader)
        finally:
            await self._lines.flush()

    def _engine(
        self, config: ExperimentConfig, model: OpenedModel, writer: GroupCommitWriter, consumers: int
    ) -> Engine:
        del consumers
        scope, store = config.execution.cache_scope, self._store(config, writer)
        key = partial(cache_key, fingerprint=model.fingerprint, scope=scope)
        noting = NotingEngine(self._lines, self._api, key, noting=not self._settling)
        cache = CachingEngine(noting, store, model.fingerprint, read=config.cache, scope=scope)
        return JobAnswersEngine(cache, self._lines, store, self._api, key, config.method.votes)

    async def _run(self, runner: SampleRunner, sample: Sample) -> RunRecord:
        asking.set(sample.example_id)
        return await super()._run(runner, sample)

    async def _claim(self, count: int) -> list[ShardSlice]:
        return await self._lease.claim(count, ending=self._settling)

    def judge(self, tally: Tally) -> Ending | None:
        """Return what the experiment must end with; nothing more while it is ended."""
        return None if self.whole.ending is not None else super().judge(tally)

    def _tell(self, jobs: list[BatchJob]) -> None:
        """Say what the provider works on."""
        if not jobs:
            self._progress.wait_for(None)
            return
        done, lines = sum(one.done + one.failed for one in jobs), sum(one.lines for one in jobs)
        what = "the provider's batch job" if len(jobs) == 1 else f"{len(jobs)} batch jobs of the provider"
        if any(one.cancel_asked for one in jobs):
            what = f"the end of {what}, which was cancelled"
        self._progress.wait_for(f"{what}: {done:,} of {lines:,} calls are done")
