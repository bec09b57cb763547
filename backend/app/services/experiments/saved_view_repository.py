"""SQL of saved views."""

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import SavedView


class SavedViewRepository:
    """Reads and writes saved views within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[SavedView]:
        """Return all views by name."""
        query = select(SavedView).order_by(func.lower(SavedView.name))
        return (await self._session.scalars(query)).all()

    async def get(self, view_id: uuid.UUID) -> SavedView | None:
        """Return a view."""
        return await self._session.get(SavedView, view_id, with_for_update=True)

    async def count(self) -> int:
        """Return how many views there are."""
        return await self._session.scalar(select(func.count()).select_from(SavedView)) or 0

    async def store(self, view: SavedView) -> None:
        """Store a view, new or changed.

        Raises:
            IntegrityError: if another has its name, in whatever case.
        """
        self._session.add(view)
        await self._session.flush()
        await self._session.refresh(view)

    async def remove(self, view_id: uuid.UUID) -> bool:
        """Remove a view; return whether there was one."""
        statement = delete(SavedView).where(SavedView.id == view_id).returning(SavedView.id)
        return (await self._session.execute(statement)).first() is not None
