"""A paired difference that may be looked at after every pair: bets against its possible values.

An ordinary interval or p keeps its promise at one number of pairs, chosen before. Who looks after every
answer and stops at the first "significant" one is wrong far more often than 5 %. What is computed here holds
at all numbers of pairs at once, so that a comparison may end whenever it is decided.

The method bets on each pair's difference d against the claim that the true mean difference is at most μ: a
bet of a share γ of its capital multiplies that by 1 + γ·(d − μ)/(1 + μ). If the claim is true, the capital
does not grow in expectation, and by Ville's inequality it ever reaches 1/α with a probability of at most α.
The best γ is not known: the capital is divided among ``_NODES`` shares. Bets against "at least μ" are
mirrored. The values of μ against which neither kind of bet has reached 2/α form a *confidence sequence*.

Sources: Waudby-Smith and Ramdas 2024 (means of bounded random variables by betting; the hedged capital),
Orabona and Jun 2021 (shares mixed uniformly, as in Cover's universal portfolios). For scores of 0 and 1,
and μ = 0, the mean of both capitals is the uniform Beta-binomial mixture of the discordant pairs b and c,
2^(b + c) / ((b + c + 1) · C(b + c, b)): the sequential form of McNemar's test. One method serves 0/1 and
graded scores, adapts to the share of discordant pairs, and its intervals cannot disagree with its tests.

It requires pairs in a random order that does not depend on the scores: the order in which the sample was
drawn, and not that in which answers arrive, since easy questions are often answered sooner.
"""

from dataclasses import dataclass
from functools import cache
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.services.evaluation.statistics.bounds import Bounds

Floats = NDArray[np.float64]

_NODES = 64
"""Shares that are bet. Any mixture of them keeps the promise; so many are as good as a continuous one up to
some 100,000 pairs, since the nodes of Gauss and Legendre lie close together near 0."""
_LEAST = -1 + 1e-9
"""Just above the end of the scale, where bets have no bound."""


@cache
def _shares() -> tuple[Floats, Floats]:
    """Return the shares of the capital that are bet, in (0, 1), and the logarithms of their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return (nodes + 1) / 2, np.log(weights / 2)


def _log_growth(surplus: Floats) -> Floats:
    """Return the logarithm by which each bet grows on each surplus; no change for NaN, a pair unknown."""
    shares, _ = _shares()
    # Scores of 0 and 1 have three differences: of thousands of pairs, logarithms would be most of the time.
    values, places = np.unique(surplus, return_inverse=True)
    grown = np.nan_to_num(np.log1p(values[:, None] * shares), nan=0.0)
    return np.asarray(grown[places.reshape(surplus.shape)])


def _mixed(logs: Floats) -> Floats:
    """Return the logarithm of the capital of all bets together."""
    _, weights = _shares()
    summed = logs + weights
    most = summed.max(axis=-1)
    return np.asarray(most + np.log(np.exp(summed - most[..., None]).sum(axis=-1)))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Logarithms of the capital after each pair, shape ``(n,)`` each.

    Attributes:
        above_zero: against a difference of 0 or less.
        below_zero: against a difference of 0 or more.
        above_margin: against a difference of −margin or less.
        below_margin: against a difference of +margin or more.
    """

    above_zero: Floats
    below_zero: Floats
    above_margin: Floats
    below_margin: Floats


class PairedBets:
    """Bets on the differences (second − first) of pairs of scores in [0, 1], as pairs come in.

    A pair takes the same time however many there were before. A difference of which only bounds are known,
    since a score is missing, counts by its lower bound for bets that the true difference is larger, and
    by its upper one for the others: what is found holds whatever the missing scores would have been.

    Args:
        margin: the largest difference that does not matter, in (0, 1].
    """

    def __init__(self, margin: float) -> None:
        self.margin = margin
        self._logs = np.zeros((4, _NODES))
        # Distinct differences with their counts, for intervals: against more, and against less.
        self._seen: tuple[dict[float, int], dict[float, int]] = ({}, {})
        self.pairs = 0

    @property
    def range_of_means(self) -> Bounds:
        """The mean difference so far, whatever missing scores would have been; ends of the scale if none."""
        if not self.pairs:
            return -1.0, 1.0
        low, high = (sum(d * times for d, times in seen.items()) / self.pairs for seen in self._seen)
        return low, high

    def preview(self, low: ArrayLike, high: ArrayLike) -> Evidence:
        """Return the evidence after each of further pairs, without adding them."""
        logs = self._logs[:, None, :] + np.cumsum(_log_growth(self._surplus(low, high)), axis=1)
        return Evidence(*_mixed(logs))

    def add(self, low: ArrayLike, high: ArrayLike) -> None:
        """Add pairs.

        Args:
            low: least possible difference of each pair, in [−1, 1], shape ``(n,)``; NaN: the score does not
                apply to the question, which says nothing of the difference.
            high: greatest; the same as ``low`` where both scores are known.

        Raises:
            ValueError: if a difference is outside [−1, 1], or the shapes differ.
        """
        least, most = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        if least.shape != most.shape or least.ndim != 1 or np.any(least > most) or np.any(abs(most) > 1):
            raise ValueError("differences of scores in [0, 1] have bounds in [-1, 1], in their order")
        self._logs += _log_growth(self._surplus(least, most)).sum(axis=1)
        known = ~np.isnan(least)
        self.pairs += int(known.sum())
        for seen, values in zip(self._seen, (least, most), strict=True):
            for value, times in zip(*np.unique(values[known], return_counts=True), strict=True):
                seen[float(value)] = seen.get(float(value), 0) + int(times)

    def _surplus(self, low: ArrayLike, high: ArrayLike) -> Floats:
        least, most = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
        # A claim of a margin of 1 cannot be bet against: no difference is larger.
        scale = max(1 - self.margin, 1e-12)
        return np.stack([least, -most, (least + self.margin) / scale, (self.margin - most) / scale])

    def bounds(self, level: float) -> Bounds:
        """Return the interval of the confidence sequence after the pairs so far.

        Args:
            level: the probability that the true difference is in all intervals of the sequence.

        Returns:
            The lower and the upper bound of the difference, within [−1, 1].
        """
        limit = log(2 / (1 - level))
        return _lower(self._seen[0], limit), -_lower({-d: n for d, n in self._seen[1].items()}, limit)


def _lower(seen: dict[float, int], limit: float) -> float:
    """Return the least mean against which bets on a larger one have not reached ``limit`` (a logarithm)."""
    # Imported here: scipy takes 0.1 s and memory that most worker processes can do without.
    from scipy.optimize import brentq

    if not seen:
        return -1.0
    values, times = np.array(list(seen)), np.array(list(seen.values()), dtype=np.float64)
    observed = float(values @ times / times.sum())

    def excess(mean: float) -> float:
        return float(_mixed(times @ _log_growth((values - mean) / (1 + mean)))) - limit

    if observed <= _LEAST or excess(_LEAST) <= 0:
        return -1.0
    return float(brentq(excess, _LEAST, observed, xtol=1e-9))
