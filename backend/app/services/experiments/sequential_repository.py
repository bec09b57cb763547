"""SQL of comparisons that end as soon as they are settled."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.domain.progress import Ending
from app.domain.status import ExperimentStatus
from app.models import ExecutorRow, Experiment, Run, SequentialComparison
from app.services.runs.selection_repository import score_value

_UNENDED = (ExperimentStatus.PENDING, ExperimentStatus.RUNNING)


class SideState(NamedTuple):
    """One of the experiments: whether it ended or is about to without being settled, and who works on it.

    Attributes:
        lost: it is to be answered no further, for a reason of its own: cancelled, failed or deleted.
        at_work: executors with a recent heartbeat.
    """

    lost: bool
    at_work: int


class SideRun(NamedTuple):
    """The score of one run; ``None``: it has none."""

    experiment_id: uuid.UUID
    example_id: int
    failed: bool
    score: float | None


class SequentialRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, comparison: SequentialComparison, experiment_ids: Sequence[uuid.UUID]) -> None:
        """Store a comparison, and that these experiments belong to it."""
        self._session.add(comparison)
        await self._session.flush()
        chosen = update(Experiment).where(Experiment.id.in_(experiment_ids))
        await self._session.execute(chosen.values(sequential_id=comparison.id))

    async def find(self, comparison_id: uuid.UUID) -> SequentialComparison | None:
        """Return a comparison, if there is one."""
        return await self._session.get(SequentialComparison, comparison_id, populate_existing=True)

    async def get(self, comparison_id: uuid.UUID) -> SequentialComparison:
        """Return the comparison that experiments belong to."""
        return await self._session.get_one(SequentialComparison, comparison_id, populate_existing=True)

    async def states(self, ids: Sequence[uuid.UUID], stale_after_s: float) -> dict[uuid.UUID, SideState]:
        """Return how it stands with each of these experiments; none of those that were removed."""
        recent = func.clock_timestamp() - timedelta(seconds=stale_after_s)
        at_work = (
            select(func.count())
            .where(ExecutorRow.experiment_id == Experiment.id, ExecutorRow.heartbeat_at > recent)
            .scalar_subquery()
        )
        lost = or_(
            Experiment.status.in_((ExperimentStatus.FAILED, ExperimentStatus.CANCELLED)),
            Experiment.deleted_at.is_not(None),
            Experiment.cancel_requested,
            and_(
                Experiment.ending.is_not(None),
                Experiment.ending["status"].as_string() != ExperimentStatus.COMPLETED,
            ),
        )
        query = select(Experiment.id, func.coalesce(lost, False), at_work).where(Experiment.id.in_(ids))
        return {row[0]: SideState(row[1], row[2]) for row in await self._session.execute(query)}

    async def runs(self, ids: Sequence[uuid.UUID], example_ids: Sequence[int], score: str) -> list[SideRun]:
        """Return the runs of these examples in these experiments."""
        query = select(Run.experiment_id, Run.example_id, Run.status == "failed", score_value(score))
        query = query.where(Run.experiment_id.in_(ids), Run.example_id.in_(example_ids))
        return [SideRun(*row) for row in await self._session.execute(query)]

    async def end(self, experiment_id: uuid.UUID, ending: Ending) -> None:
        """Ask the executors of an experiment to end it, unless they are to already."""
        chosen = update(Experiment).where(
            Experiment.id == experiment_id, Experiment.status.in_(_UNENDED), Experiment.ending.is_(None)
        )
        await self._session.execute(
            chosen.values(ending=ending.as_dict()).execution_options(synchronize_session=False)
        )

    async def keep(self, comparison_id: uuid.UUID, state: JsonObject) -> None:
        """Store what is known; of two executors, what the one with fewer questions knows does not count."""
        asked = func.coalesce(SequentialComparison.state["questions"].as_integer(), -1)
        chosen = update(SequentialComparison).where(
            SequentialComparison.id == comparison_id, asked <= state["questions"]
        )
        await self._session.execute(chosen.values(state=state).execution_options(synchronize_session=False))
