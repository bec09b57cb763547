"""Importing uploaded datasets: small ones here, large ones by a process of their own."""

import uuid
from collections.abc import Sequence
from pathlib import PurePosixPath

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.services.datasets import import_worker
from app.services.datasets.inspection import FoundColumn, FoundColumns, is_text
from app.services.datasets.repository import DatasetRepository
from app.services.datasets.service import Added, DatasetService
from app.services.imports.files import clean_filename
from app.services.imports.process import LARGE, ImportProcesses, Upload, are_large

_WORKER = import_worker.__name__


class DatasetUploads:
    """Imports datasets, and looks into files that may be imported.

    Args:
        session: for the imports that are done here.
        processes: for the others.
    """

    def __init__(self, session: AsyncSession, processes: ImportProcesses) -> None:
        self._session = session
        self._service = DatasetService(session)
        self._processes = processes

    async def add(
        self, name: str, uploads: Sequence[Upload], scoring: str = "", columns: Sequence[str] = ()
    ) -> Added:
        """Import uploaded files; see ``DatasetService.add_files``."""
        if not are_large(uploads):
            given = [(one.name, await one.read()) for one in uploads]
            return await self._service.add_files(name, given, scoring, columns)
        request = {"name": name, "scoring": scoring, "columns": list(columns)}
        done = await self._processes.run(_WORKER, request, uploads)
        dataset = await DatasetRepository(self._session).get(uuid.UUID(done["id"]))
        if dataset is None:
            raise NotFound(f"The dataset {name!r} was imported, and is gone.")
        return Added(dataset, done["created"], tuple(done["warnings"]))

    async def columns(self, upload: Upload) -> FoundColumns:
        """Return the columns of a file that may be imported; see ``columns_of``."""
        name = PurePosixPath(clean_filename(upload.name)).name
        if not are_large([upload]):
            return await self._service.columns(name, await upload.read())
        start = await upload.read(LARGE)
        if is_text(name, start):
            return await self._service.columns(name, start)
        found = await self._processes.run(_WORKER, {}, [upload])
        columns = [FoundColumn(**one) for one in found["columns"]]
        return FoundColumns(columns, found["fields"], found["published"])
