"""SQL of the questions of selected runs."""

import uuid
from collections.abc import Sequence

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.run_selection import RunSelection
from app.models import Example, Run
from app.services.runs.selection_repository import conditions


class SelectedExamplesRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_runs(
        self, experiment_id: uuid.UUID, where: RunSelection, scoring_id: uuid.UUID | None = None
    ) -> list[Example]:
        """Return the question of each run that is meant, once, in the order of the dataset.

        By the scores of a scoring, if one is given.
        """
        runs = select(Run.example_id).join(Run.example)
        runs = runs.where(Run.experiment_id == experiment_id, *conditions(where, scoring_id))
        query = select(Example).where(Example.id.in_(runs)).order_by(Example.position)
        return list((await self._session.scalars(query)).all())

    async def of_ids(self, run_ids: Sequence[int]) -> list[Example]:
        """Return the question of each of these runs, once, in the order in which they are given."""
        given = literal(list(run_ids), ARRAY(BigInteger))
        query = (
            select(Run.id, Example).join(Example, Example.id == Run.example_id).where(Run.id == any_(given))
        )
        found = {row[0]: row[1] for row in await self._session.execute(query)}
        return list({found[one].id: found[one] for one in run_ids}.values())
