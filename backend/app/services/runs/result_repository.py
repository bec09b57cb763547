"""SQL of results: the one aggregate that an ended experiment has."""

import uuid

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.models import Result


class ResultRepository:
    """Reads and writes results within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, experiment_id: uuid.UUID) -> Result | None:
        """Return the result of an experiment, if it has one."""
        return await self._session.get(Result, experiment_id)

    async def replace(self, experiment_id: uuid.UUID, metrics: JsonObject, provenance: JsonObject) -> Result:
        """Store the result of an experiment, in place of an earlier one."""
        await self._session.execute(delete(Result).where(Result.experiment_id == experiment_id))
        result = Result(experiment_id=experiment_id, metrics=metrics, provenance=provenance)
        self._session.add(result)
        await self._session.flush()
        return result
