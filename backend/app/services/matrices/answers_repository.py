"""SQL of the answers of an experiment as hashes, to count which of two experiments' are the same."""

import uuid

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run
from app.services.matrices.measures import TextHashes


class AnswersRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def hashes(self, experiment_id: uuid.UUID) -> list[TextHashes | None]:
        """Return hashes of each run's output and answer, in the order of the questions."""
        query = (
            select(Run.status, func.md5(Run.output), func.md5(func.lower(func.trim(Run.answer))))
            .select_from(Run)
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id == experiment_id)
            .order_by(Example.position, Run.repeat)
        )
        rows = await self._session.execute(query)
        return [None if status == "failed" else TextHashes(output, answer) for status, output, answer in rows]
