"""Experiments against a baseline by pass@k and pass^k: what repeats of the questions say of a difference."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.provenance import Provenance
from app.models import Experiment
from app.services.comparisons.comparison import comparable_scores
from app.services.comparisons.draws import SEED
from app.services.comparisons.pairing import RunArrays
from app.services.comparisons.repository import RunArraysRepository
from app.services.evaluation.metrics.units import unit_of
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.paired_passes import PassDifference, PassSides, pass_differences
from app.services.results.run_map import require_score
from app.services.results.service import ResultService

Question = tuple[str, int]
"""Content hash of an example, and which of the examples with that content it is."""


@dataclass(frozen=True, slots=True)
class RepeatedComparison:
    """Experiments compared with the first of them by what their repeats say.

    Attributes:
        experiments: the baseline first.
        score: that is compared.
        against_baseline: the differences of each other experiment; empty where nothing was repeated.
    """

    experiments: list[Experiment]
    score: str
    against_baseline: list[list[PassDifference]]


class RepeatedComparisonService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._arrays = RunArraysRepository(session)

    async def compare(
        self, ids: Sequence[uuid.UUID], score: str, scorings: Sequence[str] = ()
    ) -> RepeatedComparison:
        """Compare experiments with the first of them, on the questions that both answered repeatedly.

        Args:
            ids: of the experiments.
            score: that is compared; right or wrong.
            scorings: by which the answers are compared; see ``ResultService.compared``.

        Raises:
            InvalidInput: as ``ResultService.compared``; for a score that they do not share, or that is not
                right or wrong.
            NotFound: if one has no result, or no such scoring.
        """
        results = await self._results.compared(ids, scorings)
        shared = comparable_scores([Provenance.from_json(one.result.provenance) for one in results])
        require_score(score, shared)
        if SCORERS.describe(score).kind != "binary":
            raise InvalidInput(
                f"{score} is not right or wrong, so that nothing can be said of k right answers.",
                hint="Choose a score of 0 or 1, such as exact_match.",
                errors=[FieldError("score", "is not right or wrong")],
            )
        runs = [
            await self._arrays.arrays(one.experiment.id, [score], scoring_id=one.scoring_id)
            for one in results
        ]
        found = await asyncio.to_thread(compare_repeats, runs, score)
        return RepeatedComparison([one.experiment for one in results], score, found)


def compare_repeats(runs: Sequence[RunArrays], score: str) -> list[list[PassDifference]]:
    """Return what repeats say of the differences from the first experiment, all of which are one family.

    Args:
        runs: of the experiments, the baseline first.
        score: right or wrong.
    """
    baseline, *others = [_counts(one, score) for one in runs]
    units = _units(runs[0])
    return pass_differences([_sides(baseline, other, units) for other in others], seed=SEED)


def _counts(runs: RunArrays, score: str) -> dict[Question, tuple[int, int]]:
    """Return the right and the scored answers of each question."""
    values = runs.values[score]
    found: dict[Question, tuple[int, int]] = {}
    for (content, _, copy), place in runs.positions().items():
        right, scored = found.get((content, copy), (0, 0))
        if not np.isnan(values[place]):
            right, scored = right + int(values[place] >= 1), scored + 1
        found[content, copy] = right, scored
    return found


def _units(runs: RunArrays) -> dict[Question, str]:
    """Return what each question belongs to: its cluster, or the questions of the same content."""
    return {
        (content, copy): unit_of(runs.clusters[place], content)
        for (content, _, copy), place in runs.positions().items()
    }


def _sides(
    first: dict[Question, tuple[int, int]],
    second: dict[Question, tuple[int, int]],
    units: dict[Question, str],
) -> PassSides:
    shared = [one for one in first if one in second]
    numbers: dict[str, int] = {}
    return PassSides(
        [first[one][0] for one in shared],
        [first[one][1] for one in shared],
        [second[one][0] for one in shared],
        [second[one][1] for one in shared],
        [numbers.setdefault(units[one], len(numbers)) for one in shared],
    )
