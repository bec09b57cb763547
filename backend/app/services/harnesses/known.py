"""Recognising an import that was done before, without reading its files."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Experiment
from app.services.datasets.repository import DatasetRepository
from app.services.experiments.repository import ExperimentRepository
from app.services.harnesses.imported import Imported, ImportRequest, imported_as
from app.services.harnesses.repository import ImportedRepository
from app.services.results.agreements import AgreementService


class KnownImports:
    """Finds what an equal import has made.

    Args:
        session: of the database.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._datasets = DatasetRepository(session)
        self._experiments = ExperimentRepository(session)
        self._agreements = AgreementService(session)

    async def find(self, request: ImportRequest) -> list[Imported] | None:
        """Return what an import of the same files with the same options has made; deleted ones come back.

        ``None`` if nothing is known of one, or if it would find another dataset now, so that it must be
        done again. Ends the transaction: whoever goes on may take long.
        """
        found = await self._find(request)
        await self._session.commit()
        return found

    async def _find(self, request: ImportRequest) -> list[Imported] | None:
        made = await ImportedRepository(self._session).of_request(request.digest)
        if not made or len(made) < made[0].provenance["imported"]["logs"]:
            return None
        if request.dataset and not await self._is_newest(request.dataset, made[0]):
            return None
        found: list[Imported] = []
        for one in made:
            await self._experiments.set_deleted(one.id, deleted=False)
            agreement = await self._agreements.agreements(one.id)
            found.append(imported_as(one, agreement, created=False))
        return found

    async def _is_newest(self, dataset: str, made: Experiment) -> bool:
        """Return whether a dataset's newest version is that of an experiment."""
        newest = await self._datasets.find(dataset)
        return newest is not None and newest.id == made.dataset_id
