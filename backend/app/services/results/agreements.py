"""A harness's own scores against ours, on the answers that were imported: where do they call others right?"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.harness import score_label
from app.domain.metrics import Estimate, RunFacts
from app.schemas.scoring import ORIGINAL
from app.services.evaluation.metrics.units import units_of
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.means import share
from app.services.results.service import ResultService
from app.services.runs.repository import RunRepository
from app.services.runs.scores_repository import ScoresRepository

_RIGHT = 1.0
"""Of any score: the least value that calls an answer right, as lists of runs do."""


@dataclass(frozen=True, slots=True)
class HarnessAgreement:
    """How often two scores call the same answer right.

    Attributes:
        theirs: name of the harness's score.
        ours: name of ours.
        theirs_label: what people see for it.
        ours_label: likewise.
        both: answers that both call right.
        only_theirs: that only theirs does.
        only_ours: that only ours does.
        neither: that neither does.
        alike: share of ``both`` and ``neither``, with its interval.
        unscored: answers that one of the two says nothing of.
    """

    theirs: str
    ours: str
    theirs_label: str
    ours_label: str
    both: int
    only_theirs: int
    only_ours: int
    neither: int
    alike: Estimate
    unscored: int


class AgreementService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)
        self._runs = RunRepository(session)

    async def agreements(self, experiment_id: uuid.UUID, scoring: str = ORIGINAL) -> list[HarnessAgreement]:
        """Return each score of the harness against each score of ours that is right or wrong.

        Args:
            experiment_id: of which experiment; one that was not imported has none.
            scoring: by which of its scorings; the harness's scores are those of the original one.

        Raises:
            NotFound: if there is no experiment, or no such scoring that is complete.
        """
        await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, scoring)
        if not any(score_label(one) for one in await self._scores.names(experiment_id)):
            return []
        imported = await self._runs.facts(experiment_id)
        scored = imported if scoring_id is None else await self._runs.facts(experiment_id, scoring_id)
        return agreements_of(imported, scored)


def agreements_of(imported: Sequence[RunFacts], scored: Sequence[RunFacts]) -> list[HarnessAgreement]:
    """Return each score of the harness against each score of ours that is right or wrong, by their names.

    Args:
        imported: the runs with the harness's scores.
        scored: the same runs, in the same order, with ours.
    """
    theirs = [one for one in _names(imported) if score_label(one)]
    ours = [one for one in _names(scored) if not score_label(one) and SCORERS.describe(one).kind == "binary"]
    return [
        found
        for first in theirs
        for second in ours
        if (found := agreement(imported, scored, first, second)) is not None
    ]


def _names(runs: Sequence[RunFacts]) -> list[str]:
    return sorted({name for run in runs for name in run.scores})


def agreement(
    imported: Sequence[RunFacts], scored: Sequence[RunFacts], theirs: str, ours: str
) -> HarnessAgreement | None:
    """Return how often two scores call the same answer right; ``None`` if no answer has both.

    Args:
        imported: the runs with the harness's scores.
        scored: the same runs, in the same order, with ours.
        theirs: name of the harness's score.
        ours: name of ours.
    """
    pairs = [
        (one.scores.get(theirs), other.scores.get(ours), unit)
        for one, other, unit in zip(imported, scored, units_of(imported), strict=True)
        if one.ok
    ]
    known = [(a >= _RIGHT, b >= _RIGHT, unit) for a, b, unit in pairs if a is not None and b is not None]
    if not known:
        return None
    cells = [(a, b) for a, b, _ in known]
    return HarnessAgreement(
        theirs=theirs,
        ours=ours,
        theirs_label=SCORERS.describe(theirs).label,
        ours_label=SCORERS.describe(ours).label,
        both=cells.count((True, True)),
        only_theirs=cells.count((True, False)),
        only_ours=cells.count((False, True)),
        neither=cells.count((False, False)),
        alike=share([float(a == b) for a, b in cells], [unit for *_, unit in known]),
        unscored=len(pairs) - len(known),
    )
