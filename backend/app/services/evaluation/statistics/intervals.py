"""Confidence intervals of one experiment.

Wilson and BCa intervals are computed here. The tests compare them with statsmodels and scipy, which are
not used because importing them costs a worker 150 MB and a second, and because scipy's bootstrap of
10,000 scores takes a second where a resample of counts takes milliseconds.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from app.domain.metrics import Estimate

RESAMPLES = 9_999
_MAX_DISTINCT = 512
_CELLS = 2_000_000  # values that are drawn at once, 32 MB

_normal = NormalDist()


def wilson(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Return the Wilson score interval of a share.

    Source: Wilson 1927; Brown, Cai, DasGupta 2001, eq. 4.

    Raises:
        ValueError: if ``n`` is not positive or ``successes`` is not in [0, n].
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"no share: {successes} of {n}")
    z = _normal.inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5 / (1 + z * z / n)
    # At 0 and n successes one bound is exact; rounding must not push it below 0 or above 1.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Estimate(share, low, high, n, "wilson", level)


def bca_mean(values: Sequence[float], seed: int, level: float = 0.95, resamples: int = RESAMPLES) -> Estimate:
    """Return the bias-corrected and accelerated bootstrap interval of a mean.

    Source: Efron 1987; Efron and Tibshirani 1993, ch. 14. ``seed`` makes it reproducible.

    Raises:
        ValueError: if there are no values.
    """
    # Sorted, since neither rounding nor the draws may depend on the order of the values.
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = int(data.size)
    if n == 0:
        raise ValueError("no values to average")
    if data[0] == data[-1]:
        value = float(data[0])
        return Estimate(value, value, value, n, "constant", level)
    mean = float(data.mean())
    means = _resampled_means(data, np.random.default_rng(seed), resamples)
    # Ties count half, since means of few distinct values often equal the estimate; up to rounding,
    # which differs between the two ways of summing.
    tied = np.abs(means - mean) <= 1e-12 * np.abs(data).max()
    below = (np.count_nonzero((means < mean) & ~tied) + 0.5 * np.count_nonzero(tied)) / resamples
    bias = _normal.inv_cdf(min(max(below, 0.5 / resamples), 1 - 0.5 / resamples))
    # The jackknife mean without item i is (n·mean − x_i)/(n − 1): its deviations are the data's up
    # to a factor. The acceleration does not depend on the scale; this one keeps powers from underflow.
    deviations = data - mean
    deviations /= np.abs(deviations).max()
    spread = float(np.sum(deviations**2))
    acceleration = float(np.sum(deviations**3)) / (6 * spread**1.5)
    tail = (1 - level) / 2
    bounds = [_adjusted(bias, acceleration, share) for share in (tail, 1 - tail)]
    low, high = np.quantile(means, bounds)
    return Estimate(mean, float(low), float(high), n, "bca", level)


def _adjusted(bias: float, acceleration: float, share: float) -> float:
    shifted = bias + _normal.inv_cdf(share)
    return _normal.cdf(bias + shifted / (1 - acceleration * shifted))


def _resampled_means(
    data: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """Return the means of ``resamples`` resamples of ``data`` (shape ``(n,)``), shape ``(resamples,)``."""
    distinct, counts = np.unique(data, return_counts=True)
    if distinct.size <= _MAX_DISTINCT:
        # How often each value is drawn is multinomial: the same distribution as drawing items.
        drawn = rng.multinomial(data.size, counts / data.size, size=resamples)
        return np.asarray(drawn @ distinct / data.size)
    means = np.empty(resamples)
    step = max(1, _CELLS // data.size)  # the values that are drawn do not depend on it
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        means[start:stop] = data[rng.integers(0, data.size, size=(stop - start, data.size))].mean(axis=1)
    return means
