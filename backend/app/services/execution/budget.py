"""The budgets of an experiment: its own, that of its comparison, and that of the platform for the day."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import Settings
from app.core.database import when_database_answers
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.spending import BudgetState, Spending
from app.models import Experiment
from app.schemas.experiment_config import Budget
from app.services.execution.purse import Purse
from app.services.experiments.budget_repository import BudgetRepository, Settled
from app.services.experiments.repository import ExperimentRepository
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.catalog import Price
from app.services.runs.spending_repository import spent_by, spent_since
from app.services.runtime import Runtime

_DAYS = uuid.UUID("0c6a7c1e-6a55-4b0e-8c1f-2f2d1f6e9a11")  # the name space of the ids of days


async def open_purse(
    runtime: Runtime,
    experiment: Experiment | None,
    budget: Budget | None,
    on_empty: Callable[[], None],
    stopping: Callable[[], bool] = lambda: False,
) -> Purse | None:
    """Return the purse of an experiment, with what was spent before; ``None`` without a budget.

    Args:
        runtime: of this process.
        experiment: whose calls it counts; ``None``: calls that belong to none count for the day alone.
        budget: of the experiment.
        on_empty: called once, when no further call may start.
        stopping: whether this process is about to end; it then no longer waits for the database.
    """
    days: dict[uuid.UUID, date] = {}

    async def open_all() -> list[BudgetState]:
        async with runtime.sessions() as session:
            repository = BudgetRepository(session)
            found = [] if experiment is None else await budgets_of(session, experiment, budget)
            today = await budget_of_today(session, runtime.settings)
            for one in [*found, *today]:
                if one.kind != "comparison":  # its limits are those of its row
                    await repository.open(one)
            await session.commit()
            days.update(dict.fromkeys((one.id for one in today), _today()))
            return await repository.of([one.id for one in [*found, *today]])

    budgets = await when_database_answers(open_all, "read what was spent", stopping)
    if not budgets:
        return None
    lasting = [one.id for one in budgets if one.kind != "day"]

    async def settle(wanted: int, took: Spending) -> Settled:
        async def count() -> Settled:
            ids = [*lasting, *([day_id(_today())] if days else [])]
            async with runtime.autocommit() as session:
                return await BudgetRepository(session).settle(ids, wanted, took)

        if days and day_id(_today()) not in days:  # midnight (UTC) has passed
            await when_database_answers(open_all, "begin the budget of a day", stopping)
        # If the connection is lost after the statement, its calls are counted twice: too many, never too few.
        return await when_database_answers(count, "count what was spent", stopping)

    return Purse(settle, budgets, on_empty)


async def budgets_of(
    session: AsyncSession, experiment: Experiment, budget: Budget | None
) -> list[BudgetState]:
    """Return the budget of an experiment, with this limit, and that of its comparison, as far as they are.

    What the experiment, and those that it continues, have spent before it had a budget is that of the stored
    runs.
    """
    repository, found = BudgetRepository(session), []
    if budget is not None:
        resumed = await ExperimentRepository(session).resumed(experiment)
        first = resumed[-1] if resumed else experiment.id
        before = await repository.get(first)
        spent = await spent_by(session, [experiment.id, *resumed]) if before is None else before.spent
        found.append(BudgetState(first, "experiment", budget.limits, spent))
    shared = None if experiment.budget_id is None else await repository.get(experiment.budget_id)
    return [*found, *([shared] if shared is not None else [])]


async def spent_budget(
    session: AsyncSession, settings: Settings, experiment: Experiment, budget: Budget | None
) -> BudgetState | None:
    """Return the first of the budgets of an experiment of which no further call may be made, if there is one.

    Args:
        session: of the database.
        settings: with the platform's limits.
        experiment: that is to go on, or to be continued.
        budget: of what continues it.
    """
    budgets = [
        *await budgets_of(session, experiment, budget),
        *await budget_of_today(session, settings),
    ]
    return next((one for one in budgets if one.reason is not None), None)


async def budget_of_today(session: AsyncSession, settings: Settings) -> Sequence[BudgetState]:
    """Return the budget of the platform for this day; none without a limit."""
    limits = settings.daily_budget
    if not limits.any:
        return []
    today = _today()
    before = await BudgetRepository(session).get(day_id(today))
    if before is None:
        since = datetime.combine(today, time(), UTC)
        return [BudgetState(day_id(today), "day", limits, await spent_since(session, since), str(today))]
    return [BudgetState(before.id, "day", limits, before.spent, before.name)]


def day_id(day: date) -> uuid.UUID:
    """Return the id of the budget of a day."""
    return uuid.uuid5(_DAYS, str(day))


def _today() -> date:
    return datetime.now(UTC).date()


class BudgetedEngine(EngineBase):
    """Counts each call of the inner engine in a purse. It belongs below the limiter, which is closed then.

    Args:
        inner: makes the calls.
        purse: of the experiment.
        price: of the model; ``None`` if unknown.
    """

    def __init__(self, inner: Engine, purse: Purse, price: Price | None) -> None:
        self._inner = inner
        self._purse = purse
        self._price = price

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request, and count it; see ``Engine.generate``."""
        await self._purse.begin()
        request.clock.lap("slot")
        result = await self._inner.generate(request)
        self._purse.end([result], self._price)
        return result

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return which requests may be asked together; see ``Engine.lists``."""
        return self._inner.lists(requests)

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call, which counts as one; see ``Engine.generate_list``."""
        await self._purse.begin()
        for request in requests:
            request.clock.lap("slot")
        outcomes = await self._inner.generate_list(requests)
        answered = [one for one in outcomes if not isinstance(one, EngineError)]
        self._purse.end(answered, self._price)
        return outcomes

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()
