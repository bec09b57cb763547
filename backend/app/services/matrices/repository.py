"""SQL of matrices and their trials."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.models import Experiment, Matrix, MatrixTrial
from app.models.matrix import TrialKey


class MatrixRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, matrix: Matrix, trials: Sequence[MatrixTrial]) -> None:
        """Store a new matrix with its trials."""
        self._session.add(matrix)
        await self._session.flush()
        self._session.add_all(trials)
        await self._session.flush()

    async def get(self, matrix_id: uuid.UUID) -> Matrix | None:
        """Return a matrix that is not deleted."""
        query = select(Matrix).where(Matrix.id == matrix_id, Matrix.deleted_at.is_(None))
        found: Matrix | None = await self._session.scalar(query)
        return found

    async def newest(self, config_hash: str) -> Matrix | None:
        """Return the newest matrix with this configuration."""
        query = select(Matrix).where(Matrix.config_hash == config_hash, Matrix.deleted_at.is_(None))
        found: Matrix | None = await self._session.scalar(query.order_by(Matrix.created_at.desc()).limit(1))
        return found

    async def list_page(self, offset: int, limit: int) -> tuple[Sequence[Matrix], int]:
        """Return a page of matrices, the newest first, and how many there are."""
        there = Matrix.deleted_at.is_(None)
        total = await self._session.scalar(select(func.count()).select_from(Matrix).where(there))
        query = select(Matrix).where(there).order_by(Matrix.created_at.desc(), Matrix.id)
        rows = await self._session.scalars(query.offset(offset).limit(limit))
        return rows.all(), total or 0

    async def trials(self, matrix_id: uuid.UUID) -> Sequence[MatrixTrial]:
        """Return the trials of a matrix with their experiments and these's results, in their order."""
        query = (
            select(MatrixTrial)
            .where(MatrixTrial.matrix_id == matrix_id)
            .order_by(MatrixTrial.position)
            .options(joinedload(MatrixTrial.experiment).joinedload(Experiment.result))
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(query)).all()

    async def store(self, key: TrialKey, experiment_id: uuid.UUID | None, problem: str | None = None) -> bool:
        """Give a trial an experiment, or say why it has none; return whether nobody was faster.

        Args:
            key: of the trial as it was read.
            experiment_id: in place of the one that it had.
            problem: why it can have none.
        """
        statement = (
            update(MatrixTrial)
            .where(
                MatrixTrial.matrix_id == key.matrix_id,
                MatrixTrial.position == key.position,
                MatrixTrial.experiment_id.is_not_distinct_from(key.experiment_id),
            )
            .values(experiment_id=experiment_id, problem=problem)
            .returning(MatrixTrial.position)
            .execution_options(synchronize_session=False)
        )
        return (await self._session.execute(statement)).first() is not None

    async def hide(self, matrix_id: uuid.UUID) -> None:
        """Mark a matrix as deleted; its experiments stay."""
        await self._session.execute(
            update(Matrix).where(Matrix.id == matrix_id).values(deleted_at=func.clock_timestamp())
        )
