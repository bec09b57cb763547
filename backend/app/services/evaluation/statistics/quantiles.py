"""The interval of a median."""

from collections.abc import Sequence

import numpy as np

from app.domain.metrics import Estimate

_FEWEST = 6
"""With fewer values not even the whole range covers the median with 95 %."""


def median_interval(values: Sequence[float], level: float = 0.95) -> Estimate | None:
    """Return the median with the interval between two of the sorted values; ``None`` for too few.

    The number of values below the median is binomial with 1/2, whatever their distribution: the ranks are
    that distribution's quantiles, and the interval covers the median with ``level`` at least.

    Source: Conover, Practical Nonparametric Statistics, 3rd edition, 3.2.

    Args:
        values: independent of each other, in any unit.
        level: of the interval.
    """
    from scipy.stats import binom  # takes a second to import

    n = len(values)
    if n < _FEWEST:
        return None
    below = int(binom.ppf((1 - level) / 2, n, 0.5))
    # One rank further out where the quantile itself has more than its share of the tail.
    rank = below - 1 if binom.cdf(below - 1, n, 0.5) > (1 - level) / 2 else below
    rank = max(rank, 1)
    data = np.sort(np.asarray(values, dtype=np.float64))
    return Estimate(float(np.median(data)), float(data[rank - 1]), float(data[n - rank]), n, "ranks", level)
