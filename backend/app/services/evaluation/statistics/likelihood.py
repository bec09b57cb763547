"""Intervals of means of bounded scores that hold where few of the scores differ, or none.

If all observed scores are equal, a bootstrap has nothing to draw from, and returns an interval of width
zero. What is known is less: a score that was not seen can be as bad as the scale allows. The interval here
is the score interval for an empirical distribution that may put mass on the end of the scale: for shares
it is Wilson's, for differences of two shares Tango's, and it needs neither to be 0 or 1.
"""

from math import inf
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_FEW = 12
"""Of fewer units that differ from the commonest value, resampling knows too little: if none of them is an
extreme one, that says nothing of those that were not seen."""
_SMALLEST_DF = 0.5
"""Below this a t quantile is astronomical, and the interval all of the scale anyway."""
_MANY_DF = 250
_TINY = 1e-12


def few_differ(sums: ArrayLike, counts: ArrayLike) -> bool:
    """Return whether so few clusters differ from the commonest mean that their spread shows little.

    Args:
        sums: the sum of the items of each cluster, shape ``(G,)``.
        counts: the number of items of each cluster, shape ``(G,)``.
    """
    # Means of equal items of clusters of different sizes are equal but for rounding.
    means = np.round(np.asarray(sums) / np.asarray(counts), 12)
    _, times = np.unique(means, return_counts=True)
    return bool(means.size - times.max() < _FEW)


def effective_units(counts: Floats, correlation: float = 0.0) -> float:
    """Return the number of equally large clusters whose spread says as much: (Σ v)²/Σ v².

    v = m·(1 + ρ·(m − 1)) is the variance of the sum of a cluster of m items, with ρ as their correlation.
    Less one, it is Satterthwaite's number of degrees of freedom. Without correlation it is Kish's number,
    (Σ m)²/Σ m². Source: Bell and McCaffrey 2002; Imbens and Kolesár 2016.

    Args:
        counts: items of each cluster, shape ``(G,)``.
        correlation: ρ, of items of one cluster, in [0, 1].
    """
    variances = counts * (1 + correlation * (counts - 1))
    return float(variances.sum() ** 2 / np.sum(variances**2))


def correlation_within(values: Floats, sums: Floats, counts: Floats) -> float:
    """Return how much items of one cluster are alike: their correlation, by moments, in [0, 1].

    ρ = Σ_clusters Σ_{i≠j} e_i e_j / (σ² Σ m·(m − 1)), with e as an item less the mean.

    Args:
        values: items, shape ``(n,)``, in any order, and all with their sign or all without.
        sums: the sum of the items of each cluster, shape ``(G,)``, up to the sign of all.
        counts: the number of items of each cluster, shape ``(G,)``.
    """
    pairs = float(np.sum(counts * (counts - 1)))
    # Sorted and squared: rounding must depend neither on the order of the items nor on their sign.
    squares = float(np.sort(values**2).sum())
    mean = float(sums.sum() / counts.sum())
    spread = squares - values.size * mean**2
    if not pairs or spread <= _TINY * squares:
        return 0.0
    between = float(np.sum((sums - mean * counts) ** 2)) - spread
    return min(1.0, max(0.0, between * values.size / (spread * pairs)))


def leverage_factors(counts: Floats) -> Floats:
    """Return by how much the residual of each cluster is too small, relative to clusters of equal size.

    A large cluster pulls the mean towards itself, by its share h of the items: the jackknife (CR3) divides
    its residual by 1 − h. Source: Bell and McCaffrey 2002. Shape ``(G,)``; all 1 for equal sizes.
    """
    shares = counts / counts.sum()
    return np.asarray((1 - 1 / counts.size) / (1 - shares))


