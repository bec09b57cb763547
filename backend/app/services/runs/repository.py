"""SQL of runs, results and cached generations."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from sqlalchemy import ARRAY, ColumnElement, Select, Table, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import Insert, array, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.domain.generation import CachedGeneration, GenerationResult, ToolCall, Usage
from app.domain.json import JsonObject
from app.domain.prediction import Score
from app.domain.run import RunRecord, Tally
from app.domain.status import FailureKind
from app.models import Example, Generation, Result, Run
from app.services.evaluation.metrics import RunFacts

RunSort = Literal["order", "latency_ms", "f1"]
RunFilter = Literal["all", "correct", "wrong", "failed", "cached", "unscored"]

_filters: dict[str, tuple[Any, ...]] = {
    "all": (),
    "correct": (Run.exact_match == 1.0,),
    "wrong": (Run.status == "ok", Run.exact_match < 1.0),
    "failed": (Run.status == "failed",),
    "cached": (Run.cached,),
    "unscored": (Run.status == "ok", Run.exact_match.is_(None)),
}
_EXPORT_BATCH = 500
WITHOUT_LONG = (defer(Run.calls), defer(Run.retrieved), defer(Run.trace))
"""Options of a query of runs for lists, which show none of that."""
_result_fields = fields(GenerationResult)


def _bulk_insert(table: Table, columns: Sequence[str], prefix: str) -> Insert:
    """Return an insert of whole columns, one array parameter each, which skips rows that exist.

    One prepared statement serves any number of rows, at a quarter of the time of a VALUES list.
    """
    # One dimension: the lists in a column of JSON are values, not further dimensions.
    arrays = [
        bindparam(f"{prefix}_{name}", type_=ARRAY(table.c[name].type, dimensions=1)) for name in columns
    ]
    source = select(*(func.unnest(array) for array in arrays))
    return insert(table).from_select([table.c[name] for name in columns], source).on_conflict_do_nothing()


_run_table: Table = Run.__table__  # type: ignore[assignment]
_generation_table: Table = Generation.__table__  # type: ignore[assignment]
_run_columns = [each.name for each in fields(RunRecord)]
_generation_columns = ["key", "model", "result"]
# One statement for both tables: it is a transaction of its own, in one round trip.
_insert_answers = _bulk_insert(_run_table, _run_columns, "r").add_cte(
    _bulk_insert(_generation_table, _generation_columns, "g").cte("answers")
)
# One array parameter, where IN would make a new statement for each number of keys.
_select_generations = select(_generation_table.c.key, _generation_table.c.result).where(
    _generation_table.c.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)


def _run_arrays(runs: Sequence[RunRecord]) -> dict[str, list[Any]]:
    arrays = {f"r_{name}": [getattr(run, name) for run in runs] for name in _run_columns}
    arrays["r_scores"] = [_scores_json(run.scores) for run in runs]
    return arrays


def _generation_arrays(generations: Sequence[CachedGeneration]) -> dict[str, list[Any]]:
    return {
        "g_key": [generation.key for generation in generations],
        "g_model": [generation.model for generation in generations],
        "g_result": [result_json(generation.result) for generation in generations],
    }


def _scores_json(scores: Mapping[str, Score]) -> JsonObject:
    return {name: {"value": score.value, "reason": score.reason} for name, score in scores.items()}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of runs ended: the value of the sort column, and the id."""

    value: float | None
    id: int


