"""Differences of pass@k and pass^k between experiments that answered the same questions repeatedly.

Repeats of a question say little of other questions: what is compared is one value of each question, its
unbiased estimate of pass@k or pass^k (``repeats``), paired question by question. Intervals and tests are
those of any other paired score, with questions, or the clusters that they belong to, as units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.multiple import agreeing, direction, holm
from app.services.evaluation.statistics.paired import PairedDifference, paired_difference
from app.services.evaluation.statistics.repeats import all_of_k, any_of_k, counts_of_k

PassMeasure = Literal["any", "all"]
"""``any``: one or more of k answers are right (pass@k); ``all``: all of them are (pass^k)."""
MEASURES: tuple[PassMeasure, ...] = ("any", "all")
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class PassSides:
    """Two sides' answers to the same questions, each list with a place for each question.

    Attributes:
        first_right: right answers of the first side.
        first_scored: scored ones, right or wrong.
        second_right: of the second side.
        second_scored: of the second side.
        clusters: a label of each question, equal for those that belong together; ``None`` if none do.
    """

    first_right: Sequence[int]
    first_scored: Sequence[int]
    second_right: Sequence[int]
    second_scored: Sequence[int]
    clusters: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class PassDifference:
    """A difference of pass@k or pass^k: second − first.

    Attributes:
        k: answers to a question.
        measure: which of the two.
        questions: with k scored answers or more on both sides; the others say nothing.
        paired: the difference with the interval and test of it alone.
        adjusted_p: by Holm's method, over the family.
        simultaneous: bounds that hold at once with those of the whole family, and contain 0 if and only if
            the adjusted p finds no difference.
        family: differences that p and the simultaneous intervals allow for.
    """

    k: int
    measure: PassMeasure
    questions: int
    paired: PairedDifference
    adjusted_p: float
    simultaneous: Bounds
    family: int


def pass_differences(sides: Sequence[PassSides], *, seed: int) -> list[list[PassDifference]]:
    """Return the differences of pass@k and pass^k of several pairs of sides, all of which are one family.

    k is 2, 4, 8, … and as many as every side has of some question. One answer (k = 1) is the mean of the
    score, which is compared elsewhere.

    Args:
        sides: of each pair.
        seed: of draws and flips.

    Returns:
        For each pair its differences, by k, pass@k before pass^k; none without repeats, or where too few
        questions were answered so often.
    """
    ks = [k for k in counts_of_k(_most(sides)) if k > 1]
    asked = [(place, k, measure) for place in range(len(sides)) for k in ks for measure in MEASURES]
    values = [(one, _values(sides[one[0]], *one[1:])) for one in asked]
    values = [(one, found) for one, found in values if _units(found) > 1]
    family = len(values)
    drawn = [paired_difference(*found, seed=seed, family=family) for _, found in values]
    adjusted = holm([one.p for one in drawn]).tolist()
    results: list[list[PassDifference]] = [[] for _ in sides]
    for ((place, k, measure), (first, *_)), one, p in zip(values, drawn, adjusted, strict=True):
        bounds = agreeing(one.simultaneous, direction(one.difference, p, _ALPHA))
        results[place].append(PassDifference(k, measure, first.size, one, p, bounds, family))
    return results


def _most(sides: Sequence[PassSides]) -> int:
    """Return how many answers every side has of some question."""
    counts = [each for one in sides for each in (one.first_scored, one.second_scored)]
    return min((max(each, default=0) for each in counts), default=0)


Values = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp] | None]


def _values(one: PassSides, k: int, measure: PassMeasure) -> Values:
    """Return each question's value on both sides, with its cluster, where both have k scored answers."""
    of_k = any_of_k if measure == "any" else all_of_k
    kept = [
        place
        for place, scored in enumerate(zip(one.first_scored, one.second_scored, strict=True))
        if min(scored) >= k
    ]
    first = np.array([of_k(one.first_scored[place], one.first_right[place], k) for place in kept])
    second = np.array([of_k(one.second_scored[place], one.second_right[place], k) for place in kept])
    if one.clusters is None:
        return first, second, None
    labels = np.array([one.clusters[place] for place in kept], dtype=np.intp)
    return first, second, None if np.unique(labels).size == labels.size else labels


def _units(values: Values) -> int:
    first, _, labels = values
    return first.size if labels is None else np.unique(labels).size
