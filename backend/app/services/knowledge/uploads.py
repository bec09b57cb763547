"""Importing uploaded knowledge bases: small ones here, large ones by a process of their own."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.services.imports.process import ImportProcesses, Upload, are_large
from app.services.knowledge import import_worker
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.service import Added, KnowledgeService


class KnowledgeUploads:
    """Imports knowledge bases.

    Args:
        session: for the imports that are done here.
        processes: for the others.
    """

    def __init__(self, session: AsyncSession, processes: ImportProcesses) -> None:
        self._session = session
        self._processes = processes

    async def add(self, name: str, uploads: Sequence[Upload]) -> Added:
        """Import uploaded files; see ``KnowledgeService.add_files``."""
        if not are_large(uploads):
            given = [(one.name, await one.read()) for one in uploads]
            return await KnowledgeService(self._session).add_files(name, given)
        done = await self._processes.run(import_worker.__name__, {"name": name}, uploads)
        base = await KnowledgeRepository(self._session).get(uuid.UUID(done["id"]))
        if base is None:
            raise NotFound(f"The knowledge base {name!r} was imported, and is gone.")
        return Added(base, done["created"], tuple(done["warnings"]))
