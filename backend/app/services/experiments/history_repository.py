"""SQL of experiments with the same configuration."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from app.models import Experiment


class HistoryRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def with_results(self, config_hash: str, most: int) -> Sequence[Experiment]:
        """Return the newest experiments of a configuration that have a result, the oldest of them first."""
        query = (
            select(Experiment)
            .join(Experiment.result)
            .options(contains_eager(Experiment.result))
            .where(Experiment.config_hash == config_hash, Experiment.deleted_at.is_(None))
            .order_by(Experiment.created_at.desc(), Experiment.id)
            .limit(most)
        )
        return (await self._session.scalars(query)).all()[::-1]
