"""A purse: the budgets that an executor spends from, of which others may spend, too."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from app.domain.generation import GenerationResult
from app.domain.progress import Ending
from app.domain.spending import BudgetState, Spending
from app.domain.status import ExperimentStatus
from app.services.execution.expenses import cost_usd
from app.services.experiments.budget_repository import Settled
from app.services.inference.catalog import Price

Settle = Callable[[int, Spending], Awaitable[Settled]]
"""Counts, in the database, what calls took, and returns how many of those that want to start may."""

_UNKNOWN = (
    "The server does not say how many tokens its answers take, so that no budget in tokens or US dollars can "
    "be held. Give it in calls."
)


class Purse:
    """Asks before each call, and says once when no further one may start.

    A call is counted when it starts; its tokens, when it is answered. What all executors have spent is in the
    database: a call is sent once it is stored there, with what all calls of this process before it have
    taken. So calls are never more than the budgets allow, and tokens and money exceed them by what the calls
    in flight take, at most. Calls that start while a statement is on its way share the next one.

    Args:
        settle: counts.
        budgets: as they are at first.
        on_empty: called once, when no further call may start.
    """

    def __init__(self, settle: Settle, budgets: Sequence[BudgetState], on_empty: Callable[[], None]) -> None:
        self._settle = settle
        self._budgets = tuple(budgets)
        self._on_empty = on_empty
        self._unknown = self._told = False
        self._waiting: list[asyncio.Future[bool]] = []
        self._took = Spending()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Wait until a call may start; it is counted then.

        Raises:
            asyncio.CancelledError: if it may not start, as from a limiter that was closed before it.
        """
        if self.reason is not None:
            raise asyncio.CancelledError
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._start()
        if not await future:
            raise asyncio.CancelledError

    def end(self, results: Sequence[GenerationResult], price: Price | None) -> None:
        """Count what answered calls have taken."""
        before = self._took
        for result in _counted_once(results):
            usage = result.usage
            if usage.prompt_tokens is None or usage.completion_tokens is None:
                self._unknown |= any(one.limits.needs_tokens for one in self._budgets)
                continue
            tokens = usage.prompt_tokens + usage.completion_tokens
            self._took += Spending(tokens=tokens, usd=cost_usd([result], price) or 0.0)
        if self._took is not before:
            self._start()
        self.look()

    async def aclose(self) -> None:
        """Wait until all is counted."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while self._waiting or self._took != Spending():
            waiting = [one for one in self._waiting if not one.done()]  # those who wait may be cancelled
            took, self._waiting, self._took = self._took, [], Spending()
            try:
                settled = await self._settle(len(waiting), took)
            except Exception as error:
                for one in waiting:
                    if not one.done():
                        one.set_exception(error)
                raise
            self._budgets = settled.budgets
            self.look()
            for place, one in enumerate(waiting):
                if not one.done():
                    one.set_result(place < settled.granted)

    def look(self) -> None:
        """Say that no further call may start, if that is so and was not said before."""
        if not self._told and self.reason is not None:
            self._told = True
            self._on_empty()

    @property
    def reason(self) -> str | None:
        """Why no further call may start; ``None`` if one may."""
        if self._unknown:
            return _UNKNOWN
        return next((one.reason for one in self._budgets if one.reason is not None), None)

    def ending(self, stored: int, total: int) -> Ending | None:
        """Return what the experiment must end with because no further call may start and runs are missing."""
        if self.reason is None or stored >= total:
            return None
        spent = next((one for one in self._budgets if one.reason is not None), self._budgets[0])
        reason = f"{self.reason} {stored:,} of {total:,} runs are stored; {spent.advice}"
        return Ending(ExperimentStatus.CANCELLED, reason)


def _counted_once(results: Sequence[GenerationResult]) -> Iterator[GenerationResult]:
    """Yield the results, and for those whose tokens are known together one with these."""
    groups: dict[str, GenerationResult] = {}
    for result in results:
        if result.group is None:
            yield result
        else:
            groups[result.group.id] = replace(result, usage=result.group.usage)
    yield from groups.values()
