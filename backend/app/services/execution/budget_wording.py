"""What was spent of budgets, as lines for a person."""

from app.domain.rounding import dollars
from app.schemas.budget import BudgetOut

_WHOSE = {"experiment": "budget", "comparison": "budget of the comparison", "day": "budget of the day (UTC)"}


def budget_line(budget: BudgetOut) -> str:
    """Return what was spent of a budget, as far as it is limited."""
    return f"{_WHOSE[budget.kind]}: {spent_of(budget)}"


def spent_of(budget: BudgetOut) -> str:
    """Return what was spent of each limit of a budget."""
    limits, spent = budget.limits, budget.spent
    parts = []
    if limits.usd is not None:
        parts.append(f"{dollars(spent.usd)} of {dollars(limits.usd)}")
    if limits.calls is not None:
        parts.append(f"{spent.calls:,} of {limits.calls:,} calls")
    if limits.tokens is not None:
        parts.append(f"{spent.tokens:,} of {limits.tokens:,} tokens")
    return ", ".join(parts)
