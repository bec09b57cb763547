"""Two experiments on the same items: the difference of their scores, its interval and its test.

The caller pairs the items, and leaves out those without a score on one side. The tests compare these
functions with scipy's bootstrap and permutation tests, which take seconds and gigabytes for 10,000 items
where these take tenths of a second and a few megabytes.
"""

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.clustered import inflation, standard_error
from app.services.evaluation.statistics.intervals import RESAMPLES
from app.services.evaluation.statistics.likelihood import (
    correlation_within,
    effective_units,
    few_differ,
    likelihood_interval,
)
from app.services.evaluation.statistics.multiple import simultaneous_level
from app.services.evaluation.statistics.proportions import McNemar, mcnemar, score_interval
from app.services.evaluation.statistics.resampling import (
    Floats,
    Units,
    check_units,
    finite,
    half_width,
    paired_units,
    resampled_means,
    sign_flip_p,
)

Test = Literal["mcnemar", "sign_flip_exact", "sign_flip"]
Method = Literal["score", "bootstrap", "likelihood"]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean difference of two sides on the same items: second − first.

    Attributes:
        first: the first side's mean.
        second: the second side's mean.
        difference: second − first, in the unit of the scores.
        low: the lower bound of the difference.
        high: the upper bound.
        n: the number of items.
        units: the number of clusters; of items where there are none.
        standard_error: of the difference, clustered where there are clusters; None for one item.
        p: two-sided, not adjusted for other comparisons.
        test: the test that gave ``p``: McNemar's exact test (binary scores, no clusters), or the
            sign-flip test with all flips (exact) or random ones.
        method: how the interval was computed: Tango's ``score`` interval (binary scores, no clusters),
            ``bootstrap``, or ``likelihood`` where few units differ, or none, so that the draws know too
            little of what was not seen.
        mcnemar: the discordant pairs with mid-p, where the test is McNemar's.
        simultaneous: wider bounds, which hold at once with those of all other comparisons of the family;
            ``low`` and ``high`` if this is the only one.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    n: int
    units: int
    standard_error: float | None
    p: float
    test: Test
    method: Method
    mcnemar: McNemar | None
    level: float
    seed: int
    simultaneous: Bounds


@dataclass(frozen=True, slots=True)
class PairedDraws:
    """Two sides on the same items with all that is drawn or flipped: intervals of any level are quick.

    Attributes:
        units: items or clusters of items, with the sums of their differences.
        n: the number of items.
        means: of the first side, of the second, and of the differences.
        error: see ``PairedDifference.standard_error``.
        p: see ``PairedDifference``.
        test: that gave ``p``.
        table: the discordant pairs, where the test is McNemar's; nothing is drawn then.
        drawn: means of the draws, shape ``(resamples,)``; None if there is nothing to draw from.
        effective: how many units count: ``likelihood.effective_units``.
        least: the least score, 0 or below.
        greatest: the greatest score that occurs.
        seed: of draws and flips.
    """

    units: Units
    n: int
    means: tuple[float, float, float]
    error: float | None
    p: float
    test: Test
    table: McNemar | None
    drawn: Floats | None
    effective: float
    least: float
    greatest: float
    seed: int

    def difference(self, *, level: float = 0.95, best: float = 1.0, family: int = 1) -> PairedDifference:
        """Return the difference with its intervals; see ``paired_difference``."""
        levels = (level, simultaneous_level(level, family))
        size, table = self.units.sums.size, self.table
        method: Method = "score"
        if table is not None:
            plain, joint = (
                score_interval(table.only_first, table.only_second, self.n, each) for each in levels
            )
        else:
            span = max(best, self.greatest) - self.least
            (plain, method), (joint, _) = (
                _bounds(self.units, self.effective, self.drawn, span, each) for each in levels
            )
        first, second, difference = self.means
        return PairedDifference(
            first=first,
            second=second,
            difference=difference,
            low=plain[0],
            high=plain[1],
            n=self.n,
            units=size,
            standard_error=self.error,
            p=self.p,
            test=self.test,
            method=method,
            mcnemar=table,
            level=level,
            seed=self.seed,
            simultaneous=joint,
        )


