"""One score of several experiments, slice by slice of their questions: pure functions on arrays.

All differences of one answer, those of every slice and every experiment, are one family.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.metrics import Estimate
from app.services.comparisons.compare import ScoreComparison, compare_score
from app.services.comparisons.pairing import RunArrays, pair
from app.services.evaluation.metrics.units import unit_of
from app.services.results.question_fields import Grouping
from app.services.results.slices import slice_estimate

_SEED = 1


@dataclass(frozen=True, slots=True)
class ComparedSlice:
    """The questions of one slice.

    Attributes:
        name: of the slice.
        questions: of the baseline that are in it.
        estimates: the mean score of each experiment over its own runs in it, the baseline first; ``None``
            where no run has the score.
        against_baseline: of each other experiment.
    """

    name: str
    questions: int
    estimates: list[Estimate | None]
    against_baseline: list[ScoreComparison]


def compare_slices(
    runs: Sequence[RunArrays], grouping: Grouping, score: str, margin: float, *, binary: bool
) -> list[ComparedSlice]:
    """Compare experiments with the first of them in each slice of their questions.

    Args:
        runs: of the experiments, the baseline first.
        grouping: which question is in which slice; those that it lacks are left out.
        score: by name.
        margin: the largest difference that does not matter.
        binary: whether the score is 0 or 1.
    """
    baseline, *others = runs
    groups = [_groups(one, grouping.group_of) for one in runs]
    pairings = [pair(baseline, other) for other in others]
    of_pairs = [groups[0][pairing.first] for pairing in pairings]
    numbers = range(len(grouping.names))
    parts = [
        (baseline, other, pairing.only(group == number))
        for number in numbers
        for other, pairing, group in zip(others, pairings, of_pairs, strict=True)
    ]
    compared = compare_score(parts, score, margin)
    each = len(others)
    return [
        ComparedSlice(
            grouping.names[number],
            len({key for key, place in zip(baseline.hashes, groups[0], strict=True) if place == number}),
            [
                _estimate(one, group == number, score, binary=binary)
                for one, group in zip(runs, groups, strict=True)
            ],
            compared[number * each : (number + 1) * each],
        )
        for number in numbers
    ]


def _groups(runs: RunArrays, group_of: Mapping[str, int]) -> np.ndarray:
    """Return the number of each run's slice, shape ``(runs,)``; −1 for none."""
    return np.array([group_of.get(key, -1) for key in runs.hashes], dtype=np.intp)


def _estimate(runs: RunArrays, kept: np.ndarray, score: str, *, binary: bool) -> Estimate | None:
    values = runs.values[score]
    scored = kept & ~np.isnan(values)
    units = [unit_of(runs.clusters[place], runs.hashes[place]) for place in np.flatnonzero(scored).tolist()]
    return slice_estimate(values[scored].tolist(), units, binary=binary, seed=_SEED)
