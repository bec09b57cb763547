"""SQL of executors: who works on which experiment, and the experiment's row that they share.

All changes are made under a lock of the experiment's row, so that executors see each other's one after
the other; runs are inserted without it.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.batch import BatchJobState
from app.domain.json import JsonObject
from app.domain.progress import CANCELLED, Ending, Gauges, ProgressSnapshot
from app.domain.status import ExperimentStatus
from app.models import BatchJob, ExecutorRow, Experiment

_progress: Any = Experiment.progress  # SQLAlchemy does not type what JSON columns can do


@dataclass(frozen=True, slots=True)
class LockedExperiment:
    """What executors share of an experiment's row, which is locked until the transaction ends.

    Attributes:
        running: whether its status is RUNNING.
        ending: what its executors are to end it with.
        active_s: seconds of work that the progress counts.
        since_s: seconds since the end of that work; ``None`` if there was none yet.
    """

    running: bool
    ending: Ending | None
    active_s: float
    since_s: float | None


@dataclass(frozen=True, slots=True)
class Member:
    """An executor at work, as others see it.

    Attributes:
        id: its lease.
        slots: calls that it may have in flight.
        gauges: what it last told of itself.
        stale: whether its heartbeat is so old that it no longer counts.
    """

    id: uuid.UUID
    slots: int
    gauges: Gauges
    stale: bool


class ExecutorRepository:
    """Reads and writes executors within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_row(self, experiment_id: uuid.UUID) -> Experiment | None:
        """Lock an experiment's row, and return all of it."""
        query = select(Experiment).where(Experiment.id == experiment_id).with_for_update(key_share=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock(self, experiment_id: uuid.UUID) -> LockedExperiment | None:
        """Lock an experiment's row, and return what executors share of it."""
        since_s = func.extract("epoch", func.clock_timestamp() - Experiment.worked_until)
        query = select(
            Experiment.status == ExperimentStatus.RUNNING,
            Experiment.ending,
            or_(Experiment.cancel_requested, Experiment.deleted_at.is_not(None)),
            func.coalesce(_progress["active_s"].as_float(), 0.0),
            since_s,
        )
        query = query.where(Experiment.id == experiment_id).with_for_update(key_share=True)
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            return None
        ending = Ending.from_dict(row[1]) if row[1] else CANCELLED if row[2] else None
        return LockedExperiment(row[0], ending, row[3], None if row[4] is None else float(row[4]))

    async def members(self, experiment_id: uuid.UUID, stale_after_s: float) -> list[Member]:
        """Return the executors of an experiment, the one that came first at the head."""
        oldest = func.clock_timestamp() - timedelta(seconds=stale_after_s)
        query = (
            select(ExecutorRow.id, ExecutorRow.slots, ExecutorRow.gauges, ExecutorRow.heartbeat_at < oldest)
            .where(ExecutorRow.experiment_id == experiment_id)
            .order_by(ExecutorRow.started_at, ExecutorRow.id)
        )
        rows = await self._session.execute(query)
        return [Member(row[0], row[1], Gauges.from_dict(row[2]), row[3]) for row in rows]

    async def add(
        self, lease: uuid.UUID, experiment_id: uuid.UUID, worker: str, slots: int, gauges: Gauges
    ) -> None:
        """Store an executor that begins to work."""
        self._session.add(
            ExecutorRow(
                id=lease, experiment_id=experiment_id, worker=worker, slots=slots, gauges=gauges.as_dict()
            )
        )
        await self._session.flush()

    async def beat(self, lease: uuid.UUID, slots: int, gauges: Gauges) -> None:
        """Store a sign of life, and what the executor tells of itself."""
        statement = update(ExecutorRow).where(ExecutorRow.id == lease)
        await self._session.execute(
            statement.values(slots=slots, gauges=gauges.as_dict(), heartbeat_at=func.clock_timestamp())
        )

    async def remove(self, leases: Collection[uuid.UUID]) -> None:
        """Take the right to write from executors; their shards are free then."""
        if leases:
            await self._session.execute(delete(ExecutorRow).where(ExecutorRow.id.in_(leases)))

    async def begin(self, experiment_id: uuid.UUID) -> None:
        """Note on the experiment's row that an executor has joined."""
        await self._update(
            experiment_id,
            status=ExperimentStatus.RUNNING,
            heartbeat_at=func.clock_timestamp(),
            waits_until=None,
            started_at=func.coalesce(Experiment.started_at, func.clock_timestamp()),
        )

    async def keep(
        self,
        experiment_id: uuid.UUID,
        progress: ProgressSnapshot,
        *,
        worked: bool,
        attended: bool = True,
        queued: bool = False,
        ending: Ending | None = None,
        waits: bool = False,
    ) -> None:
        """Note on the experiment's row what an executor's heartbeat has told.

        Args:
            experiment_id: which experiment.
            progress: of the whole.
            worked: whether its active time goes up to now.
            attended: whether an executor goes on with it.
            queued: whether it takes its place at the end of the queue.
            ending: what it is to end with, if this executor knows.
            waits: whether it needs no executor until a batch job is to be looked at; its place in the queue
                counts from then on.
        """
        values: JsonObject = {"heartbeat_at": func.clock_timestamp() if attended else None}
        if queued:
            values["queued_at"] = func.clock_timestamp()
        if worked:
            values["worked_until"] = func.clock_timestamp()
        if ending is not None:
            values["ending"] = ending.as_dict()
        if waits:
            due = select(func.min(BatchJob.next_poll_at)).where(
                BatchJob.experiment_id == experiment_id, BatchJob.state != BatchJobState.DONE
            )
            values["waits_until"] = values["queued_at"] = due.scalar_subquery()
        await self._update(experiment_id, progress=progress.as_dict(), **values)

    async def finish(self, experiment_id: uuid.UUID, ending: Ending) -> None:
        """End an experiment; nobody may write to it any more."""
        await self._session.execute(delete(ExecutorRow).where(ExecutorRow.experiment_id == experiment_id))
        await self._update(
            experiment_id,
            status=ending.status,
            reason=ending.reason,
            ending=None,
            finished_at=func.clock_timestamp(),
        )

    async def _update(self, experiment_id: uuid.UUID, **values: object) -> None:
        await self._session.execute(
            update(Experiment)
            .where(Experiment.id == experiment_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def others(members: Sequence[Member], lease: uuid.UUID) -> list[Member]:
    """Return the executors but the one with this lease."""
    return [one for one in members if one.id != lease]
