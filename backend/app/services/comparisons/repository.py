"""SQL of whole experiments as arrays: the columns that a comparison needs, without any text of answers."""

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Executable,
    SQLColumnExpression,
    Text,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run
from app.services.comparisons.pairing import QUANTITIES, Floats, RunArrays
from app.services.runs.scoring_repository import joined_with_examples, scored_answer, scored_value
from app.services.runs.selection_repository import score_value

_AT_ONCE = 20_000  # runs


class RunArraysRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def arrays(
        self,
        experiment_id: uuid.UUID,
        scores: Sequence[str],
        *,
        answers: bool = False,
        scoring_id: uuid.UUID | None = None,
    ) -> RunArrays:
        """Return an experiment's runs with these scores, in the order of its questions.

        Args:
            experiment_id: of which experiment.
            scores: by name.
            answers: whether to read what was answered, too.
            scoring_id: whose scores they are; ``None``: those that the experiment was run with.
        """
        failed = Run.status == "failed"
        columns: list[SQLColumnExpression[Any]] = [
            *(Example.content_hash, Run.repeat, Example.key, Example.cluster, failed),
            *(_answers(failed, scoring_id) if answers else ()),
            case((or_(failed, Run.cached, _without_wait()), null()), else_=Run.latency_ms),
            case((failed, null()), else_=Run.prompt_tokens + Run.completion_tokens),
            case((failed, null()), else_=Run.cost_usd),
            *(score_value(name) if scoring_id is None else scored_value(name) for name in scores),
        ]
        others = len(columns) - len(QUANTITIES) - len(scores)
        texts: list[list[Any]] = [[] for _ in range(others)]
        numbers: list[list[Floats]] = [[np.empty(0)] for _ in columns[others:]]
        async for row in await self._session.stream(_in_parts(experiment_id, columns, scoring_id)):
            for place, column in enumerate(row):
                if place < others:
                    texts[place] += column
                else:
                    values = [np.nan if value is None else value for value in column]
                    numbers[place - others].append(np.array(values, dtype=np.float64))
        named = zip((*QUANTITIES, *scores), map(np.concatenate, numbers), strict=True)
        hashes, repeats, keys, clusters, failed_runs, *given = texts
        return RunArrays(hashes, repeats, keys, clusters, failed_runs, dict(named), *given)

    async def stages(self, experiment_id: uuid.UUID) -> AsyncIterator[Sequence[list[Any]]]:
        """Yield the runs in parts, in the order of the questions, each part as columns.

        The columns: content hash, repeat, key, cluster, whether it failed; and the stages as JSON, ``None``
        for runs without an answer, and for those of which a call came from the cache.
        """
        failed = Run.status == "failed"
        timed = and_(~failed, ~Run.cached, Run.latency_ms.is_not(None))
        columns: list[SQLColumnExpression[Any]] = [
            *(Example.content_hash, Run.repeat, Example.key, Example.cluster, failed),
            case((timed, cast(Run.stages, Text)), else_=null()),
        ]
        async for row in await self._session.stream(_in_parts(experiment_id, columns)):
            yield row


def _in_parts(
    experiment_id: uuid.UUID,
    columns: Sequence[SQLColumnExpression[Any]],
    scoring_id: uuid.UUID | None = None,
) -> Executable:
    """Return a query of some columns of all runs in the order of the questions, as rows of arrays.

    A row of arrays is read in a fraction of the time of a row for each run. Those of a million runs would
    hold up everything else in this process for a second, so that each row has a part of them.
    """
    number = func.row_number().over(order_by=(Example.position, Run.repeat)) - 1
    named: list[Any] = [column.label(f"column_{place}") for place, column in enumerate(columns)]
    query = joined_with_examples(select(*named, number.label("number")).select_from(Run), scoring_id)
    runs = query.where(Run.experiment_id == experiment_id).subquery()
    arrays = [func.array_agg(aggregate_order_by(runs.c[one.name], runs.c.number)) for one in named]
    part = runs.c.number // _AT_ONCE
    return select(*arrays).group_by(part).order_by(part).execution_options(yield_per=1)


def _answers(
    failed: ColumnElement[bool], scoring_id: uuid.UUID | None
) -> tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]:
    """Return a hash of the raw output, which may be long, and the answer that was read from it."""
    answer = Run.answer.expression if scoring_id is None else scored_answer()
    output = func.hashtextextended(func.coalesce(Run.output, ""), 0)
    return case((failed, null()), else_=output), case((failed, null()), else_=answer)


def _without_wait() -> ColumnElement[bool]:
    """Return whether the latency of a run is that of the model alone, though a user waits for more.

    So it is in runs from before retrieval and tools were in it; they cannot be compared with others.
    """
    return and_(Run.model_ms.is_(None), or_(Run.retrieved.is_not(None), Run.trace.is_not(None)))
