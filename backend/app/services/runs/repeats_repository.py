"""SQL of the repeats of an experiment: what was answered to each question, and how it was scored."""

import uuid
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run
from app.services.runs.scoring_repository import joined_with_examples, scored_answer, scored_value
from app.services.runs.selection_repository import score_value


class RepeatedRun(NamedTuple):
    """What the statistics of repeats need of one run.

    Attributes:
        key: of its example.
        question: text of the example.
        content: its hash.
        cluster: that the example belongs to.
        failed: whether it has no answer.
        answer: as it was read from the output; ``None`` if there was none in it.
        score: ``None`` if the run lacks it.
    """

    key: str
    question: str
    content: str
    cluster: str | None
    failed: bool
    answer: str | None
    score: float | None


class RepeatsRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def runs(
        self, experiment_id: uuid.UUID, score: str, scoring_id: uuid.UUID | None = None
    ) -> list[RepeatedRun]:
        """Return all runs, in the order of the examples and their repeats.

        Args:
            experiment_id: of which experiment.
            score: by name.
            scoring_id: by which scoring; ``None``: that which the experiment was run with.
        """
        original = scoring_id is None
        query = select(
            Example.key,
            Example.question,
            Example.content_hash,
            Example.cluster,
            Run.status == "failed",
            Run.answer.expression if original else scored_answer(),
            score_value(score) if original else scored_value(score),
        ).select_from(Run)
        query = joined_with_examples(query, scoring_id).where(Run.experiment_id == experiment_id)
        query = query.order_by(Example.position, Run.repeat)
        return [RepeatedRun(*row) for row in await self._session.execute(query)]
