"""What the answers took: time, tokens and money."""

from collections.abc import Sequence
from math import fsum

import numpy as np

from app.domain.metrics import CostStatistics, LatencyStatistics, RunFacts, TokenStatistics


def latency_statistics(answered: Sequence[RunFacts]) -> LatencyStatistics:
    """Summarise the latency of uncached runs in ms; cached ones would make the model look faster."""
    values = [run.latency_ms for run in answered if not run.cached and run.latency_ms is not None]
    if not values:
        return LatencyStatistics(0)
    data = np.sort(values)
    p50, p95, p99 = (float(value) for value in np.percentile(data, [50, 95, 99]))
    return LatencyStatistics(
        len(values), p50, p95, p99, float(data.min()), float(data.max()), float(data.mean())
    )


def token_statistics(answered: Sequence[RunFacts]) -> TokenStatistics:
    """Return the sums of the token counts that servers reported, and how many runs have none."""
    return TokenStatistics(
        prompt=_sum_of_known([run.prompt_tokens for run in answered]),
        completion=_sum_of_known([run.completion_tokens for run in answered]),
        runs_without_counts=sum(
            run.prompt_tokens is None or run.completion_tokens is None for run in answered
        ),
    )


def _sum_of_known(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def cost_statistics(answered: Sequence[RunFacts]) -> CostStatistics:
    """Return the cost; cached answers cost nothing this time, and are counted as savings."""
    fresh = [run.cost_usd for run in answered if not run.cached]
    saved = [run.cost_usd for run in answered if run.cached]
    total = _sum_if_all_known(fresh)
    return CostStatistics(
        total=total,
        per_1000_runs=1000 * total / len(fresh) if total is not None and fresh else None,
        saved_by_cache=_sum_if_all_known(saved),
    )


def _sum_if_all_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    # fsum rounds once, so that the sum does not depend on the order of the runs.
    return fsum(known) if len(known) == len(values) else None
