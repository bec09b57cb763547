"""Starting work: on the queue, or in this process while Redis is away."""

import uuid
from collections.abc import Awaitable, Callable
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.access import acting
from app.core.errors import Conflict, FieldError, InvalidInput
from app.core.logging import bind, get_logger
from app.domain.json import JsonObject
from app.domain.spending import BudgetState
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.schemas.experiment_config import Budget, ExperimentConfig
from app.schemas.stored_config import UnreadableConfig, read_config, scored_config
from app.services.execution.budget import budget_of_today, budgets_of, spent_budget
from app.services.execution.executor import run_experiment
from app.services.execution.queueing import enqueue, recruit, wanted_executors
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.resolution import model_error
from app.services.experiments.retry_repository import RetryRepository
from app.services.experiments.service import ExperimentService
from app.services.inference.catalog import CatalogError
from app.services.runtime import Runtime

log = get_logger(__name__)

RunHere = Callable[[Callable[[], Awaitable[None]]], None]
"""Takes work that this process is to do after it has answered the request."""


class Dispatcher:
    """Starts and resumes experiments; commits what it changes.

    Args:
        session: of the database.
        runtime: of this process.
        run_here: called with the work if there is no queue to put it on.
    """

    def __init__(self, session: AsyncSession, runtime: Runtime, run_here: RunHere) -> None:
        self._session = session
        self._runtime = runtime
        self._run_here = run_here
        self._experiments = ExperimentService(session, runtime)
        self._repository = ExperimentRepository(session)

    async def start(self, experiment_id: uuid.UUID) -> Experiment:
        """Start an experiment that has not been started.

        Raises:
            NotFound: if there is none.
            Conflict: if it was started before, or this version cannot run its configuration.
            InvalidInput: if the model cannot be used; says which key or file is missing.
        """
        experiment = await self._experiments.get(experiment_id)
        with bind(experiment_id=str(experiment_id)):
            _config_of(experiment)
            self._require_model(experiment.model)
            if not await self._repository.mark_queued(experiment_id):
                conflict = _already_started(experiment)  # before the rollback, which empties the object
                await self._session.rollback()
                raise conflict
            await self._session.commit()
            if not await recruit(self._runtime, experiment_id, wanted_executors(self._runtime, experiment)):
                await self._dispatch(experiment_id)
            return await self._experiments.get(experiment_id)

    async def resume(self, experiment_id: uuid.UUID, budget: Budget | None = None) -> Experiment:
        """Continue an experiment: the same one if it has not ended, else a child that repeats it.

        Of a complete one it asks for the failed runs again.

        The child takes over what its parent got from the model (from the response cache, or with
        ``cache: false`` from the parent's runs), and asks for the rest.

        Args:
            experiment_id: what to continue.
            budget: of the child, in place of its parent's; what the parent has spent counts towards it.

        Returns:
            The experiment that continues.

        Raises:
            NotFound: if there is none.
            Conflict: if it is complete without failed runs, an executor is working on it, its budget is
                spent, or this version cannot run its configuration.
            InvalidInput: if the model cannot be used; says which key or file is missing. If it has not ended,
                and is to have another budget.
        """
        experiment = await self._experiments.get(experiment_id)
        status = ExperimentStatus(experiment.status)
        if status is ExperimentStatus.COMPLETED and not experiment.failed_runs:
            raise Conflict("The experiment is complete and has no failed runs; there is nothing to resume.")
        if budget is not None and not status.ended:
            raise InvalidInput(
                "The budget of an experiment that has not ended cannot be changed.",
                hint="Cancel it first, or wait until it ends.",
                errors=[FieldError("budget", "only when the experiment has ended")],
            )
        if status.ended:
            config = _config_of(experiment)
            if budget is not None:
                config = config.model_copy(update={"budget": budget})
            await self._require_money(experiment, config)
            child = await self.child_of(experiment, config)
            return await self.start(child.id)
        if status is ExperimentStatus.PENDING and not experiment.queued:
            return await self.start(experiment_id)
        if experiment_id not in await self._repository.unattended(self._runtime.settings.stale_after_s):
            raise Conflict("The experiment is running; it does not need to be resumed.")
        await self._dispatch(experiment_id)
        return experiment

    async def child_of(self, experiment: Experiment, config: ExperimentConfig | None = None) -> Experiment:
        """Store an experiment that continues one that has ended.

        Args:
            experiment: that has ended.
            config: of the child; that of its parent if left out.

        Raises:
            Conflict: if this version cannot run its configuration.
        """
        config = config or _config_of(experiment)
        return await self._experiments.create(config, parent_id=experiment.id, resumes_parent=True)

    async def retry_failed(self, experiment_id: uuid.UUID) -> Experiment:
        """Ask again for the failed runs of an experiment that has ended, in place.

        The answered runs stay. One that ended early is also asked for the runs that it lacks.

        Raises:
            NotFound: if there is none.
            Conflict: if it has not ended, has no failed runs, belongs to a comparison that ended as soon as
                it was settled, its budget is spent, or this version cannot run its configuration.
            InvalidInput: if the model cannot be used; says which key or file is missing.
        """
        experiment = await self._experiments.get(experiment_id)
        if not ExperimentStatus(experiment.status).ended:
            raise Conflict(
                f"The experiment is {experiment.status}.",
                hint="Failed runs are asked again once it has ended.",
            )
        if not experiment.failed_runs:
            raise Conflict("The experiment has no failed runs.")
        if experiment.sequential_id is not None:
            raise Conflict(
                "The experiment belongs to a comparison that ended as soon as it was settled.",
                hint="Another answer would change what that was decided by; clone the experiment instead.",
            )
        await self._require_money(experiment, _config_of(experiment))
        self._require_model(experiment.model)
        with bind(experiment_id=str(experiment_id)):
            retry = await RetryRepository(self._session).begin(experiment_id, acting())
            if retry is None:  # another request was faster
                await self._session.rollback()
                raise Conflict("The experiment is queued already.")
            await self._session.commit()
            log.info("failed_runs_retried", runs=retry.runs)
            await self._dispatch(experiment_id)
            return await self._experiments.get(experiment_id)

    async def budgets(self, experiment_id: uuid.UUID) -> list[BudgetState]:
        """Return the budgets that count the calls of an experiment; that of the day only until it ends.

        Raises:
            NotFound: if there is no such experiment.
            Conflict: if this version cannot read its configuration.
        """
        experiment = await self._experiments.get(experiment_id)
        budget = _config_of(experiment, scored_config).budget  # an imported one has none
        found = await budgets_of(self._session, experiment, budget)
        if not ExperimentStatus(experiment.status).ended:
            found += await budget_of_today(self._session, self._runtime.settings)
        return found

    async def _require_money(self, parent: Experiment, config: ExperimentConfig) -> None:
        """Raise unless a call may be made after what the parent, and those before it, have spent."""
        spent = await spent_budget(self._session, self._runtime.settings, parent, config.budget)
        if spent is not None:
            raise Conflict(
                spent.reason or "",
                hint="Resume it with a larger budget: it counts what was spent before."
                if spent.kind == "experiment"
                else f"To go on, {spent.advice}",
            )

    async def cancel(self, experiment_id: uuid.UUID) -> Experiment:
        """Cancel an experiment; see ``ExperimentService.cancel``.

        One that nobody works on while its provider works on batch jobs is given to an executor, which cancels
        them.

        Raises:
            NotFound: if there is none.
            Conflict: if it has ended.
        """
        experiment = await self._experiments.cancel(experiment_id)
        unattended = await self._repository.unattended(self._runtime.settings.stale_after_s)
        if experiment.status == ExperimentStatus.RUNNING and experiment_id in unattended:
            await self._dispatch(experiment_id)
        return experiment

    async def _dispatch(self, experiment_id: uuid.UUID) -> None:
        if self._runtime.redis_url:
            try:
                await enqueue(self._runtime, experiment_id)
                return
            except (RedisError, OSError) as error:
                log.warning("queue_away", error=type(error).__name__)
        self._run_here(partial(run_experiment, self._runtime, experiment_id, "in_process"))

    def _require_model(self, model: str) -> None:
        try:
            self._runtime.models().require(model)
        except CatalogError as error:
            raise model_error(error) from error


def _config_of(
    experiment: Experiment, read: Callable[[JsonObject], ExperimentConfig] = read_config
) -> ExperimentConfig:
    try:
        return read(experiment.config)
    except UnreadableConfig as error:
        raise Conflict(error.message, hint=error.hint) from error


def _already_started(experiment: Experiment) -> Conflict:
    if experiment.status == ExperimentStatus.PENDING:
        return Conflict("The experiment is queued already.")
    if experiment.status == ExperimentStatus.RUNNING:
        return Conflict("The experiment is running already.")
    return Conflict(
        f"The experiment has ended: it is {experiment.status}.",
        hint="Resume it (a child takes over what was answered), or clone it.",
    )
