"""Imports large logs in a process of its own: ``python -m app.services.harnesses.import_worker``."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.services.harnesses.service import HarnessImports
from app.services.imports.files import File
from app.services.imports.worker import serve


async def work(session: AsyncSession, request: JsonObject, files: Sequence[File]) -> JsonObject:
    """Import files; see ``HarnessImports.add``."""
    done = await HarnessImports(session).add(
        files, request["dataset"], request["scoring"], request["columns"]
    )
    return {"imported": [{**asdict(one), "experiment_id": str(one.experiment_id)} for one in done]}


if __name__ == "__main__":
    serve(work)
