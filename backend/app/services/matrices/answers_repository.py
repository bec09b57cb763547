"""SQL of the answers of an experiment as hashes, to count which of two experiments' are the same."""

import uuid

from sqlalchemy import case, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run


class AnswersRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def hashes(self, experiment_id: uuid.UUID) -> list[str | None]:
        """Return a hash of each run's answer, in the order of the questions; ``None`` where it has none."""
        answer = case((Run.status == "failed", null()), else_=func.md5(Run.answer))
        query = (
            select(answer)
            .select_from(Run)
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id == experiment_id)
            .order_by(Example.position, Run.repeat)
        )
        return list(await self._session.scalars(query))
