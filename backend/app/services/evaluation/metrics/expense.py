"""What the answers took: time, tokens and money."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TypeVar

import numpy as np

from app.domain.metrics import (
    CostStatistics,
    LatencyStatistics,
    RunFacts,
    TokenStatistics,
)
from app.domain.shared_expense import SharedExpense

_Amount = TypeVar("_Amount", int, float)


@dataclass(frozen=True, slots=True)
class Expense:
    """Tokens and US dollars of some calls; ``None`` where unknown."""

    prompt_tokens: int | None
    completion_tokens: int | None
    usd: float | None


def paid_by(run: RunFacts) -> Expense:
    """Return what the calls of a run cost this time: those that were not answered from the cache."""
    if run.cached:
        return Expense(0, 0, 0.0)
    return Expense(
        run.prompt_tokens if run.paid_prompt_tokens is None else run.paid_prompt_tokens,
        run.completion_tokens if run.paid_completion_tokens is None else run.paid_completion_tokens,
        run.cost_usd if run.paid_usd is None else run.paid_usd,
    )


def saved_by_cache_in(run: RunFacts) -> Expense:
    """Return what those calls of a run would have cost that were answered from the cache."""
    paid = paid_by(run)
    return Expense(
        _without(run.prompt_tokens, paid.prompt_tokens),
        _without(run.completion_tokens, paid.completion_tokens),
        _without(run.cost_usd, paid.usd),
    )


def _without(whole: _Amount | None, part: _Amount | None) -> _Amount | None:
    return None if whole is None or part is None else whole - part


def latency_statistics(answered: Sequence[RunFacts]) -> LatencyStatistics:
    """Summarise the latency of uncached runs in ms; cached ones would make the method look faster."""
    return time_statistics(run.latency_ms for run in answered if not run.cached)


def model_time_statistics(answered: Sequence[RunFacts]) -> LatencyStatistics:
    """Summarise the time of the model, in ms, over the runs that have a latency.

    Runs from before it was stored apart are left out: their latency is the time of the model.
    """
    return time_statistics(run.model_ms for run in answered if not run.cached and run.latency_ms is not None)


def time_statistics(times: Iterable[float | None]) -> LatencyStatistics:
    """Summarise times in ms, those that are known."""
    values = [time for time in times if time is not None]
    if not values:
        return LatencyStatistics(0)
    data = np.sort(values)
    p50, p95, p99 = (float(value) for value in np.percentile(data, [50, 95, 99]))
    return LatencyStatistics(
        len(values), p50, p95, p99, float(data.min()), float(data.max()), float(data.mean())
    )


_NOTHING_SHARED = SharedExpense()


def token_statistics(runs: Sequence[RunFacts], shared: SharedExpense | None = None) -> TokenStatistics:
    """Return the sums of the tokens that were paid for, failed runs' included.

    Args:
        runs: of the experiment.
        shared: what calls took that answered several requests.
    """
    paid = [(run, paid_by(run)) for run in runs]
    made = [run for run in runs if not run.cached]
    of_groups = shared or _NOTHING_SHARED
    nothing_known = not shared and all(
        run.prompt_tokens is None and run.completion_tokens is None for run in runs
    )
    return TokenStatistics(
        prompt=None
        if nothing_known
        else _sum_of_known([of_groups.prompt_tokens, *(one.prompt_tokens for _, one in paid)]),
        completion=None
        if nothing_known
        else _sum_of_known([of_groups.completion_tokens, *(one.completion_tokens for _, one in paid)]),
        runs_without_counts=sum(
            run.ok and (one.prompt_tokens is None or one.completion_tokens is None) for run, one in paid
        ),
        reasoning=_sum_of_known([of_groups.reasoning_tokens, *(run.reasoning_tokens for run in made)]),
        cache_read=_sum_of_known([of_groups.cache_read_tokens, *(run.cache_read_tokens for run in made)]),
        cache_write=_sum_of_known([of_groups.cache_write_tokens, *(run.cache_write_tokens for run in made)]),
    )


def saved_token_statistics(runs: Sequence[RunFacts]) -> TokenStatistics:
    """Return the sums of the tokens of calls that were answered from the cache."""
    saved = [(run, saved_by_cache_in(run)) for run in runs]
    return TokenStatistics(
        prompt=_sum_of_known([one.prompt_tokens for _, one in saved]),
        completion=_sum_of_known([one.completion_tokens for _, one in saved]),
        runs_without_counts=sum(
            run.cached and (one.prompt_tokens is None or one.completion_tokens is None) for run, one in saved
        ),
    )


def _sum_of_known(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def cost_statistics(runs: Sequence[RunFacts], shared: SharedExpense | None = None) -> CostStatistics:
    """Return what was paid, failed runs' calls included, and what cached calls have saved.

    A failed run without a cost is left out: none of its calls was answered. Where no run at all has a
    cost, it is unknown and not 0.

    Args:
        runs: of the experiment.
        shared: what calls took that answered several requests; no run's own cost is known then, and that
            of 1,000 runs follows from the sum.
    """
    fresh = [run for run in runs if run.ok and not run.cached]
    # An answer without a known cost has no saving to report unless the cache has given some of it.
    pairs = [(run, saved_by_cache_in(run).usd) for run in runs]
    saved = [usd for run, usd in pairs if run.cached or usd is not None]
    total = _total(runs, shared)
    of_fresh = total if shared else _sum_if_all_known([run.cost_usd for run in fresh])
    return CostStatistics(
        total=total,
        per_1000_runs=None if of_fresh is None or not fresh else 1000 * of_fresh / len(fresh),
        saved_by_cache=_sum_if_all_known(saved),
    )


def _total(runs: Sequence[RunFacts], shared: SharedExpense | None) -> float | None:
    if shared is None and all(run.cost_usd is None for run in runs):
        return None
    amounts = [paid_by(run).usd for run in runs if run.ok or paid_by(run).usd is not None]
    return _sum_if_all_known([*amounts, shared.usd] if shared else amounts)


def _sum_if_all_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    # fsum rounds once, so that the sum does not depend on the order of the runs.
    return fsum(known) if len(known) == len(values) else None
