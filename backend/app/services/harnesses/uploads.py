"""Importing uploaded logs: small ones here, large ones by a process of their own."""

from collections.abc import Sequence

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.harnesses import import_worker
from app.services.harnesses.imported import Imported, ImportRequest, Source
from app.services.harnesses.known import KnownImports
from app.services.harnesses.service import HarnessImports
from app.services.imports.files import File, clean_filename
from app.services.imports.process import ImportProcesses, Upload, are_large

_WORKER = import_worker.__name__
_results = TypeAdapter(list[Imported])


class HarnessUploads:
    """Imports uploaded logs.

    Args:
        session: for the imports that are done here.
        processes: for the others.
    """

    def __init__(self, session: AsyncSession, processes: ImportProcesses) -> None:
        self._session = session
        self._processes = processes

    async def add(
        self,
        uploads: Sequence[Upload],
        dataset: str = "",
        scoring: str = "",
        columns: Sequence[str] = (),
    ) -> list[Imported]:
        """Import uploaded files, unless that was done before; see ``HarnessImports.add``."""
        sources = [Source(clean_filename(one.name), await one.sha256()) for one in uploads]
        known = await KnownImports(self._session).find(ImportRequest(sources, dataset, scoring, columns))
        if known is not None:
            return known
        if not are_large(uploads):
            files = [File(one.name, await one.read()) for one in uploads]
            return await HarnessImports(self._session).add(files, dataset, scoring, columns)
        request = {"dataset": dataset, "scoring": scoring, "columns": list(columns)}
        done = await self._processes.run(_WORKER, request, uploads)
        return _results.validate_python(done["imported"])
