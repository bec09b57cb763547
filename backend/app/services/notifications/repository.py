"""SQL of deliveries to the webhook."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.domain.status import ExperimentStatus
from app.models import Delivery, Experiment, Matrix, MatrixTrial, SequentialComparison

_ENDED = [status for status in ExperimentStatus if status.ended]
_AT_ONCE = 20
PAUSES_S = (15, 60, 300, 1_800, 7_200, 21_600)
"""From the start of an attempt to the next one; after the last one it is given up."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn has come; ``last``: there is no other attempt."""

    id: uuid.UUID
    kind: str
    subject_id: uuid.UUID
    ended_at: datetime
    last: bool


@dataclass(frozen=True, slots=True)
class EndedMatrix:
    """What has become of the trials of a matrix.

    Attributes:
        name: of the matrix.
        trials: all of them.
        completed: of them, those whose experiment completed.
        left: that are to be run, or at work.
        ended_at: when the last of its experiments ended; of a matrix without any, when it was made.
    """

    name: str
    trials: int
    completed: int
    left: int
    ended_at: datetime


class DeliveryRepository:
    """Reads and writes deliveries within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def announce(self, experiment_id: uuid.UUID) -> None:
        """Store that an experiment has ended, in the transaction that ends it, and what ends with it.

        That is a comparison that ends when it is settled, or a matrix, if this was its last experiment.
        Each ending is stored once, whoever finds it. What is deleted is not told of.
        """
        columns = (Experiment.finished_at, Experiment.sequential_id)
        query = select(*columns).where(Experiment.id == experiment_id, Experiment.deleted_at.is_(None))
        row = (await self._session.execute(query)).one_or_none()
        if row is None or row.finished_at is None:
            return
        await self._add("experiment", experiment_id, row.finished_at)
        if row.sequential_id is not None:
            await self._announce_comparison(row.sequential_id)
        of_trial = select(MatrixTrial.matrix_id).where(MatrixTrial.experiment_id == experiment_id)
        for matrix_id in (await self._session.scalars(of_trial)).all():
            await self.announce_matrix(matrix_id)

    async def announce_matrix(self, matrix_id: uuid.UUID) -> None:
        """Store that a matrix has ended, if nothing is left to do for its trials and it is not deleted."""
        await self._lock(matrix_id)
        found = await self.matrix(matrix_id)
        if found is not None and not found.left:
            await self._add("matrix", matrix_id, found.ended_at)

    async def matrix(self, matrix_id: uuid.UUID) -> EndedMatrix | None:
        """Return what has become of the trials of a matrix; ``None`` if it is deleted."""
        has_experiment = and_(Experiment.id == MatrixTrial.experiment_id, Experiment.deleted_at.is_(None))
        is_over = or_(
            Experiment.status.in_(_ENDED),
            and_(Experiment.id.is_(None), MatrixTrial.problem.is_not(None)),
        )
        query = (
            select(
                Matrix.name,
                func.count(),
                func.count().filter(Experiment.status == ExperimentStatus.COMPLETED),
                func.count().filter(not_(func.coalesce(is_over, False))),
                func.max(Experiment.finished_at),
                Matrix.created_at,
            )
            .join(MatrixTrial, MatrixTrial.matrix_id == Matrix.id)
            .outerjoin(Experiment, has_experiment)
            .where(Matrix.id == matrix_id, Matrix.deleted_at.is_(None))
            .group_by(Matrix.id)
        )
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            return None
        name, trials, completed, left, finished_at, created_at = row
        return EndedMatrix(name, trials, completed, left, finished_at or created_at)

    async def _announce_comparison(self, sequential_id: uuid.UUID) -> None:
        # Of two experiments that end at the same time, the later one must see that the other has ended. Not
        # by a lock on the comparison's row, which others hold while they wait for experiments.
        await self._lock(sequential_id)
        query = select(
            func.count().filter(Experiment.status.not_in(_ENDED)), func.max(Experiment.finished_at)
        ).where(Experiment.sequential_id == sequential_id, Experiment.deleted_at.is_(None))
        unended, ended_at = (await self._session.execute(query)).one()
        if not unended:
            await self._add("comparison", sequential_id, ended_at)

    async def _lock(self, subject_id: uuid.UUID) -> None:
        await self._session.execute(select(func.pg_advisory_xact_lock(subject_id.int % 2**63)))

    async def _add(self, kind: str, subject_id: uuid.UUID, ended_at: datetime | None) -> None:
        new = insert(Delivery).values(id=uuid.uuid4(), kind=kind, subject_id=subject_id, ended_at=ended_at)
        await self._session.execute(new.on_conflict_do_nothing())

    async def claim(self) -> list[Due]:
        """Take what is due, for one attempt; until its next one nobody else takes it."""
        due = (
            select(Delivery)
            .where(Delivery.next_attempt_at <= func.clock_timestamp())
            .order_by(Delivery.next_attempt_at)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        claimed = []
        for one in (await self._session.scalars(due)).all():
            last = one.attempts >= len(PAUSES_S)
            # Even the last attempt is made again, if this process dies during it.
            pause_s = PAUSES_S[min(one.attempts, len(PAUSES_S) - 1)]
            await self._set(
                one.id,
                attempts=one.attempts + 1,
                next_attempt_at=func.clock_timestamp() + timedelta(seconds=pause_s),
            )
            claimed.append(Due(one.id, one.kind, one.subject_id, one.ended_at, last))
        return claimed

    async def taken(self, delivery_id: uuid.UUID) -> None:
        """Store that the webhook has taken a delivery."""
        await self._set(delivery_id, delivered_at=func.clock_timestamp(), next_attempt_at=None, problem=None)

    async def failed(self, delivery_id: uuid.UUID, problem: str, *, give_up: bool) -> None:
        """Store why an attempt failed; ``give_up``: there will be no other."""
        values = {"next_attempt_at": None} if give_up else {}
        await self._set(delivery_id, problem=problem, **values)

    async def seconds_to_next(self) -> float | None:
        """Return the seconds until something is due; ``None`` if nothing waits."""
        wait = func.extract("epoch", func.min(Delivery.next_attempt_at) - func.clock_timestamp())
        seconds = await self._session.scalar(select(wait))
        return None if seconds is None else max(0.0, float(seconds))

    async def experiments(self, kind: str, subject_id: uuid.UUID) -> Sequence[Experiment]:
        """Return what a delivery is about: experiments with their results, as they are now."""
        column = Experiment.id if kind == "experiment" else Experiment.sequential_id
        query = (
            select(Experiment)
            .where(column == subject_id)
            .options(joinedload(Experiment.result))
            .order_by(Experiment.created_at, Experiment.id)
        )
        return (await self._session.scalars(query)).all()

    async def score_of(self, comparison_id: uuid.UUID) -> str | None:
        """Return the score that a comparison is settled by."""
        query = select(SequentialComparison.score).where(SequentialComparison.id == comparison_id)
        score: str | None = await self._session.scalar(query)
        return score

    async def _set(self, delivery_id: uuid.UUID, **values: object) -> None:
        await self._session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
