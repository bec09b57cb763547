"""The interval of a mean or a share of one experiment, by its values and how they belong together."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.metrics import Estimate
from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.intervals import bca_mean, wilson
from app.services.evaluation.statistics.likelihood import (
    correlation_within,
    effective_units,
    few_differ,
    likelihood_interval,
)
from app.services.evaluation.statistics.resampling import sum_by_cluster

_FEWEST_VALUES = 20
"""With fewer values a BCa interval is too narrow: of 5 scores, 70 % of them 0, it covers 78 %."""
_FEWEST_EFFECTIVE = 12
"""With fewer clusters, or fewer that count because some are much larger, a t interval covers 87 to 91 %."""


def share(hits: Sequence[float], units: Sequence[str] | None = None) -> Estimate:
    """Return the share of ones: with Wilson's interval, or a clustered one; see ``bounded_mean``.

    If all are alike there is no spread between units, and the interval is Wilson's of so many units.
    """
    labels = _labels(units)
    if labels is None:
        return wilson(round(sum(hits)), len(hits))
    if min(hits) == max(hits):
        number = len(set(labels))
        return replace(wilson(number if hits[0] else 0, number), n=len(hits))
    return bounded_mean(hits, labels, seed=0)


def bounded_mean(values: Sequence[float], units: Sequence[str] | None, seed: int) -> Estimate:
    """Return the mean of values in [0, 1] with an interval that never claims to be certain.

    Values of one unit (a document, a question that was asked several times) are not independent: the
    interval then comes from the spread between units. Of independent values it is the BCa bootstrap's,
    and the likelihood interval where there are few of them, or few that differ.

    Args:
        values: at least one.
        units: of each value; ``None`` if all are independent.
        seed: of the bootstrap.
    """
    labels = _labels(units)
    data = np.asarray(values, dtype=np.float64)
    sums, counts = sum_by_cluster(data, labels)
    effective = effective_units(counts, correlation_within(data, sums, counts))
    few = effective < _FEWEST_EFFECTIVE or few_differ(sums, counts)
    if labels is None and not few and len(values) >= _FEWEST_VALUES:
        return bca_mean(values, seed)
    # Summed in the order of size: rounding must not depend on the order of the values.
    value = low = high = float(np.sort(values).mean())
    if labels is None or few:
        least, most = likelihood_interval(sums, counts, 0.0, 1.0, effective=effective)
        low, high = min(low, least), max(high, most)
    if labels is None:
        return Estimate(value, low, high, len(values), "likelihood")
    if counts.size > 1:
        clustered = clustered_mean(values, labels)
        low, high = min(low, max(0.0, clustered.low)), max(high, min(1.0, clustered.high))
    return Estimate(value, low, high, len(values), "clustered")


def amount_mean(values: Sequence[float], units: Sequence[str] | None, seed: int) -> Estimate:
    """Return the mean of amounts without a greatest value, such as steps.

    If all are equal, or come from one unit, nothing is known of their spread: ``constant`` says that the
    bounds are none.
    """
    labels = _labels(units)
    value = float(np.sort(values).mean())
    independent = len(values) if labels is None else len(set(labels))
    if independent < 2 or min(values) == max(values):
        return Estimate(value, value, value, len(values), "constant")
    if labels is None and len(values) >= _FEWEST_VALUES:
        return bca_mean(values, seed)
    mean = clustered_mean(values, labels)
    return Estimate(value, mean.low, mean.high, len(values), "clustered")


def _labels(units: Sequence[str] | None) -> Sequence[str] | None:
    """Return ``units``, or ``None`` if each occurs but once."""
    return None if units is None or len(set(units)) == len(units) else units
