"""A budget: what the calls of an experiment have taken, and whether another one may start."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import when_database_answers
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.progress import Ending
from app.domain.spending import Spending
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.schemas.experiment_config import Budget
from app.services.execution.expenses import cost_usd
from app.services.experiments.repository import ExperimentRepository
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.catalog import Price
from app.services.runs.spending_repository import spent_by
from app.services.runtime import Runtime


@dataclass(slots=True)
class Purse:
    """Counts what calls take, and says once when no further one may start.

    A call is counted when it starts; its tokens, when it is answered. So the calls are never more than the
    budget allows, and tokens and money exceed it by what the calls in flight take, at most.

    Attributes:
        budget: of the experiment.
        spent: by the experiment, and by those that it continues.
        on_empty: called once, when no further call may start.
        unknown: whether an answer came without the counts that the budget needs.
    """

    budget: Budget
    spent: Spending
    on_empty: Callable[[], None]
    unknown: bool = False
    _told: bool = False

    def begin(self) -> None:
        """Count a call that starts.

        Raises:
            asyncio.CancelledError: if it may not start, as from a limiter that was closed before it.
        """
        if self.reason is not None:
            raise asyncio.CancelledError
        self.spent += Spending(calls=1)
        self.look()

    def end(self, results: Sequence[GenerationResult], price: Price | None) -> None:
        """Count what answered calls have taken."""
        for result in _counted_once(results):
            usage = result.usage
            if usage.prompt_tokens is None or usage.completion_tokens is None:
                self.unknown |= self.budget.tokens is not None or self.budget.usd is not None
                continue
            tokens = usage.prompt_tokens + usage.completion_tokens
            self.spent += Spending(tokens=tokens, usd=cost_usd([result], price) or 0.0)
        self.look()

    def look(self) -> None:
        """Say that no further call may start, if that is so and was not said before."""
        if not self._told and self.reason is not None:
            self._told = True
            self.on_empty()

    @property
    def reason(self) -> str | None:
        """Why no further call may start; ``None`` if one may."""
        if self.unknown:
            return (
                "The server does not say how many tokens its answers take, so that no budget in tokens or US "
                "dollars can be held. Give it in calls."
            )
        return spent_reason(self.budget, self.spent)

    def ending(self, stored: int, total: int) -> Ending | None:
        """Return what the experiment must end with because no further call may start and runs are missing."""
        if self.reason is None or stored >= total:
            return None
        left = f"{stored:,} of {total:,} runs are stored; resume it with a larger budget for the rest."
        return Ending(ExperimentStatus.CANCELLED, f"{self.reason} {left}")


async def open_purse(
    runtime: Runtime, experiment: Experiment, budget: Budget | None, on_empty: Callable[[], None]
) -> Purse | None:
    """Return the purse of an experiment, with what was spent before; ``None`` without a budget."""
    if budget is None:
        return None

    async def read() -> Spending:
        async with runtime.sessions() as session:
            return await spent_until_now(session, experiment)

    spent = await when_database_answers(read, "read what was spent")
    return Purse(budget, spent, on_empty)


async def spent_until_now(session: AsyncSession, experiment: Experiment) -> Spending:
    """Return what the stored calls of an experiment, and of those that it continues, have taken."""
    resumed = await ExperimentRepository(session).resumed(experiment)
    return await spent_by(session, [experiment.id, *resumed])


def spent_reason(budget: Budget, spent: Spending) -> str | None:
    """Return how a budget is used up, as a sentence; ``None`` if it is not."""
    if budget.calls is not None and spent.calls >= budget.calls:
        return f"The budget of {budget.calls:,} calls is spent ({spent.calls:,})."
    if budget.tokens is not None and spent.tokens >= budget.tokens:
        return f"The budget of {budget.tokens:,} tokens is spent ({spent.tokens:,})."
    if budget.usd is not None and spent.usd >= budget.usd:
        return f"The budget of ${budget.usd:,.6g} is spent (${spent.usd:,.6g})."
    return None


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
        self._purse.begin()
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
        self._purse.begin()
        outcomes = await self._inner.generate_list(requests)
        answered = [one for one in outcomes if not isinstance(one, EngineError)]
        self._purse.end(answered, self._price)
        return outcomes

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()


def _counted_once(results: Sequence[GenerationResult]) -> Iterator[GenerationResult]:
    """Yield the results, and for those whose tokens are known together one with these."""
    groups: dict[str, GenerationResult] = {}
    for result in results:
        if result.group is None:
            yield result
        else:
            groups[result.group.id] = replace(result, usage=result.group.usage)
    yield from groups.values()
