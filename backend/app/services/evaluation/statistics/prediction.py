"""How far a sum over new questions may be from what some questions lead one to expect."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from app.services.evaluation.statistics.likelihood import t_quantile

FEWEST = 5
"""With fewer values the spread is hardly known."""


def relative_spread(values: Sequence[float], new: int, level: float = 0.95) -> float | None:
    """Return the half width of the prediction interval of a sum over new values, as a share of that sum.

    The interval of the mean of ``new`` further values of the same distribution: mean ± t s √(1/n + 1/new)
    (Hahn and Meeker, Statistical Intervals, 1991, section 4.7). It supposes means that are about normal, and
    is too wide where the new questions include those of the values.

    Args:
        values: of questions that are drawn as the new ones are, one each; none is negative.
        new: how many values are added up.
        level: of the interval.

    Returns:
        A share from 0 up; ``None`` for fewer than 5 values, or if all of them are 0.
    """
    data = np.asarray(values, dtype=np.float64)
    n = data.size
    if n < FEWEST or not data.any():
        return None
    half = t_quantile(n, level) * data.std(ddof=1) * sqrt(1 / n + 1 / new)
    return float(half / data.mean())
