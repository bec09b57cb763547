"""Scores of experiments that answer the same questions side by side, as differences: pure functions."""

import uuid
from collections.abc import Mapping, Sequence

import numpy as np

from app.services.evaluation.statistics.settling import Floats, possible_differences
from app.services.experiments.sequential_repository import SideRun

Scores = tuple[Floats, bool]
"""Of one question in one experiment: the scores of its repeats, and whether any of them failed."""


def answered_differences(
    runs: Sequence[SideRun], sides: Sequence[uuid.UUID], examples: Sequence[int], repeats: int
) -> list[tuple[Floats, Floats]] | None:
    """Return the differences from the first side, up to an example that some side has not answered.

    Args:
        runs: of these examples in these experiments.
        sides: ids of the experiments, the baseline first.
        examples: ids, in the order of the sample.
        repeats: how often each is answered.

    Returns:
        The least and the greatest possible difference of each example, in the mean of its repeats, for each
        side but the first; see ``PairedBets.add``. None if the first example is not answered.
    """
    answered = _answered(_by_question(runs, repeats), sides, examples)
    if not answered:
        return None
    baseline, *others = (list(column) for column in zip(*answered, strict=True))
    return [_differences(baseline, column) for column in others]


def _by_question(runs: Sequence[SideRun], repeats: int) -> dict[tuple[uuid.UUID, int], Scores]:
    """Return the scores of the examples that an experiment has answered as often as it is to."""
    found: dict[tuple[uuid.UUID, int], list[SideRun]] = {}
    for run in runs:
        found.setdefault((run.experiment_id, run.example_id), []).append(run)
    return {
        key: (
            np.array([np.nan if one.score is None else one.score for one in there]),
            any(one.failed for one in there),
        )
        for key, there in found.items()
        if len(there) == repeats
    }


def _answered(
    found: Mapping[tuple[uuid.UUID, int], Scores], sides: Sequence[uuid.UUID], examples: Sequence[int]
) -> list[list[Scores]]:
    """Return the scores of all sides for the first examples, up to one that some side has not answered."""
    rows = []
    for example in examples:
        row = [found[side, example] for side in sides if (side, example) in found]
        if len(row) < len(sides):
            break
        rows.append(row)
    return rows


def _differences(first: Sequence[Scores], second: Sequence[Scores]) -> tuple[Floats, Floats]:
    """Return the bounds of each question's difference, in the mean of its repeats."""
    one, two = np.array([scores for scores, _ in first]), np.array([scores for scores, _ in second])
    failed = np.array([a or b for (_, a), (_, b) in zip(first, second, strict=True)])
    low, high = possible_differences(one, two)
    applies = failed | ~(np.isnan(one).all(axis=1) & np.isnan(two).all(axis=1))
    return np.where(applies, low.mean(axis=1), np.nan), np.where(applies, high.mean(axis=1), np.nan)
