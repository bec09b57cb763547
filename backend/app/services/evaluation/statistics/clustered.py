"""The mean of scores in clusters, such as questions on one document or repeats of one item."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from app.services.evaluation.statistics.likelihood import (
    correlation_within,
    effective_units,
    leverage_factors,
    t_quantile,
)
from app.services.evaluation.statistics.resampling import Floats, check_units, finite, sum_by_cluster


@dataclass(frozen=True, slots=True)
class ClusteredMean:
    """A mean with its t interval, from the spread between clusters.

    Attributes:
        n: the number of scores.
        clusters: the number of clusters. If they are of equal size, the t distribution has one degree of
            freedom less; otherwise fewer still, and the interval allows for the pull of large clusters.
    """

    value: float
    low: float
    high: float
    standard_error: float
    n: int
    clusters: int
    level: float = 0.95


def standard_error(sums: Floats, counts: Floats) -> float:
    """Return the standard error of a mean over items, in their unit.

    SE² = G/(G−1) · (1/n²) · Σ_clusters (Σ_i (s_i − s̄))². With clusters of one item this is the usual
    s/√n. Source: Liang and Zeger 1986; Miller 2024.

    Args:
        sums: the sum of the items of each cluster, shape ``(G,)``, G > 1.
        counts: the number of items of each cluster, shape ``(G,)``.
    """
    n, units = counts.sum(), sums.size
    residuals = sums - sums.sum() / n * counts
    return float(np.sqrt(np.sum(residuals**2) * units / (units - 1)) / n)


def inflation(sums: Floats, counts: Floats) -> float:
    """Return by how much the standard error is too small because clusters differ in size; 1 or more or less.

    The arguments are those of ``standard_error``.
    """
    residuals = sums - sums.sum() / counts.sum() * counts
    plain = float(np.sum(residuals**2))
    return float(np.sqrt(np.sum((residuals * leverage_factors(counts)) ** 2) / plain)) if plain else 1.0


def clustered_mean(
    values: ArrayLike, clusters: ArrayLike | None = None, level: float = 0.95
) -> ClusteredMean:
    """Return the mean of ``values`` with the t interval that its clustered standard error gives.

    Args:
        values: scores, shape ``(n,)``; none may be missing.
        clusters: a label for each score; without them each score is a cluster of its own.
        level: of the interval.

    Raises:
        TooFewUnits: if there is but one cluster.
        ValueError: if a value is not finite, or the lengths differ.
    """
    data = finite(values, "scores")
    sums, counts = sum_by_cluster(data, clusters)
    check_units(sums.size)
    error = standard_error(sums, counts)
    effective = effective_units(counts, correlation_within(data, sums, counts))
    half = t_quantile(effective, level) * error * inflation(sums, counts)
    mean = float(data.mean())
    return ClusteredMean(mean, mean - half, mean + half, error, data.size, sums.size, level)
