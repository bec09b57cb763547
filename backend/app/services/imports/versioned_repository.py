"""SQL that datasets and knowledge bases share: rows with a name, of which each content is a version."""

import uuid
from collections.abc import Sequence
from typing import Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Dataset, KnowledgeBase

Row = TypeVar("Row", Dataset, KnowledgeBase)


class VersionedRepository(Generic[Row]):
    """Reads and writes within the given session; never commits."""

    table: type[Row]  # the class of the rows

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str, version: str | None = None) -> Row | None:
        """Return the row with this name and version (or prefix of one); without a version, the newest."""
        table = self.table
        query = select(table).where(table.name == name)
        if version is not None:
            query = query.where(table.version.startswith(version, autoescape=True))
        query = query.order_by(table.created_at.desc(), table.id).limit(1)
        found: Row | None = (await self._session.execute(query)).scalar_one_or_none()
        return found

    async def get(self, row_id: uuid.UUID) -> Row | None:
        """Return the row with this id."""
        found: Row | None = await self._session.get(self.table, row_id)
        return found

    async def list_all(self) -> Sequence[Row]:
        """Return all rows, ordered by name; versions of one name from new to old."""
        query = select(self.table).order_by(self.table.name, self.table.created_at.desc())
        rows: Sequence[Row] = (await self._session.execute(query)).scalars().all()
        return rows

    async def names(self) -> list[str]:
        """Return all names."""
        query = select(self.table.name).distinct().order_by(self.table.name)
        return list((await self._session.execute(query)).scalars())

    async def lock_name(self, name: str) -> None:
        """Let no other transaction add a version of ``name`` until this one ends; waits for one that does."""
        lock = func.hashtextextended(f"{self.table.__tablename__}:{name}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(lock)))
