"""Experiments against a baseline, slice by slice of their questions."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.provenance import Provenance
from app.domain.scoring import DEFAULT_MARGIN
from app.models import Experiment
from app.services.comparisons.comparison import comparable_scores
from app.services.comparisons.repository import RunArraysRepository
from app.services.comparisons.slicing import ComparedSlice, compare_slices
from app.services.evaluation.scorers.registry import SCORERS
from app.services.results.question_fields import (
    QUESTION_LENGTH,
    Grouping,
    by_quantile,
    by_value,
    in_quantiles,
    why_not,
)
from app.services.results.run_map import require_score
from app.services.results.service import ExperimentResult, ResultService
from app.services.runs.slices_repository import MetadataField, SlicesRepository


@dataclass(frozen=True, slots=True)
class SliceField:
    """A field of the questions.

    Attributes:
        name: of the field.
        in_quantiles: whether questions are put into quarters by it, instead of by its values.
        why_not: why questions cannot be put into slices by it, as a sentence; empty if they can.
    """

    name: str
    in_quantiles: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class SlicedComparison:
    """Experiments compared with the first of them, slice by slice.

    Attributes:
        experiments: the baseline first.
        score: that is compared.
        field: by which the questions are in slices.
        fields: all that the baseline's questions have.
        slices: in the order of the field's values.
    """

    experiments: list[Experiment]
    score: str
    field: SliceField
    fields: list[SliceField]
    slices: list[ComparedSlice]


class SlicedComparisonService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._arrays = RunArraysRepository(session)
        self._slices = SlicesRepository(session)

    async def compare(
        self,
        ids: Sequence[uuid.UUID],
        score: str,
        by: str = "",
        margin: float = DEFAULT_MARGIN,
        scorings: Sequence[str] = (),
    ) -> SlicedComparison:
        """Compare experiments with the first of them, slice by slice of the questions that both answered.

        Args:
            ids: of the experiments.
            score: that is compared.
            by: the field that makes the slices, as the baseline's questions have it; if empty, the first
                one that can.
            margin: the largest difference of the score that does not matter.
            scorings: by which the answers are compared; see ``ResultService.compared``.

        Raises:
            InvalidInput: for fewer than two experiments, too many, or the same twice; for a score that they
                do not share; for a field that there is not, or that does not group the questions.
            NotFound: if one has no result.
        """
        results = await self._results.compared(ids, scorings)
        shared = comparable_scores([Provenance.from_json(one.result.provenance) for one in results])
        require_score(score, shared)
        stored = await self._slices.fields(ids[0])
        fields = [SliceField(one.name, in_quantiles(one), why_not(one)) for one in stored]
        if all(one.name != QUESTION_LENGTH for one in fields):
            fields.append(SliceField(QUESTION_LENGTH, in_quantiles=True, why_not=""))
        field = _chosen(fields, by)
        grouping = await self._grouping(results[0], field, stored)
        runs = [
            await self._arrays.arrays(one.experiment.id, [score], scoring_id=one.scoring_id)
            for one in results
        ]
        binary = SCORERS.describe(score).kind == "binary"
        found = await asyncio.to_thread(compare_slices, runs, grouping, score, margin, binary=binary)
        return SlicedComparison([one.experiment for one in results], score, field, fields, found)

    async def _grouping(
        self, baseline: ExperimentResult, field: SliceField, stored: Sequence[MetadataField]
    ) -> Grouping:
        asked = baseline.experiment.id, baseline.scoring_id
        if all(one.name != field.name for one in stored):
            return by_quantile(dict(await self._slices.lengths(*asked)), "characters")
        values = await self._slices.values(asked[0], field.name, asked[1])
        if not field.in_quantiles:
            return by_value(values)
        return by_quantile({key: None if one is None else float(one) for key, one in values.items()})


def _chosen(fields: Sequence[SliceField], by: str) -> SliceField:
    usable = [one for one in fields if not one.why_not]
    if not by:
        return usable[0]  # the length of the question, at least
    field = next((one for one in fields if one.name == by), None)
    if field is not None and not field.why_not:
        return field
    raise InvalidInput(
        field.why_not if field else f"The questions have no field {by!r}.",
        hint=f"They can be put into slices by: {', '.join(one.name for one in usable)}.",
        errors=[
            FieldError("by", "does not group the questions" if field else "is no field of the questions")
        ],
    )
