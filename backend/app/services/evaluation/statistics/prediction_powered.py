"""Accuracy from many judged answers and few labelled ones: prediction-powered inference.

A judge's mean is biased by the judge's errors, and the mean of few labels is imprecise. Prediction-powered
inference takes the judge's mean over all answers and corrects it by what the judge gets wrong in the labelled
ones, which must be drawn at random. Source: Angelopoulos, Bates, Fannjiang, Jordan and Zrnic 2023 (Science
382), with the power tuning of Angelopoulos, Duchi and Zrnic 2023 ("PPI++"), which gives a judge that is of
no use no weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Of = Literal["score", "difference"]

_LEVEL = 0.95
_LEAST_UNITS = 2
_PSEUDO_WEIGHT = 0.25
# Few labels may show no error of the judge, or none of the model: a quarter of an observation for each of
# four outcomes (label, judged), one in all, keeps the interval from being too narrow then. The simulations
# in the tests and in benchmarks/statistics.py show what it does to the coverage.
_PSEUDO: dict[Of, tuple[Floats, Floats]] = {
    "score": (np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])),
    "difference": (np.array([1.0, -1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, -1.0])),
}
_RANGE: dict[Of, tuple[float, float]] = {"score": (0.0, 1.0), "difference": (-1.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mean of labels, known of few answers, estimated with the help of a judge of all.

    Attributes:
        value: the estimate, in the unit of the labels.
        low: lower bound of its interval.
        high: upper bound.
        labelled: answers with a label and a judgement.
        judged: answers with a judgement, the labelled ones included.
        weight: of the judge, λ: 0 if it is of no use, so that the labels alone count; at most 1.
    """

    value: float
    low: float
    high: float
    labelled: int
    judged: int
    weight: float
    level: float = _LEVEL


def corrected_mean(
    labels: Floats, judged: Floats, units: Sequence[str], *, of: Of = "score", use_judge: bool = True
) -> Corrected | None:
    """Return the mean that the labels would have if every answer had one; ``None`` with too few labels.

    θ = λ · mean of the judge over the unlabelled answers + mean of (label − λ · judge) over the labelled
    ones. λ = cov(label, judge) / ((1 + n / N) · var(judge)), limited to 0 to 1. The variance is that of the
    sums of each unit's influence on θ, and the quantile that of t with one degree of freedom less than
    there are labelled units.

    Args:
        labels: 1 right, 0 wrong, NaN without a label; or the difference of two answers' labels. Shape
            ``(n,)``. The labelled ones must be a random sample of all.
        judged: of each answer, on the scale of the labels. Shape ``(n,)``.
        units: of each answer: those of one unit (question, document) are not independent.
        of: scores in 0 to 1, or differences of them.
        use_judge: false for the estimate by the labels alone.
    """
    known = ~np.isnan(labels)
    names = np.asarray(units)
    labelled_units = np.unique(names[known]).size
    if labelled_units < _LEAST_UNITS:
        return None
    pseudo_labels, pseudo_judged = _PSEUDO[of]
    y = np.concatenate([labels[known], pseudo_labels])
    f = np.concatenate([judged[known], pseudo_judged])
    w = np.concatenate([np.ones(int(known.sum())), np.full(pseudo_labels.size, _PSEUDO_WEIGHT)])
    rest = judged[~known]
    weight = _weight(y, f, w, rest) if use_judge and rest.size else 0.0
    residual = y - weight * f
    mean_residual = float(w @ residual / w.sum())
    mean_rest = float(rest.mean()) if rest.size else 0.0
    influence = w * (residual - mean_residual) / known.sum()
    own, of_pseudo = influence[: -pseudo_labels.size], influence[-pseudo_labels.size :]
    # A pseudo-observation of weight w adds what w observations would.
    extra = float(np.sum(of_pseudo**2) / _PSEUDO_WEIGHT)
    variance = extra + _of_units(own, weight * (rest - mean_rest) / max(rest.size, 1), names, known)
    half = float(stats.t.ppf((1 + _LEVEL) / 2, labelled_units - 1)) * float(np.sqrt(variance))
    centre = weight * mean_rest + mean_residual
    lowest, highest = _RANGE[of]
    plain = weight * mean_rest + float(np.mean(labels[known] - weight * judged[known]))
    value = min(max(plain, lowest), highest)
    return Corrected(
        value,
        min(max(centre - half, lowest), value),
        max(min(centre + half, highest), value),
        int(known.sum()),
        labels.size,
        weight,
    )


def _weight(y: Floats, f: Floats, w: Floats, rest: Floats) -> float:
    """Return λ, by the observations and the pseudo-observations."""
    n = w.sum()
    mean_f = w @ f / n
    covariance = w @ ((y - w @ y / n) * (f - mean_f)) / (n - 1)
    variance = w @ (f - mean_f) ** 2 / (n - 1)
    return float(np.clip(covariance / ((1 + n / rest.size) * variance), 0.0, 1.0))


def _of_units(labelled: Floats, rest: Floats, names: NDArray[np.str_], known: NDArray[np.bool_]) -> float:
    """Return the sum of squares of the units' sums of influence."""
    influence = np.zeros(names.size)
    influence[known] = labelled
    influence[~known] = rest
    _, unit = np.unique(names, return_inverse=True)
    return float(np.sum(np.bincount(unit, weights=influence) ** 2))
