"""What the compared experiments have cost, and what their budgets allowed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.markdown import plain, table
from app.domain.rounding import dollars
from app.schemas.budget import BudgetOut
from app.schemas.comparison import Compared
from app.schemas.result import Metrics
from app.services.execution.budget_wording import spent_of

_HEAD = (
    "experiment",
    "runs from cache",
    "prompt tokens",
    "read by the provider's cache",
    "completion tokens",
    "of these thinking",
    "paid",
    "1,000 answers",
    "saved by the cache",
)
_UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Budgeted:
    """A budget with the experiments whose calls it counts.

    Attributes:
        budget: and what was spent of it.
        experiments: of those that are compared.
    """

    budget: BudgetOut
    experiments: tuple[uuid.UUID, ...]


def cost_markdown(
    experiments: Sequence[Compared], budgets: Sequence[Budgeted], reasons: Mapping[uuid.UUID, str]
) -> str:
    """Return what each experiment has cost as a table, and below it each budget.

    Args:
        experiments: that are compared.
        budgets: of these.
        reasons: why an experiment was cancelled or failed.
    """
    labels = {one.experiment_id: one.label for one in experiments}
    lines = [
        "Tokens and US dollars are those of the calls that were made; answers from the cache cost nothing.",
        "Calls of models that judge or score are not in the table.",
        "",
        *table(_HEAD, [[plain(one.label), *_cells(one.metrics)] for one in experiments]),
    ]
    said = [f"- {_budget_sentence(one, labels)}" for one in budgets]
    ended = [f"- {plain(labels[one])} ended early: {plain(reason)}" for one, reason in reasons.items()]
    return "\n".join([*lines, *([""] if said or ended else []), *said, *ended])


def _cells(metrics: Metrics) -> list[str]:
    tokens, cost, counts = metrics.tokens, metrics.cost_usd, metrics.counts
    return [
        f"{counts.cached:,} of {counts.stored:,}",
        _count(tokens.prompt),
        _count(tokens.cache_read),
        _count(tokens.completion),
        _count(tokens.reasoning),
        _money(cost.total),
        _money(cost.per_1000_runs),
        _money(cost.saved_by_cache),
    ]


def _budget_sentence(one: Budgeted, labels: Mapping[uuid.UUID, str]) -> str:
    names = ", ".join(plain(labels[experiment]) for experiment in one.experiments)
    whose = "Budget of the comparison" if one.budget.kind == "comparison" else f"Budget of {names}"
    spent = f"{spent_of(one.budget)} spent"
    return f"{whose}: {spent}. {plain(one.budget.reason)}" if one.budget.reason else f"{whose}: {spent}."


def _count(tokens: int | None) -> str:
    return _UNKNOWN if tokens is None else f"{tokens:,}"


def _money(usd: float | None) -> str:
    return _UNKNOWN if usd is None else dollars(usd)
