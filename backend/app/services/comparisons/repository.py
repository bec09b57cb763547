"""SQL of whole experiments as arrays: the columns that a comparison needs, without any text of answers."""

import uuid
from collections.abc import Sequence

import numpy as np
from sqlalchemy import ColumnElement, and_, case, func, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run
from app.services.comparisons.pairing import QUANTITIES, RunArrays
from app.services.runs.selection_repository import score_value


class RunArraysRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def arrays(self, experiment_id: uuid.UUID, scores: Sequence[str]) -> RunArrays:
        """Return an experiment's runs with these scores, in the order of its questions."""
        failed = Run.status == "failed"
        columns = [
            *(Example.content_hash, Run.repeat, Example.key, Example.cluster, failed),
            case((or_(failed, Run.cached, _without_wait()), null()), else_=Run.latency_ms),
            case((failed, null()), else_=Run.prompt_tokens + Run.completion_tokens),
            case((failed, null()), else_=Run.cost_usd),
            *(score_value(name) for name in scores),
        ]
        # One row of arrays is read in a fraction of the time of one row for each run.
        query = (
            select(*(func.array_agg(aggregate_order_by(c, Example.position, Run.repeat)) for c in columns))
            .select_from(Run)
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id == experiment_id)
        )
        hashes, repeats, keys, clusters, failed_runs, *rest = (
            column or [] for column in (await self._session.execute(query)).one()
        )
        values = {
            name: np.array([np.nan if value is None else value for value in column], dtype=np.float64)
            for name, column in zip((*QUANTITIES, *scores), rest, strict=True)
        }
        return RunArrays(hashes, repeats, keys, clusters, failed_runs, values)


def _without_wait() -> ColumnElement[bool]:
    """Return whether the latency of a run is that of the model alone, though a user waits for more.

    So it is in runs from before retrieval and tools were in it; they cannot be compared with others.
    """
    return and_(Run.model_ms.is_(None), or_(Run.retrieved.is_not(None), Run.trace.is_not(None)))
