"""SQL of runs."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, cast

from sqlalchemy import JSON, ColumnElement, Select, Table, Text, Uuid, bindparam, func, select, tuple_
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import with_expression

from app.domain.generation import CachedGeneration
from app.domain.json import JsonObject
from app.domain.metrics import RunFacts
from app.domain.run import RunRecord
from app.domain.run_selection import RunSelection, RunSort
from app.domain.scoring import Score
from app.domain.status import FailureKind
from app.models import Example, ExecutorRow, Run, ScoredRunRow
from app.services.runs.array_insert_repository import array_insert, json_texts
from app.services.runs.cache_repository import generation_arrays, insert_generations
from app.services.runs.scoring_repository import joined_with_examples
from app.services.runs.selection_repository import conditions, run_lines, runs_with_examples, sort_value

_run_columns = tuple(each.name for each in fields(RunRecord))
_json_columns = tuple(name for name in _run_columns if isinstance(Run.__table__.c[name].type, JSON))
# Whoever takes the lease away deletes its row, and waits for this lock: no run follows later.
_held = (
    select(ExecutorRow.id)
    .where(ExecutorRow.id == bindparam("lease", type_=Uuid()))
    .with_for_update(read=True, key_share=True)
    .cte("held")
)
# One statement for both tables: it is a transaction of its own, in one round trip.
_insert_answers = (
    select(func.count())
    .select_from(_held)
    .add_cte(
        array_insert(cast(Table, Run.__table__), _run_columns, "r", only_if=_held).cte("stored"),
        insert_generations.cte("answers"),
    )
)

_FACTS_AT_ONCE = 2_000  # rows; each such part is two round trips
_insert_imported = array_insert(cast(Table, Run.__table__), _run_columns, "r")


def _run_arrays(runs: Sequence[RunRecord]) -> dict[str, list[object]]:
    arrays: dict[str, list[object]] = {
        f"r_{name}": [getattr(run, name) for run in runs] for name in _run_columns
    }
    arrays["r_scores"] = [_scores_json(run.scores) for run in runs]
    return arrays | {f"r_{name}": json_texts(arrays[f"r_{name}"]) for name in _json_columns}


def _scores_json(scores: Mapping[str, Score]) -> JsonObject:
    return {name: {"value": score.value, "reason": score.reason} for name, score in scores.items()}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of runs ended: the value of the sort column, and the id."""

    value: float | None
    id: int


class Outcome(NamedTuple):
    """What became of one sample: as much of its run as progress counts."""

    example_id: int
    repeat: int
    exact_match: float | None
    failure_kind: FailureKind | None
    cached: bool


