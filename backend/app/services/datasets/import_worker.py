"""Imports a large dataset in a process of its own: ``python -m app.services.datasets.import_worker``."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.services.datasets.inspection import columns_of
from app.services.datasets.service import DatasetService
from app.services.imports.files import File
from app.services.imports.worker import serve


async def work(session: AsyncSession, request: JsonObject, files: Sequence[File]) -> JsonObject:
    """Import files, or return the columns of one, if the request has no name for a dataset."""
    if "name" not in request:
        return asdict(columns_of(files[0]))
    dataset, created, warnings = await DatasetService(session).add_large_files(
        request["name"], files, request["scoring"], request["columns"]
    )
    return {"id": str(dataset.id), "created": created, "warnings": warnings}


if __name__ == "__main__":
    serve(work)
