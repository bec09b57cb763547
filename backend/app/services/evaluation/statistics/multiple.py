"""Several comparisons at once."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p values adjusted for the whole family, in the order given, shape ``(m,)``.

    p sorted, the adjusted p_(i) is max_{j≤i} min(1, (m − j + 1)·p_(j)): the chance of even one false
    difference in the family stays at the level of the test. Source: Holm 1979.

    Raises:
        ValueError: if a p value is not in [0, 1].
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if not np.all((raw >= 0) & (raw <= 1)):  # also catches NaN
        raise ValueError(f"not all p values are in [0, 1]: {raw.tolist()}")
    # statsmodels has this too, and the tests compare them, but collects all garbage at every call:
    # 20 to 400 ms in which a server answers nobody.
    order = np.argsort(raw, kind="stable")
    steps = np.minimum(1.0, raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty(raw.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def holm_pairs(p_values: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return ``holm`` of a family of named comparisons, under the same names."""
    return dict(zip(p_values, holm(list(p_values.values())).tolist(), strict=True))


def tied_for_best(
    scores: Mapping[str, float], adjusted: Mapping[tuple[str, str], float], alpha: float = 0.05
) -> list[str]:
    """Return the names of all that are not distinguishable from the best, the best first.

    Of equal scores the name that comes first in ``scores`` counts as the best.

    Args:
        scores: the score of each arm, higher is better.
        adjusted: p of pairs of arms, in either order, adjusted for the family. A pair that is
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


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return all comparisons of two of ``names``, in their order."""
    return list(combinations(names, 2))
