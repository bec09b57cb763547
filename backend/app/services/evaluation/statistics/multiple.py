"""Several comparisons at once: adjusted p values, simultaneous intervals, and what is tied for the best."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.services.evaluation.statistics.bounds import Bounds

_JUST_BEYOND = 1e-9
"""How far from 0 a bound is that only the test excludes from an interval: too little to be seen."""


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p values adjusted for the whole family, in the order given, shape ``(m,)``.

    With p sorted, the adjusted p_(i) is max_{j≤i} min(1, (m − j + 1)·p_(j)): the probability of one or
    more false positives in the family stays at the level of the test. Source: Holm 1979.

    Raises:
        ValueError: if a p value is not in [0, 1].
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if not np.all((raw >= 0) & (raw <= 1)):  # also catches NaN
        raise ValueError(f"not all p values are in [0, 1]: {raw.tolist()}")
    # statsmodels has this too, and the tests compare them, but each of its calls runs a full garbage
    # collection: 20 to 400 ms in which the server answers no request.
    order = np.argsort(raw, kind="stable")
    steps = np.minimum(1.0, raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty(raw.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def simultaneous_level(level: float, comparisons: int) -> float:
    """Return the level of each interval at which all of ``comparisons`` hold at once with ``level``.

    Source: Bonferroni's inequality.

    Raises:
        ValueError: if there are no comparisons.
    """
    if comparisons < 1:
        raise ValueError("no comparison, no interval")
    return 1 - (1 - level) / comparisons


def direction(difference: float, adjusted_p: float, alpha: float = 0.05) -> int:
    """Return 1 or −1 if the test found a difference above or below 0, and 0 if it found none."""
    if adjusted_p >= alpha or difference == 0:
        return 0
    return 1 if difference > 0 else -1


def agreeing(bounds: Bounds, direction: int) -> Bounds:
    """Return bounds of a difference that contain 0 if and only if the test found no difference.

    A step-down test such as Holm's finds more than Bonferroni's intervals show. Of such a difference it is
    known that it lies on this side of 0, and not how far from it: that bound is 0, which itself is
    excluded. Source: Guilbaud 2008; Strassburger and Bretz 2008. Where the test, which is another method
    than the interval's, found no difference, the interval is widened to contain 0.

    Args:
        bounds: the lower and the upper one.
        direction: 1 or −1 for a difference above or below 0 that was found, 0 for none.
    """
    low, high = bounds
    if direction > 0:
        low, high = max(low, _JUST_BEYOND), max(high, _JUST_BEYOND)
    elif direction < 0:
        low, high = min(low, -_JUST_BEYOND), min(high, -_JUST_BEYOND)
    else:
        low, high = min(low, 0.0), max(high, 0.0)
    return low, high


def tied_for_best(
    scores: Mapping[str, float], adjusted: Mapping[tuple[str, str], float], alpha: float = 0.05
) -> list[str]:
    """Return the names of all that are not distinguishable from the best, the best first.

    Of equal scores the name that comes first in ``scores`` counts as the best.

    Args:
        scores: by name, higher is better.
        adjusted: p of pairs of names, in either order, adjusted for the family. A pair that is
            missing was not compared, and so is not distinguishable.
        alpha: the level of the family.
    """
    if not scores:
        return []
    order = sorted(scores, key=lambda name: -scores[name])
    best = order[0]

    def tied(name: str) -> bool:
        p = adjusted.get((best, name), adjusted.get((name, best), 1.0))
        return p >= alpha

    return [best, *(name for name in order[1:] if tied(name))]