class RunRepository:
    """Reads and writes runs within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(
        self, runs: Sequence[RunRecord], generations: Sequence[CachedGeneration], lease: uuid.UUID
    ) -> bool:
        """Store runs and cached generations, all or none; what is stored already stays as it is.

        Returns:
            whether the lease is held; if it is not, only the generations are stored.
        """
        values = {**_run_arrays(runs), **generation_arrays(generations), "lease": lease}
        return bool(await self._session.scalar(_insert_answers, values))

    async def add_imported(self, runs: Sequence[RunRecord]) -> None:
        """Store runs that no executor has made; what is stored already stays as it is."""
        await self._session.execute(_insert_imported, _run_arrays(runs))

    async def outcomes(self, experiment_id: uuid.UUID, example_ids: Sequence[int]) -> list[Outcome]:
        """Return what became of the samples of these examples that have a run."""
        query = select(Run.example_id, Run.repeat, Run.exact_match, Run.failure_kind, Run.cached).where(
            Run.experiment_id == experiment_id, Run.example_id.in_(example_ids)
        )
        return [
            Outcome(row[0], row[1], row[2], FailureKind(row[3]) if row[3] else None, row[4])
            for row in await self._session.execute(query)
        ]

    async def calls(
        self, experiment_id: uuid.UUID, example_ids: Sequence[int]
    ) -> dict[tuple[int, int], list[JsonObject]]:
        """Return the stored calls of each ``(example id, repeat)`` of these examples."""
        query = select(Run.example_id, Run.repeat, Run.calls).where(
            Run.experiment_id == experiment_id, Run.example_id.in_(example_ids)
        )
        return {(row[0], row[1]): row[2] for row in await self._session.execute(query)}

    async def facts(self, experiment_id: uuid.UUID, scoring_id: uuid.UUID | None = None) -> list[RunFacts]:
        """Return what the aggregation needs of all runs, and no text.

        Args:
            experiment_id: of which experiment.
            scoring_id: whose scores count; those of the runs without one.
        """
        rescored = scoring_id is not None
        query = select(
            Run.status,
            Run.failure_kind,
            ScoredRunRow.parse_outcome if rescored else Run.parse_outcome,
            ScoredRunRow.scores if rescored else Run.scores,
            Run.cached,
            Run.attempts,
            Run.latency_ms,
            Run.prompt_tokens,
            Run.completion_tokens,
            Run.cost_usd,
            Run.model_ms,
            Run.paid_prompt_tokens,
            Run.paid_completion_tokens,
            Run.paid_usd,
            Run.trace["summary"],
            Example.content_hash,
            Example.cluster,
            Run.reasoning_tokens,
            Run.cache_read_tokens,
            Run.cache_write_tokens,
            Run.warnings,
            Run.answered_calls,
            Run.cache_use,
            cast_to(Run.stages, Text),
        )
        query = joined_with_examples(query, scoring_id).where(Run.experiment_id == experiment_id)
        query = query.order_by(Run.example_id, Run.repeat)
        # The rows, with the reasons of all scores, are never all there at once.
        rows = await self._session.stream(query.execution_options(yield_per=_FACTS_AT_ONCE))
        return [
            RunFacts(row[0] == "ok", row[1], row[2], _score_values(row[3]), *row[4:]) async for row in rows
        ]

    async def count_answered(self, experiment_id: uuid.UUID) -> int:
        """Return how many answered runs an experiment has."""
        query = select(func.count()).where(Run.experiment_id == experiment_id, Run.status == "ok")
        return await self._session.scalar(query) or 0

    async def page(
        self,
        experiment_id: uuid.UUID,
        where: RunSelection,
        sort: RunSort,
        *,
        descending: bool,
        after: Position | None,
        limit: int,
        scoring_id: uuid.UUID | None = None,
    ) -> Sequence[Run]:
        """Return up to ``limit`` runs beyond ``after``, as lists show them; see ``run_lines``.

        Runs without a value to sort by come last, whatever the direction. ``Run.sort_value`` is set. By the
        scores of a scoring, if one is given; what the runs hold are their own.
        """
        # As a list of one, which keeps the experiment in the order that is asked for: an equal value would
        # be left out of it, and the primary key's index be read past the runs of all other experiments.
        query = run_lines(Run.experiment_id == func.any(array([experiment_id])))
        query = query.where(*conditions(where, scoring_id))
        if sort == "order":
            return await self._part(query, [Run.id.expression], after, limit, descending=descending)
        key = sort_value(sort, where.score, scoring_id)
        query = query.options(with_expression(Run.sort_value, key))
        keys = [key, Run.id.expression]
        rows: list[Run] = []
        # Two reads, each along an index where there is one: an index has its nulls at one end, whichever
        # way it is read.
        if after is None or after.value is not None:
            part = query.where(key.is_not(None))
            rows = await self._part(part, keys, after, limit, descending=descending)
            after = None
        if len(rows) < limit:
            part = query.where(key.is_(None))
            rows += await self._part(part, keys, after, limit - len(rows), descending=descending)
        return rows

    async def _part(
        self,
        query: Select[Run],
        keys: Sequence[ColumnElement[Any]],
        after: Position | None,
        limit: int,
        *,
        descending: bool,
    ) -> list[Run]:
        """Return the next rows of ``query`` in the order of ``keys``."""
        if after is not None:
            query = query.where(_beyond(keys[0], after, descending=descending))
        order = [column.desc() if descending else column.asc() for column in (Run.experiment_id, *keys)]
        return list((await self._session.scalars(query.order_by(*order).limit(limit))).all())

    async def count(
        self, experiment_id: uuid.UUID, where: RunSelection, scoring_id: uuid.UUID | None = None
    ) -> int:
        """Return how many runs are meant, by the scores of a scoring if one is given."""
        query = select(func.count()).select_from(Run).where(Run.experiment_id == experiment_id)
        if where.asks_of_questions:
            query = query.join(Run.example)
        return await self._session.scalar(query.where(*conditions(where, scoring_id))) or 0

    async def get(self, experiment_id: uuid.UUID, run_id: int) -> Run | None:
        """Return one run, with its example and its calls."""
        query = runs_with_examples(Run.experiment_id == experiment_id).where(Run.id == run_id)
        return (await self._session.scalars(query)).one_or_none()

    async def export(self, experiment_id: uuid.UUID, batch_size: int = 50) -> AsyncIterator[Sequence[Run]]:
        """Yield all runs with their examples in batches, in the order of the examples."""
        query = runs_with_examples(Run.experiment_id == experiment_id).order_by(Example.position, Run.repeat)
        # The session holds its rows weakly: a batch is freed once the caller is done with it.
        stream = await self._session.stream_scalars(query.execution_options(yield_per=batch_size))
        async for part in stream.partitions():
            yield part


def _beyond(key: ColumnElement[Any], after: Position, *, descending: bool) -> ColumnElement[bool]:
    if after.value is None:
        return Run.id < after.id if descending else Run.id > after.id
    here, there = tuple_(key, Run.id), tuple_(after.value, after.id)
    return here < there if descending else here > there


def _score_values(scores: JsonObject | None) -> dict[str, float | None]:
    return {name: score["value"] for name, score in (scores or {}).items()}
