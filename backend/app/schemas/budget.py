"""Wire types of budgets."""

import uuid

from pydantic import Field

from app.domain.spending import BudgetKind
from app.schemas.common import FromAttributes, Strict
from app.schemas.experiment_config import Budget


class LimitsOut(FromAttributes):
    """What calls may take, at most; null: no limit."""

    usd: float | None
    calls: int | None
    tokens: int | None


class AmountsOut(FromAttributes):
    """What calls have taken."""

    usd: float = Field(description="As far as prices and tokens are known.")
    calls: int = Field(description="Failed ones included; answers from a cache are none.")
    tokens: int = Field(description="Of prompts and answers together, as far as servers report them.")


class BudgetOut(FromAttributes):
    """A budget, and what was spent of it."""

    id: uuid.UUID
    kind: BudgetKind = Field(
        description="Whose calls it counts: experiment, with those that it continues; comparison, of all its "
        "experiments; day, of all experiments on a day (UTC)."
    )
    name: str = Field(description="Of the comparison, or the day; empty for that of an experiment.")
    limits: LimitsOut
    spent: AmountsOut
    reason: str | None = Field(description="How it is used up, as a sentence; null if it is not.")


class ComparisonResume(Strict):
    """How a comparison with a budget is continued."""

    budget: Budget | None = Field(
        default=None, description="In place of its budget; what was spent before counts towards it."
    )
