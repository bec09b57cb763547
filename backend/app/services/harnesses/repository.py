"""SQL of imported experiments."""

from collections.abc import Sequence

from sqlalchemy import Integer, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Experiment


class ImportedRepository:
    """Reads within the session it is given."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_request(self, digest: str) -> Sequence[Experiment]:
        """Return the experiments that an import was the first to make, deleted ones too, by their logs.

        Args:
            digest: of what was asked for; see ``ImportRequest``.
        """
        about = Experiment.provenance["imported"]
        query = (
            select(Experiment)
            .where(Experiment.method == "imported", about["request"].astext == digest)
            .order_by(about["log"].astext.cast(Integer))
        )
        return (await self._session.scalars(query)).all()
