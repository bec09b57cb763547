"""Comparisons that ended because their budget was spent, and go on with a larger one."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, NotFound
from app.domain.spending import BudgetState, Limits
from app.domain.status import ExperimentStatus
from app.models import Experiment, SequentialComparison
from app.services.execution.dispatcher import Dispatcher
from app.services.experiments.budget_repository import BudgetRepository
from app.services.experiments.sequential_repository import SequentialRepository
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime


class ComparisonResuming:
    """Continues the experiments that share a budget; commits what it changes."""

    def __init__(self, session: AsyncSession, runtime: Runtime, dispatcher: Dispatcher) -> None:
        self._session = session
        self._experiments = ExperimentService(session, runtime)
        self._budgets = BudgetRepository(session)
        self._dispatcher = dispatcher

    async def resume(self, budget_id: uuid.UUID, limits: Limits | None) -> list[Experiment]:
        """Continue all experiments of a comparison that have not completed, each by a child of it.

        Args:
            budget_id: that they share.
            limits: in place of its own; what was spent before counts towards them.

        Returns:
            The experiments that are to be compared now, the baseline first.

        Raises:
            NotFound: if no comparison has this budget.
            Conflict: if the budget is spent, or all experiments are complete.
            InvalidInput: if the model of one cannot be used; says which key or file is missing.
        """
        budget = await self._budgets.get(budget_id)
        if budget is None or budget.kind != "comparison":
            raise NotFound(f"There is no comparison with the budget {budget_id}.")
        experiments = await self._budgets.sharing(budget_id)
        if all(one.status == ExperimentStatus.COMPLETED for one in experiments):
            raise Conflict("All experiments of the comparison are complete; there is nothing to resume.")
        if limits is not None:
            await self._budgets.set_limits(budget_id, limits)
            await self._session.commit()
            budget = BudgetState(budget.id, budget.kind, limits, budget.spent, budget.name)
        if budget.reason is not None:
            raise Conflict(budget.reason, hint="Resume it with a larger budget: it counts what was spent.")
        continued = [await self._continued(one) for one in experiments]
        await self._side_by_side(experiments, continued)
        for one in continued:
            if one.status == ExperimentStatus.PENDING and not one.queued:
                await self._dispatcher.start(one.id)
        return [await self._experiments.get(one.id) for one in continued]

    async def _continued(self, experiment: Experiment) -> Experiment:
        """Return what continues an experiment: itself if it has completed or not ended, else a child."""
        status = ExperimentStatus(experiment.status)
        if status is ExperimentStatus.COMPLETED or not status.ended:
            return experiment
        return await self._dispatcher.child_of(experiment)

    async def _side_by_side(self, before: Sequence[Experiment], now: Sequence[Experiment]) -> None:
        """Let them end as soon as they are settled, if those that they continue were to."""
        repository = SequentialRepository(self._session)
        old = before[0].sequential_id
        row = None if old is None else await repository.find(old)
        if row is None or [one.id for one in before] == [one.id for one in now]:
            return
        children = {str(one.id): other.id for one, other in zip(before, now, strict=True)}
        sides = [{**one, "id": str(children[one["id"]])} for one in row.experiments if one["id"] in children]
        comparison = SequentialComparison(
            id=uuid.uuid4(), score=row.score, margin=row.margin, experiments=sides
        )
        await repository.add(comparison, [uuid.UUID(one["id"]) for one in sides])
        await self._session.commit()
