"""SQL of experiments that wait for batch jobs of their providers."""

import uuid
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.status import ExperimentStatus
from app.models import BatchJob, Experiment


class ProviderWaitRepository:
    """Reads within the session it is given."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def batch_jobs(self, experiment_id: uuid.UUID) -> Sequence[BatchJob]:
        """Return the batch jobs of an experiment, in order."""
        query = select(BatchJob).where(BatchJob.experiment_id == experiment_id).order_by(BatchJob.number)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def seconds_to_wait(self, experiment_id: uuid.UUID) -> float | None:
        """Return for how many seconds an experiment needs no executor; ``None`` if it does not run."""
        waits_s = func.extract("epoch", Experiment.waits_until - func.clock_timestamp())
        query = select(func.greatest(func.coalesce(waits_s, 0.0), 0.0)).where(
            Experiment.id == experiment_id, Experiment.status == ExperimentStatus.RUNNING
        )
        found = await self._session.scalar(query)
        return None if found is None else float(found)
