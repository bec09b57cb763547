"""One score of an experiment by what the metadata of its questions say, such as topic or difficulty."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.metrics import Estimate
from app.schemas.scoring import ORIGINAL
from app.services.evaluation.metrics.units import unit_of
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.means import bounded_mean, share
from app.services.results.question_fields import in_quantiles, value_order, why_not
from app.services.results.run_map import require_score
from app.services.results.service import ResultService
from app.services.runs.scores_repository import ScoresRepository
from app.services.runs.slices_repository import SlicedRun, SlicesRepository


@dataclass(frozen=True, slots=True)
class SliceValue:
    """The runs of the questions with one value.

    Attributes:
        value: as text.
        runs: stored, failed ones included.
        failed: how many of them failed.
        estimate: mean of the score; ``None`` if no run has it.
    """

    value: str
    runs: int
    failed: int
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Slice:
    """The runs by the values of one key of the questions' metadata."""

    key: str
    values: list[SliceValue]


@dataclass(frozen=True, slots=True)
class Slices:
    """One score of an experiment by several keys."""

    score: str
    slices: list[Slice]


class SliceService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)
        self._slices = SlicesRepository(session)

    async def slices(self, experiment_id: uuid.UUID, score: str, scoring: str = ORIGINAL) -> Slices:
        """Return the score by each key that groups the questions; the experiment may still be running.

        Args:
            experiment_id: of which experiment.
            score: by name.
            scoring: by which of its scorings.

        Raises:
            NotFound: if there is no experiment, or no such scoring that is complete.
            InvalidInput: if there are scores, and none of this name.
        """
        experiment = await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, scoring)
        require_score(score, await self._scores.names(experiment_id, scoring_id))
        fields = await self._slices.fields(experiment_id)
        keys = [one.name for one in fields if not why_not(one) and not in_quantiles(one)]
        runs = await self._slices.runs(experiment_id, keys, score, scoring_id) if keys else []
        return Slices(score, slices_of(runs, score, experiment.seed))


def slices_of(runs: Sequence[SlicedRun], score: str, seed: int) -> list[Slice]:
    """Return the runs by key and value, with the interval that the whole experiment's score has.

    Args:
        runs: one entry for each run and key.
        score: its name.
        seed: of the bootstrap.
    """
    grouped: dict[str, dict[str, list[SlicedRun]]] = {}
    for run in runs:
        grouped.setdefault(run.key, {}).setdefault(run.of, []).append(run)
    binary = SCORERS.describe(score).kind == "binary"
    return [
        Slice(key, [_value(of, found[of], binary=binary, seed=seed) for of in sorted(found, key=value_order)])
        for key, found in sorted(grouped.items())
    ]


def _value(value: str, runs: Sequence[SlicedRun], *, binary: bool, seed: int) -> SliceValue:
    scored = [run for run in runs if not run.failed and run.value is not None]
    values = [run.value for run in scored if run.value is not None]
    units = [unit_of(run.cluster, run.question) for run in scored]
    estimate = slice_estimate(values, units, binary=binary, seed=seed)
    return SliceValue(value, len(runs), sum(run.failed for run in runs), estimate)


def slice_estimate(
    values: Sequence[float], units: Sequence[str], *, binary: bool, seed: int
) -> Estimate | None:
    """Return the mean of a score over some runs with its interval; ``None`` if there are none.

    Args:
        values: of the score.
        units: what each run belongs to; see ``unit_of``.
        binary: whether the score is 0 or 1.
        seed: of the bootstrap.
    """
    if not values:
        return None
    return share(values, units) if binary else bounded_mean(values, units, seed)
