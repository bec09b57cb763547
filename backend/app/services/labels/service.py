"""Storing people's labels."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.models import Label
from app.schemas.label import LabelIn
from app.services.results.service import ResultService
from app.services.runs.label_repository import LabelRepository, StoredLabel


class LabelService:
    """Stores labels, and lists them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._labels = LabelRepository(session)
        self._results = ResultService(session)

    async def put(self, labels: Sequence[LabelIn]) -> None:
        """Store labels, all or none; each takes the place of one by the same person of the same run.

        Raises:
            InvalidInput: if a run does not exist or has no answer.
        """
        answered = await self._labels.answered([one.run_id for one in labels])
        problems = [
            FieldError(f"{place}.run_id", f"there is no run {one.run_id} with an answer")
            for place, one in enumerate(labels)
            if one.run_id not in answered
        ]
        if problems:
            raise InvalidInput(
                f"{len(problems):,} of {len(labels):,} labels are of no answered run, and none was stored: "
                f"{problems[0].message}.",
                errors=problems[:20],
            )
        await self._labels.put([Label(**one.model_dump()) for one in labels])
        await self._session.commit()

    async def remove(self, run_id: int, labeller: str) -> None:
        """Remove a label.

        Raises:
            NotFound: if there is none.
        """
        if not await self._labels.remove(run_id, labeller):
            raise NotFound(f"Run {run_id} has no label by {labeller!r}.")
        await self._session.commit()

    async def list(self, ids: Sequence[uuid.UUID]) -> list[StoredLabel]:
        """Return all labels of these experiments, in the order of their questions.

        Raises:
            NotFound: if an experiment does not exist.
        """
        for one in ids:
            await self._results.experiment(one)
        return await self._labels.of(ids)
