"""SQL of budgets. Limits and what was spent stand in one row, so that no executor spends what another has."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, UUID, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.spending import BudgetKind, BudgetState, Limits, Spending
from app.models import BudgetRow, Experiment

# The rows are locked in the order of their ids, so that executors with budgets in common cannot wait for each
# other. What has been taken counts before what is wanted: a budget that is used up grants nothing.
_SETTLE = text(
    """
    with locked as (
        select id, calls, tokens, usd, max_calls, max_tokens, max_usd
        from budgets where id = any(:ids) order by id for update
    ), granted as (
        select coalesce(min(case
            when tokens + :tokens >= max_tokens or usd + :usd >= max_usd then 0
            when max_calls is null then :wanted
            else greatest(0, least(:wanted, max_calls - calls))
        end), :wanted) as calls from locked
    )
    update budgets set
        calls = budgets.calls + granted.calls,
        tokens = budgets.tokens + :tokens,
        usd = budgets.usd + :usd
    from locked, granted where budgets.id = locked.id
    returning granted.calls, budgets.id, budgets.kind, budgets.name, budgets.max_usd, budgets.max_calls,
        budgets.max_tokens, budgets.calls, budgets.tokens, budgets.usd
    """
).bindparams(bindparam("ids", type_=ARRAY(UUID(as_uuid=True))))


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of calls that want to start.

    Attributes:
        granted: of them that may.
        budgets: as they are with these.
    """

    granted: int
    budgets: tuple[BudgetState, ...]


class BudgetRepository:
    """Reads and writes budgets within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self, budget: BudgetState) -> None:
        """Store a budget; of one that there is, only its limits, which may be others by now."""
        limits = {
            "max_usd": budget.limits.usd,
            "max_calls": budget.limits.calls,
            "max_tokens": budget.limits.tokens,
        }
        spent = budget.spent
        row = insert(BudgetRow).values(
            id=budget.id,
            kind=budget.kind,
            name=budget.name,
            calls=spent.calls,
            tokens=spent.tokens,
            usd=spent.usd,
            **limits,
        )
        await self._session.execute(row.on_conflict_do_update(index_elements=[BudgetRow.id], set_=limits))

    async def get(self, budget_id: uuid.UUID) -> BudgetState | None:
        """Return a budget, if there is one."""
        row = await self._session.get(BudgetRow, budget_id, populate_existing=True)
        return None if row is None else _state(row)

    async def of(self, ids: Collection[uuid.UUID]) -> list[BudgetState]:
        """Return those of these budgets that there are, in the order of their kinds."""
        query = select(BudgetRow).where(BudgetRow.id.in_(ids)).order_by(BudgetRow.kind.desc())
        rows = await self._session.scalars(query.execution_options(populate_existing=True))
        return [_state(row) for row in rows]

    async def sharing(self, budget_id: uuid.UUID) -> list[Experiment]:
        """Return the experiments that share a budget, in the order in which the first ones were created.

        Of experiments that continue each other only the last one.
        """
        query = select(Experiment).where(Experiment.budget_id == budget_id)
        query = query.where(Experiment.deleted_at.is_(None)).order_by(Experiment.created_at)
        rows = (await self._session.scalars(query.execution_options(populate_existing=True))).all()
        ids = {one.id for one in rows}
        children = {one.parent_id: one for one in rows if one.resumes_parent}
        found = []
        for one in rows:
            if one.resumes_parent and one.parent_id in ids:
                continue
            last = one
            while last.id in children:
                last = children[last.id]
            found.append(last)
        return found

    async def set_limits(self, budget_id: uuid.UUID, limits: Limits) -> None:
        """Change what a budget allows; whoever spends from it notices with the next call."""
        chosen = update(BudgetRow).where(BudgetRow.id == budget_id)
        await self._session.execute(
            chosen.values(max_usd=limits.usd, max_calls=limits.calls, max_tokens=limits.tokens)
        )

    async def settle(self, ids: Collection[uuid.UUID], wanted: int, took: Spending) -> Settled:
        """Count what calls have taken, and start as many others as all of these budgets allow, in one step.

        Args:
            ids: of the budgets.
            wanted: calls that want to start.
            took: tokens and money of calls that have been answered; they were counted when they started.
        """
        rows = (
            await self._session.execute(
                _SETTLE, {"ids": sorted(ids), "wanted": wanted, "tokens": took.tokens, "usd": took.usd}
            )
        ).all()
        budgets = [
            BudgetState(
                row.id,
                cast(BudgetKind, row.kind),
                Limits(row.max_usd, row.max_calls, row.max_tokens),
                Spending(row[7], row.tokens, row.usd),
                row.name,
            )
            for row in rows
        ]
        return Settled(rows[0][0] if rows else wanted, tuple(budgets))


def _state(row: BudgetRow) -> BudgetState:
    limits = Limits(row.max_usd, row.max_calls, row.max_tokens)
    spent = Spending(row.calls, row.tokens, row.usd)
    return BudgetState(row.id, cast(BudgetKind, row.kind), limits, spent, row.name)