def paired_draws(
    first: ArrayLike,
    second: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> PairedDraws:
    """Test two sides on the same items, and draw what intervals are read from; see ``paired_difference``.

    Raises:
        TooFewUnits: if there is only one unit and the scores are not binary.
        ValueError: if the lengths differ, there are no items, or a score is not finite.
    """
    one, two = finite(first, "scores"), finite(second, "scores")
    n = one.size
    if one.shape != two.shape or n == 0:
        raise ValueError(f"no pairs of {n} and {two.size} scores")
    units = paired_units(two - one, clusters)
    size = units.sums.size
    test: Test = "mcnemar"
    table = drawn = None
    effective = float(size)
    if size == n and _is_binary(one) and _is_binary(two):
        table = mcnemar(int(np.sum(one > two)), int(np.sum(two > one)))
        p = table.p
    else:
        check_units(size)
        rng = np.random.default_rng(seed)
        p, exact = sign_flip_p(units.sums, rng, resamples)
        test = "sign_flip_exact" if exact else "sign_flip"
        effective = effective_units(units.counts, correlation_within(two - one, units.sums, units.counts))
        drawn = resampled_means(units, rng, resamples) if _vary(units) else None
    return PairedDraws(
        units=units,
        n=n,
        means=(float(np.sort(one).mean()), float(np.sort(two).mean()), units.sign * units.mean),
        error=standard_error(units.sums, units.counts) if size > 1 else None,
        p=p,
        test=test,
        table=table,
        drawn=drawn,
        effective=effective,
        least=float(min(0.0, one.min(), two.min())),
        greatest=float(max(one.max(), two.max())),
        seed=seed,
    )


def cautious_bounds(draws: PairedDraws, level: float, best: float = 1.0) -> Bounds:
    """Return bounds of the difference for a decision that a bound alone takes, as equivalence is.

    Those of scores that are not all 0 or 1 contain the likelihood interval, too. Where the differences are
    skewed (a few items lose much, the others nothing), the bootstrap's bound on the side of the losses is
    too near: of samples that happen to have few losses, the spread is small as well.

    Args:
        draws: of both sides.
        level: of the interval.
        best: the greatest score; the least is 0.
    """
    found = draws.difference(level=level, best=best)
    if draws.table is not None:
        return found.low, found.high
    units, span = draws.units, max(best, draws.greatest) - draws.least
    low, high = likelihood_interval(units.sums, units.counts, -span, span, level, draws.effective)
    if units.sign < 0:
        low, high = -high, -low
    return min(found.low, low), max(found.high, high)


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    best: float = 1.0,
    family: int = 1,
) -> PairedDifference:
    """Compare two sides on the same items.

    The order of the items does not matter, and sides swapped give the mirrored result.

    For scores that are all 0 or 1, without clusters: McNemar's exact test and Tango's score interval.
    For others: the symmetric bootstrap interval (``resampling.half_width`` says why), never within the
    likelihood interval where few differ, and the sign-flip test, over clusters where there are any. p and
    interval come from different methods and may disagree: ``multiple.agreeing``.

    Args:
        first: scores of the first side, shape ``(n,)``.
        second: scores of the second side on the same items, in the same order.
        clusters: a label for each item; items with the same one (questions on one document, repeats
            of one item) are drawn and flipped together.
        seed: makes draws and flips reproducible.
        resamples: number of draws, and of flips where not all are enumerated.
        level: of the interval.
        best: the greatest score; the least is 0. Scores beyond these widen the scale to themselves.
        family: number of comparisons that are shown together, this one included.

    Raises:
        TooFewUnits: if there is only one unit and the scores are not binary.
        ValueError: if the lengths differ, there are no items, or a score is not finite.
    """
    draws = paired_draws(first, second, clusters, seed=seed, resamples=resamples)
    return draws.difference(level=level, best=best, family=family)


def _vary(units: Units) -> bool:
    """Return whether the units differ, by more than rounding, so that there is something to draw from."""
    return bool(np.abs(units.influence).max() > 1e-12 * max(1e-300, np.abs(units.sums).max()))


def _bounds(
    units: Units, effective: float, resampled: Floats | None, span: float, level: float
) -> tuple[Bounds, Method]:
    """Return the bootstrap's bounds; where few units differ, the likelihood's if they are further out."""
    low, high = inf, -inf
    method: Method = "bootstrap"
    if resampled is not None:
        half = half_width(units.mean, resampled, units.counts.size, effective, level)
        half *= inflation(units.sums, units.counts)
        low, high = max(-span, units.mean - half), min(span, units.mean + half)
    if few_differ(units.sums, units.counts):
        least, most = likelihood_interval(units.sums, units.counts, -span, span, level, effective)
        if least < low or most > high:
            low, high, method = min(low, least), max(high, most), "likelihood"
    return (low, high) if units.sign > 0 else (-high, -low), method


def _is_binary(scores: Floats) -> bool:
    return bool(np.all((scores == 0) | (scores == 1)))


@dataclass(frozen=True, slots=True)
class FailureBounds:
    """How far failed and unscored items could move a difference (second − first).

    Attributes:
        n: all items, scored or not.
        first_missing: items without a score on the first side.
        second_missing: items without a score on the second side.
        both_scored: the difference on the items that both sides have a score for; None if there are
            none.
        as_wrong: the difference if everything missing were wrong, on both sides.
        low: the smallest it could be: all items missing on the first side right, on the second side wrong.
        high: the largest it could be: the other way round.
    """

    n: int
    first_missing: int
    second_missing: int
    both_scored: float | None
    as_wrong: float
    low: float
    high: float


def failure_bounds(first: ArrayLike, second: ArrayLike, best: float = 1.0) -> FailureBounds:
    """Return how far failed and unscored items could move the difference. Source: Manski 1990.

    Args:
        first: scores in [0, ``best``] of the first side, shape ``(n,)``, NaN where there is none.
        second: the same of the second side, on the same items.
        best: the score of a right answer; a wrong one has 0.

    Raises:
        ValueError: if the lengths differ, there are no items, or a score is not in [0, ``best``].
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape or one.ndim != 1 or one.size == 0:
        raise ValueError(f"no pairs of {one.size} and {two.size} scores")
    lost_one, lost_two = np.isnan(one), np.isnan(two)
    if not all(np.all((side >= 0) & (side <= best) | np.isnan(side)) for side in (one, two)):
        raise ValueError(f"not all scores are in [0, {best}]")

    def difference(one_missing: float, two_missing: float) -> float:
        return float((np.where(lost_two, two_missing, two) - np.where(lost_one, one_missing, one)).mean())

    kept = ~lost_one & ~lost_two
    return FailureBounds(
        n=one.size,
        first_missing=int(lost_one.sum()),
        second_missing=int(lost_two.sum()),
        both_scored=float((two[kept] - one[kept]).mean()) if kept.any() else None,
        as_wrong=difference(0.0, 0.0),
        low=difference(best, 0.0),
        high=difference(0.0, best),
    )
