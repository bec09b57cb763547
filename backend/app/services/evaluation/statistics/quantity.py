"""Latency, tokens and cost of two experiments on the same items: differences and ratios."""

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import ArrayLike

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.clustered import inflation
from app.services.evaluation.statistics.intervals import RESAMPLES
from app.services.evaluation.statistics.likelihood import correlation_within, effective_units
from app.services.evaluation.statistics.multiple import simultaneous_level
from app.services.evaluation.statistics.resampling import (
    Floats,
    check_units,
    draws,
    finite,
    half_width,
    sign_flip_p,
    sum_by_cluster,
)


@dataclass(frozen=True, slots=True)
class QuantityDifference:
    """How the mean of the second side differs from the first side's.

    Attributes:
        first: the first side's mean, in the unit of the values.
        second: the second side's mean.
        difference: second − first.
        low: the lower bound of the difference.
        high: the upper bound.
        ratio: second / first, with its bounds; None where one of them, or of their resamples, is 0.
        p: of the paired sign-flip test.
        n: the number of items.
        units: the number of clusters; of items where there are none.
        simultaneous: wider bounds of the difference, which hold at once with those of all other
            comparisons of the family.
        simultaneous_ratio: the same of the ratio; None where there is no ratio.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p: float
    n: int
    units: int
    level: float
    seed: int
    simultaneous: Bounds
    simultaneous_ratio: Bounds | None


@dataclass(frozen=True, slots=True)
class QuantityDraws:
    """Amounts of two sides on the same items with all that is drawn: intervals of any level are quick.

    Attributes:
        means: of the first side and the second.
        log_ratio: of the means; None where one of them, or of their draws, is 0.
        drawn: differences of the means of the draws, shape ``(resamples,)``.
        drawn_logs: logarithms of their ratios; None without a ratio.
        p: of the paired sign-flip test.
        n: the number of items.
        units: the number of clusters; of items where there are none.
        effective: how many units count: ``likelihood.effective_units``.
        inflation: factor of the intervals' widths: ``clustered.inflation``.
        seed: of the draws.
    """

    means: tuple[float, float]
    log_ratio: float | None
    drawn: Floats
    drawn_logs: Floats | None
    p: float
    n: int
    units: int
    effective: float
    inflation: float
    seed: int

    def difference(self, *, level: float = 0.95, family: int = 1) -> QuantityDifference:
        """Return the difference and the ratio with their intervals; see ``quantity_difference``."""
        levels = (level, simultaneous_level(level, family))
        first, second = self.means
        plain, joint = (self._around(second - first, self.drawn, each) for each in levels)
        ratio: float | None = None
        ratio_plain: Bounds | tuple[None, None] = (None, None)
        ratio_joint: Bounds | None = None
        if self.log_ratio is not None and self.drawn_logs is not None:
            ratio = exp(self.log_ratio)
            ratio_plain, ratio_joint = (
                (exp(low), exp(high))
                for low, high in (self._around(self.log_ratio, self.drawn_logs, each) for each in levels)
            )
        ratio_low, ratio_high = ratio_plain
        return QuantityDifference(
            first=first,
            second=second,
            difference=second - first,
            low=plain[0],
            high=plain[1],
            ratio=ratio,
            ratio_low=ratio_low,
            ratio_high=ratio_high,
            p=self.p,
            n=self.n,
            units=self.units,
            level=level,
            seed=self.seed,
            simultaneous=joint,
            simultaneous_ratio=ratio_joint,
        )

    def _around(self, estimate: float, drawn: Floats, level: float) -> Bounds:
        half = self.inflation * half_width(estimate, drawn, self.units, self.effective, level)
        return estimate - half, estimate + half


def quantity_draws(
    first: ArrayLike,
    second: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> QuantityDraws:
    """Test amounts of two sides, and draw what intervals are read from; see ``quantity_difference``.

    Raises:
        TooFewUnits: if there is only one unit.
        ValueError: if the lengths differ, or an amount is negative or not finite.
    """
    one, two = finite(first, "amounts"), finite(second, "amounts")
    if one.shape != two.shape or (one.size and min(one.min(), two.min()) < 0):
        raise ValueError(f"no pairs of amounts: {one.size} and {two.size}, each 0 or more")
    rng = np.random.default_rng(seed)
    estimates, resampled, sums, counts = _means(one, two, clusters, rng, resamples)
    positive = min(estimates.min(), resampled.min()) > 0
    logs = np.log(resampled) if positive else None
    return QuantityDraws(
        means=(float(estimates[0]), float(estimates[1])),
        log_ratio=float(np.log(estimates[1]) - np.log(estimates[0])) if positive else None,
        drawn=resampled[1] - resampled[0],
        drawn_logs=None if logs is None else logs[1] - logs[0],
        p=sign_flip_p(sums, rng, resamples)[0],
        n=one.size,
        units=counts.size,
        effective=effective_units(counts, correlation_within(two - one, sums, counts)),
        inflation=inflation(sums, counts),
        seed=seed,
    )


def quantity_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    family: int = 1,
) -> QuantityDifference:
    """Compare amounts of two sides on the same items, by bootstrap over items or clusters.

    All intervals come from the same draws and are symmetric, the ratio's on the scale of logarithms.
    Swapping the sides mirrors the difference and inverts the ratio; another order of the items moves the
    bounds by no more than the Monte Carlo error.

    Args:
        first: amounts of the first side, 0 or more, shape ``(n,)``.
        second: amounts of the second side on the same items, in the same order.
        clusters: a label for each item; items with the same one are drawn together.
        seed: makes the draws reproducible.
        resamples: number of draws.
        level: of the intervals.
        family: number of comparisons that are shown together, this one included.

    Raises:
        TooFewUnits: if there is only one unit.
        ValueError: if the lengths differ, or an amount is negative or not finite.
    """
    draws = quantity_draws(first, second, clusters, seed=seed, resamples=resamples)
    return draws.difference(level=level, family=family)


def _means(
    one: Floats, two: Floats, clusters: ArrayLike | None, rng: np.random.Generator, resamples: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return both means, those of the draws, shape ``(2, resamples)``, each unit's difference and items."""
    sums_one, counts = sum_by_cluster(one, clusters)
    sums_two, _ = sum_by_cluster(two, clusters)
    check_units(counts.size)
    even = bool(np.all(counts == counts[0]))
    resampled = np.empty((2, resamples))
    for start, rows in draws(counts.size, rng, resamples):
        items = counts.size * counts[0] if even else counts.take(rows).sum(axis=1)
        for side, sums in enumerate((sums_one, sums_two)):
            resampled[side, start : start + rows.shape[0]] = sums.take(rows).sum(axis=1) / items
    estimates = np.array([sums_one.sum(), sums_two.sum()]) / counts.sum()
    return estimates, resampled, sums_two - sums_one, counts