def t_quantile(units: float, level: float) -> float:
    """Return the two-sided quantile of a t distribution with ``units`` − 1 degrees of freedom.

    For many degrees of freedom by the expansion of Abramowitz and Stegun (26.7.5), right to 10 digits.
    """
    df = max(units - 1, _SMALLEST_DF)
    if df >= _MANY_DF:
        z = NormalDist().inv_cdf(0.5 + level / 2)
        return (
            z
            + (z**3 + z) / (4 * df)
            + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3)
        )
    # Imported here: scipy takes 0.1 s and memory that most worker processes can do without.
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def likelihood_interval(
    sums: ArrayLike,
    counts: ArrayLike,
    least: float,
    most: float,
    level: float = 0.95,
    effective: float | None = None,
) -> tuple[float, float]:
    """Return the bounds of a mean over items that come in clusters.

    A mean μ is within them unless (d̄ − μ)² > t²·V(μ)/G, where V(μ) is the variance under the
    most likely distribution with mean μ on the observed clusters and one more, unseen, at the end of the
    scale (empirical likelihood, Owen 2001, with the added point of Chen et al. 2008), and t has
    the degrees of freedom of the effective number of clusters.

    Args:
        sums: the sum of the items of each cluster, shape ``(G,)``.
        counts: the number of items of each cluster, shape ``(G,)``.
        least: the least value that an item can have.
        most: the greatest.
        level: of the interval.
        effective: number of clusters that count, by ``effective_units``; without correlation if left out.

    Returns:
        Bounds within [least, most]; for a single cluster, which says nothing of others, both ends.
    """
    data, sizes = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if data.size < 2:
        return least, most
    limit = t_quantile(effective_units(sizes) if effective is None else effective, level) ** 2
    scale = most - least
    at_end = sizes[0] * least, sizes[0] * most
    if data[0] in at_end and np.all(data == data[0]) and np.all(sizes == sizes[0]):
        # All at one end of the scale: Wilson's interval, with t. Loading scipy for it would take 0.2 s.
        width = scale * limit / (limit + data.size)
        return (least, least + width) if data[0] == at_end[0] else (most - width, most)
    data = data / scale
    # Mirrored data must give mirrored bounds to the last digit, whatever their order.
    low = _lower(*_sorted(data, sizes), least / scale, limit)
    high = -_lower(*_sorted(-data, sizes), -most / scale, limit)
    return max(least, low * scale), min(most, high * scale)


def _sorted(sums: Floats, counts: Floats) -> tuple[Floats, Floats]:
    order = np.lexsort((counts, sums))
    return sums[order], counts[order]


def _lower(sums: Floats, counts: Floats, least: float, limit: float) -> float:
    from scipy.optimize import brentq

    mean = float(sums.sum() / counts.sum())
    start = least + _TINY
    factors = leverage_factors(counts)
    if mean <= start or _excess(start, sums, counts, factors, least) <= limit:
        return least
    found = brentq(
        lambda mu: _excess(mu, sums, counts, factors, least) - limit, start, mean, xtol=1e-13, rtol=1e-13
    )
    return float(found)


def _excess(mu: float, sums: Floats, counts: Floats, factors: Floats, least: float) -> float:
    """Return the squared score statistic of a mean ``mu`` that is below the observed one."""
    away = sums - mu * counts
    total = float(away.sum())
    # The unseen cluster has the size in which an item finds itself on average.
    unseen = (least - mu) * float(np.sum(counts**2) / counts.sum())
    if total <= _TINY * away.size * abs(unseen):  # the observed mean itself, up to rounding
        return 0.0
    tilt = _tilt(away, unseen)
    weights = 1 / (away.size * (1 + tilt * away))
    rest = max(0.0, 1 - float(weights.sum()))
    variance = float(np.sum(weights * (away * factors) ** 2)) + rest * unseen**2
    return total**2 / (away.size * variance) if variance > 0 else inf


def _tilt(away: Floats, unseen: float) -> float:
    """Return the multiplier λ ≥ 0 that maximises Σ log(1 + λ·away), where 1 + λ·unseen ≥ 0."""
    from scipy.optimize import brentq

    lowest = min(float(away.min()), 0.0)
    # At the pole of the lowest cluster the sum is −∞: just before it there is a root.
    highest = min(-1 / unseen, (1 - _TINY) / -lowest if lowest < 0 else inf)

    def slope(tilt: float) -> float:
        return float(np.sum(away / (1 + tilt * away)))

    if slope(highest) >= 0:
        return highest
    return float(brentq(slope, 0.0, highest, xtol=1e-14, rtol=1e-12))
