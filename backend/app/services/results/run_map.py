"""The state of every run of an experiment by one score, as the dashboard's map shows it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.run_selection import RunSelection
from app.schemas.scoring import ORIGINAL
from app.services.results.service import ResultService
from app.services.runs.repository import RunRepository
from app.services.runs.scores_repository import ScoresRepository


@dataclass(frozen=True, slots=True)
class RunStates:
    """The state of each run, as parallel lists in the order of (example, repeat).

    Attributes:
        score: the score that the states are about.
        scores: names of all scores that runs have.
        total: runs stored; the lists may hold fewer.
        run_ids: row ids.
        states: one character per run; see ``ScoresRepository.states``.
        latency_ms: in milliseconds; ``None`` for failed and for cached runs.
    """

    score: str
    scores: list[str]
    total: int
    run_ids: list[int]
    states: str
    latency_ms: list[float | None]


class RunMapService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._runs = RunRepository(session)
        self._scores = ScoresRepository(session)

    async def states(
        self, experiment_id: uuid.UUID, score: str, limit: int, scoring: str = ORIGINAL
    ) -> RunStates:
        """Return the states of the first ``limit`` runs; the experiment may still be running.

        Args:
            experiment_id: of which experiment.
            score: that the states are about.
            limit: of the runs.
            scoring: by which of its scorings.

        Raises:
            NotFound: if there is no experiment, or no such scoring that is complete.
            InvalidInput: if there are scores, and none of this name.
        """
        await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, scoring)
        names = await self._scores.names(experiment_id, scoring_id)
        require_score(score, names)
        total = await self._runs.count(experiment_id, RunSelection())
        ids, states, latencies = await self._scores.states(experiment_id, score, limit, scoring_id)
        rounded = [None if value is None else round(value, 1) for value in latencies]
        return RunStates(score, names, total, ids, states, rounded)


def require_score(score: str, names: Sequence[str]) -> None:
    """Raise unless ``score`` is one of ``names``, or there are no names yet.

    Raises:
        InvalidInput: naming the scores there are.
    """
    if names and score not in names:
        raise InvalidInput(
            f"There is no score {score!r}.",
            hint=f"There are: {', '.join(names)}.",
            errors=[FieldError("score", "no run has it")],
        )
