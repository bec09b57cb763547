"""Imports a large knowledge base in its own process: ``python -m app.services.knowledge.import_worker``."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.services.imports.files import File
from app.services.imports.worker import serve
from app.services.knowledge.service import KnowledgeService


async def work(session: AsyncSession, request: JsonObject, files: Sequence[File]) -> JsonObject:
    """Import files as a knowledge base."""
    given = [(one.name, one.data) for one in files]
    base, created, warnings = await KnowledgeService(session).add_files(request["name"], given)
    return {"id": str(base.id), "created": created, "warnings": warnings}


if __name__ == "__main__":
    serve(work)
