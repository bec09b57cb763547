"""Importing uploaded logs: small ones here, large ones by a process of their own."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.services.harnesses import import_worker
from app.services.harnesses.service import Agreement, HarnessImports, Imported
from app.services.imports.files import File
from app.services.imports.process import ImportProcesses, Upload, are_large

_WORKER = import_worker.__name__


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
        """Import uploaded files; see ``HarnessImports.add``."""
        if not are_large(uploads):
            files = [File(one.name, await one.read()) for one in uploads]
            return await HarnessImports(self._session).add(files, dataset, scoring, columns)
        request = {"dataset": dataset, "scoring": scoring, "columns": list(columns)}
        done = await self._processes.run(_WORKER, request, uploads)
        return [_imported(one) for one in done["imported"]]


def _imported(given: dict[str, object]) -> Imported:
    agreement = given["agreement"]
    read = [Agreement(**one) for one in agreement] if isinstance(agreement, list) else []
    return Imported(
        **{**given, "experiment_id": uuid.UUID(str(given["experiment_id"])), "agreement": read}  # type: ignore[arg-type]
    )
