"""Wire types of what was spent."""

from datetime import date

from pydantic import BaseModel, Field

from app.schemas.budget import BudgetOut
from app.schemas.common import FromAttributes


class SpendingSums(FromAttributes):
    """What the calls of some runs, and of the scorers of experiments, have taken."""

    runs: int
    runs_from_cache: int = Field(description="Runs that made no call.")
    calls: int = Field(description="Made and answered, and the last one of each failed run.")
    prompt_tokens: int
    completion_tokens: int = Field(description="Thinking included.")
    reasoning_tokens: int = Field(description="The part of the completion that was thinking, if reported.")
    cache_read_tokens: int = Field(description="The part of the prompts from the provider's cache.")
    usd: float | None = Field(
        description="Of the runs whose cost is known; null if that is none. It is what was paid by the "
        "catalog's prices when the runs were made."
    )
    runs_without_price: int = Field(description="Runs with calls whose cost is not known.")
    runs_without_tokens: int = Field(description="Runs with calls whose tokens are not known.")
    saved_usd: float | None = Field(
        description="What answers from the cache would have cost; null if that is not known."
    )


class DaySpending(SpendingSums):
    """What was spent on a day (UTC)."""

    day: date


class NamedSpending(SpendingSums):
    """What was spent on a model, or with a method."""

    name: str


class SpendingRow(SpendingSums):
    """What was spent on a day on a model with a method."""

    day: date
    model: str
    method: str = Field(description="judging: calls of models that judge or score, which belong to no run.")


class SpendingOut(BaseModel):
    """What was spent in a period."""

    since: date
    until: date = Field(description="The last day of the period.")
    total: SpendingSums
    by_day: list[DaySpending] = Field(description="Days without runs are left out.")
    by_model: list[NamedSpending] = Field(description="The one that cost most at the head.")
    by_method: list[NamedSpending] = Field(description="The one that cost most at the head.")
    rows: list[SpendingRow] = Field(description="By day, model and method together.")
    budget: BudgetOut | None = Field(
        description="The platform's budget for this day; null if the settings have none."
    )
    notes: list[str] = Field(description="What the figures leave out, as sentences.")
