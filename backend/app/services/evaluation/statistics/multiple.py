"""Several comparisons at once: adjusted p values, and what is not distinguishable from the best."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


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
