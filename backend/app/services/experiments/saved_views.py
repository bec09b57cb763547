"""Views of the list of experiments that a team keeps: a name for filters, order and columns."""

import uuid
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, FieldError, NotFound
from app.models import SavedView
from app.schemas.saved_view import SavedViewChange, SavedViewIn
from app.services.experiments.saved_view_repository import SavedViewRepository

MOST_VIEWS = 200
"""Views that may be stored; a menu shows them all."""


class SavedViewService:
    """What users do with saved views; commits what it changes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._repository = SavedViewRepository(session)

    async def all(self) -> Sequence[SavedView]:
        """Return all views by name."""
        return await self._repository.all()

    async def add(self, given: SavedViewIn) -> SavedView:
        """Store a new view.

        Raises:
            Conflict: if another has its name, or there are too many.
        """
        if await self._repository.count() >= MOST_VIEWS:
            raise Conflict(f"There are {MOST_VIEWS} saved views.", hint="Delete some of them first.")
        return await self._store(SavedView(name=given.name, query=given.query))

    async def change(self, view_id: uuid.UUID, wanted: SavedViewChange) -> SavedView:
        """Rename a view, or change what it shows.

        Raises:
            NotFound: if there is none.
            Conflict: if another has the new name.
        """
        view = await self._repository.get(view_id)
        if view is None:
            raise _not_found(view_id)
        if wanted.name is not None:
            view.name = wanted.name
        if wanted.query is not None:
            view.query = wanted.query
        return await self._store(view)

    async def remove(self, view_id: uuid.UUID) -> None:
        """Remove a view.

        Raises:
            NotFound: if there is none.
        """
        if not await self._repository.remove(view_id):
            raise _not_found(view_id)
        await self._session.commit()

    async def _store(self, view: SavedView) -> SavedView:
        name = view.name
        try:
            await self._repository.store(view)
        except IntegrityError:
            await self._session.rollback()
            raise Conflict(
                f"There is a view {name!r} already.",
                hint="Choose another name.",
                errors=[FieldError("name", "is taken")],
            ) from None
        await self._session.commit()
        return view


def _not_found(view_id: uuid.UUID) -> NotFound:
    return NotFound(f"There is no view {view_id}.", hint="GET /api/v1/views lists them.")