class RunRepository:
    """Reads and writes runs, results and the response cache; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, runs: Sequence[RunRecord], generations: Sequence[CachedGeneration]) -> None:
        """Store runs and cached generations, all or none; what is stored already stays as it is."""
        values = {**_run_arrays(runs), **_generation_arrays(generations)}
        await self._session.execute(_insert_answers, values)

    async def generations(self, keys: Sequence[str]) -> dict[str, GenerationResult]:
        """Return the cached generations among ``keys``."""
        rows = await self._session.execute(_select_generations, {"keys": keys})
        return {key: result_of_json(value) for key, value in rows}

    async def stored_pairs(
        self, experiment_id: uuid.UUID, example_ids: Sequence[int]
    ) -> set[tuple[int, int]]:
        """Return which ``(example id, repeat)`` of these examples have a run."""
        query = select(Run.example_id, Run.repeat).where(
            Run.experiment_id == experiment_id, Run.example_id.in_(example_ids)
        )
        return {(row[0], row[1]) for row in await self._session.execute(query)}

    async def tally(self, experiment_id: uuid.UUID) -> Tally:
        """Return the counts of an experiment's runs."""
        query = select(
            func.count(),
            func.coalesce(func.sum(Run.exact_match), 0.0),
            func.count(Run.exact_match),
            func.count().filter(Run.cached),
        ).where(Run.experiment_id == experiment_id)
        stored, correct, scored, cached = (await self._session.execute(query)).one()
        kinds = (
            select(Run.failure_kind, func.count())
            .where(Run.experiment_id == experiment_id, Run.status == "failed")
            .group_by(Run.failure_kind)
        )
        failures = {FailureKind(str(row[0])): row[1] for row in await self._session.execute(kinds)}
        return Tally(stored, sum(failures.values()), correct or 0.0, scored, cached, failures)

    async def facts(self, experiment_id: uuid.UUID) -> list[RunFacts]:
        """Return what the aggregation needs of all runs, and no text."""
        query = select(
            Run.status,
            Run.failure_kind,
            Run.parse_outcome,
            Run.scores,
            Run.cached,
            Run.attempts,
            Run.latency_ms,
            Run.prompt_tokens,
            Run.completion_tokens,
            Run.cost_usd,
            Run.trace["summary"],
        )
        query = query.where(Run.experiment_id == experiment_id).order_by(Run.example_id, Run.repeat)
        return [
            RunFacts(row[0] == "ok", row[1], row[2], _score_values(row[3]), *row[4:])
            for row in await self._session.execute(query)
        ]

    async def page(
        self,
        experiment_id: uuid.UUID,
        where: RunFilter,
        sort: RunSort,
        *,
        descending: bool,
        after: Position | None,
        limit: int,
    ) -> Sequence[tuple[Run, Example]]:
        """Return up to ``limit`` runs beyond ``after``, without their calls.

        Runs without a value to sort by come last, whatever the direction.
        """
        # As a list of one, which keeps the experiment in the order that is asked for: an equal value would
        # be left out of it, and the primary key's index be read past the runs of all other experiments.
        query = _runs_with_examples(Run.experiment_id == func.any(array([experiment_id])), where)
        query = query.options(*WITHOUT_LONG)
        if sort == "order":
            return await self._part(query, [Run.id], after, limit, descending=descending)
        key = getattr(Run, sort)
        rows: list[tuple[Run, Example]] = []
        # Two reads, each along an index: an index has its nulls at one end, whichever way it is read.
        if after is None or after.value is not None:
            part = query.where(key.is_not(None))
            rows = await self._part(part, [key, Run.id], after, limit, descending=descending)
            after = None
        if len(rows) < limit:
            part = query.where(key.is_(None))
            rows += await self._part(part, [key, Run.id], after, limit - len(rows), descending=descending)
        return rows

    async def _part(
        self,
        query: Select[Run, Example],
        keys: Sequence[Any],
        after: Position | None,
        limit: int,
        *,
        descending: bool,
    ) -> list[tuple[Run, Example]]:
        """Return the next rows of ``query`` in the order of ``keys``."""
        if after is not None:
            query = query.where(_beyond(keys[0], after, descending=descending))
        order = [column.desc() if descending else column.asc() for column in (Run.experiment_id, *keys)]
        rows = await self._session.execute(query.order_by(*order).limit(limit))
        return [(row[0], row[1]) for row in rows]

    async def count(self, experiment_id: uuid.UUID, where: RunFilter) -> int:
        """Return how many runs pass the filter."""
        query = select(func.count()).where(Run.experiment_id == experiment_id, *_filters[where])
        return await self._session.scalar(query) or 0

    async def get(self, experiment_id: uuid.UUID, run_id: int) -> tuple[Run, Example] | None:
        """Return one run, with its calls."""
        query = _runs_with_examples(Run.experiment_id == experiment_id, "all").where(Run.id == run_id)
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def export(self, experiment_id: uuid.UUID) -> AsyncIterator[list[tuple[Run, Example]]]:
        """Yield all runs in batches, in the order of the examples, with little in memory."""
        query = _runs_with_examples(Run.experiment_id == experiment_id, "all").order_by(
            Example.position, Run.repeat
        )
        stream = await self._session.stream(query.execution_options(yield_per=_EXPORT_BATCH))
        async for part in stream.partitions():
            yield [(row[0], row[1]) for row in part]  # the session forgets what nobody holds

    async def set_result(self, experiment_id: uuid.UUID, metrics: JsonObject, provenance: JsonObject) -> None:
        """Store the aggregate of an experiment, in place of an earlier one."""
        await self._session.execute(delete(Result).where(Result.experiment_id == experiment_id))
        self._session.add(Result(experiment_id=experiment_id, metrics=metrics, provenance=provenance))
        await self._session.flush()

    async def result(self, experiment_id: uuid.UUID) -> Result | None:
        """Return the aggregate of an experiment."""
        return await self._session.get(Result, experiment_id)


def _runs_with_examples(of: ColumnElement[bool], where: RunFilter) -> Select[Run, Example]:
    return select(Run, Example).join(Example, Example.id == Run.example_id).where(of, *_filters[where])


def _beyond(key: Any, after: Position, *, descending: bool) -> ColumnElement[bool]:
    if after.value is None:
        return Run.id < after.id if descending else Run.id > after.id
    here: Any = func.row(key, Run.id)
    there: Any = func.row(after.value, after.id)
    result: ColumnElement[bool] = here < there if descending else here > there
    return result


def _score_values(scores: JsonObject) -> dict[str, float | None]:
    return {name: score["value"] for name, score in scores.items()}


def result_json(result: GenerationResult) -> JsonObject:
    """Return an answered call as the response cache stores it."""
    # By hand: dataclasses.asdict copies deeply, at twenty times the cost.
    value = {field.name: getattr(result, field.name) for field in _result_fields}
    usage = result.usage
    value["usage"] = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
    }
    value["tool_calls"] = [asdict(call) for call in result.tool_calls]
    return value


def result_of_json(value: JsonObject) -> GenerationResult:
    """Return the answered call that ``result_json`` wrote."""
    # Rows of before there were tools have no calls.
    calls = tuple(ToolCall(**call) for call in value.get("tool_calls", ()))
    return GenerationResult(**{**value, "usage": Usage(**value["usage"]), "tool_calls": calls})
