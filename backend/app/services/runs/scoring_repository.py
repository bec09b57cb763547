"""SQL of scorings, and of the scores of their runs."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from app.domain.json import JsonObject
from app.models import Example, Run, ScoredRunRow, ScoringRow

_scores: Any = ScoredRunRow.scores  # SQLAlchemy does not type what JSON columns can do
Query = TypeVar("Query", bound="Select[*tuple[Any, ...]]")

_CHANGES = text(
    """
    with values as (
        select score, (scored.value->>'value')::double precision as after,
            (runs.scores->score->>'value')::double precision as before
        from scored_runs join runs on runs.id = scored_runs.run_id
        cross join lateral jsonb_each(scored_runs.scores) as scored(score, value)
        where scored_runs.scoring_id = :scoring_id
    )
    select score, count(after) as n, avg(before) as before, avg(after) as after,
        count(*) filter (where after > before) as raised, count(*) filter (where after < before) as lowered
    from values group by score order by score
    """
)
_CHANGED = text(
    """
    select count(*) from examples as asked
    where asked.id in (select example_id from runs where experiment_id = :experiment_id)
    and exists (
        select from examples as newer where newer.dataset_id = :dataset_id and newer.question = asked.question
    ) and not exists (
        select from examples as newer where newer.dataset_id = :dataset_id
        and newer.question = asked.question and newer.answers = asked.answers
    )
    """
)


class ScoringRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, experiment_id: uuid.UUID, name: str) -> ScoringRow | None:
        """Return a scoring by its name, with its dataset."""
        query = _with_dataset().where(ScoringRow.experiment_id == experiment_id, ScoringRow.name == name)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def get(self, scoring_id: uuid.UUID) -> ScoringRow | None:
        """Return a scoring with its dataset."""
        query = _with_dataset().where(ScoringRow.id == scoring_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def of(self, experiment_id: uuid.UUID) -> Sequence[ScoringRow]:
        """Return the scorings of an experiment with their datasets, in order."""
        query = _with_dataset().where(ScoringRow.experiment_id == experiment_id)
        return (await self._session.scalars(query.order_by(ScoringRow.created_at))).all()

    async def add(self, scoring: ScoringRow) -> None:
        """Store a scoring."""
        self._session.add(scoring)
        await self._session.flush()

    async def delete(self, experiment_id: uuid.UUID, name: str) -> bool:
        """Remove a scoring; return whether there was one."""
        statement = delete(ScoringRow).where(
            ScoringRow.experiment_id == experiment_id, ScoringRow.name == name
        )
        return (await self._session.execute(statement.returning(ScoringRow.id))).first() is not None

    async def count_missing(self, scoring: ScoringRow) -> int:
        """Return how many answered runs a scoring lacks."""
        query = select(func.count()).select_from(_unscored(scoring).subquery())
        return await self._session.scalar(query) or 0

    async def queue(self, scoring_id: uuid.UUID) -> None:
        """Let a scoring that has ended be worked on again."""
        await self._set(scoring_id, status="PENDING", reason=None, finished_at=None, heartbeat_at=None)

    async def unattended(self, stale_after_s: float) -> Sequence[uuid.UUID]:
        """Return the scorings that need a worker: waiting, or with a stale heartbeat."""
        query = select(ScoringRow.id).where(_waits(stale_after_s)).order_by(ScoringRow.created_at)
        return (await self._session.scalars(query)).all()

    async def begin(self, scoring_id: uuid.UUID, stale_after_s: float) -> bool:
        """Begin to work on a scoring; false if somebody else does, or nothing is left to do."""
        return await self._set(
            scoring_id, _waits(stale_after_s), status="RUNNING", heartbeat_at=func.clock_timestamp()
        )

    async def keep(self, scoring_id: uuid.UUID, total: int) -> None:
        """Note how far the work is."""
        done = select(func.count()).where(ScoredRunRow.scoring_id == scoring_id).scalar_subquery()
        await self._set(scoring_id, done=done, total=total, heartbeat_at=func.clock_timestamp())

    async def complete(self, scoring_id: uuid.UUID, metrics: JsonObject) -> None:
        """End a scoring whose runs are all scored."""
        rows = (await self._session.execute(_CHANGES, {"scoring_id": scoring_id})).mappings()
        changes = [dict(row) for row in rows]
        now = func.clock_timestamp()
        await self._set(scoring_id, status="COMPLETED", metrics=metrics, changes=changes, finished_at=now)

    async def fail(self, scoring_id: uuid.UUID, reason: str) -> None:
        """End a scoring that cannot go on."""
        await self._set(scoring_id, status="FAILED", reason=reason, finished_at=func.clock_timestamp())

    async def unscored(self, scoring: ScoringRow, after: int, limit: int) -> Sequence[Run]:
        """Return the next answered runs, with their examples, that a scoring has no scores of."""
        query = _unscored(scoring).where(Run.id > after).order_by(Run.id).limit(limit)
        query = query.join(Run.example).options(contains_eager(Run.example))
        return (await self._session.scalars(query)).all()

    async def examples_like(self, dataset_id: uuid.UUID, questions: Sequence[str]) -> Sequence[Example]:
        """Return the examples of a dataset with one of these questions."""
        query = select(Example).where(Example.dataset_id == dataset_id, Example.question.in_(questions))
        return (await self._session.scalars(query.order_by(Example.position))).all()

    async def store(self, rows: Iterable[JsonObject]) -> None:
        """Store the scores of runs; those that are stored stay as they are."""
        await self._session.execute(insert(ScoredRunRow).on_conflict_do_nothing(), list(rows))

    async def count_changed(self, experiment_id: uuid.UUID, dataset_id: uuid.UUID) -> int:
        """Return how many questions of an experiment have other accepted answers in another dataset."""
        chosen = {"experiment_id": experiment_id, "dataset_id": dataset_id}
        return int(await self._session.scalar(_CHANGED, chosen) or 0)

    async def rows_of(self, scoring_id: uuid.UUID, run_ids: Sequence[int]) -> dict[int, tuple[Any, Any]]:
        """Return the scores of runs, each with the example that it was scored against, by run."""
        query = (
            select(ScoredRunRow, Example)
            .join(Example, Example.id == ScoredRunRow.example_id)
            .where(ScoredRunRow.scoring_id == scoring_id, ScoredRunRow.run_id.in_(run_ids))
        )
        return {row[0].run_id: (row[0], row[1]) for row in await self._session.execute(query)}

    async def _set(self, scoring_id: uuid.UUID, *where: ColumnElement[bool], **values: object) -> bool:
        statement = (
            update(ScoringRow)
            .where(ScoringRow.id == scoring_id, *where)
            .values(**values)
            .returning(ScoringRow.id)
            .execution_options(synchronize_session=False)
        )
        return (await self._session.execute(statement)).first() is not None


def _with_dataset() -> Select[ScoringRow]:
    return (
        select(ScoringRow).options(joinedload(ScoringRow.dataset)).execution_options(populate_existing=True)
    )


def _waits(stale_after_s: float) -> ColumnElement[bool]:
    oldest = func.clock_timestamp() - timedelta(seconds=stale_after_s)
    stale = and_(ScoringRow.status == "RUNNING", ScoringRow.heartbeat_at < oldest)
    return or_(ScoringRow.status == "PENDING", stale)


def _unscored(scoring: ScoringRow) -> Select[Run]:
    scored = select(ScoredRunRow.run_id).where(
        ScoredRunRow.scoring_id == scoring.id, ScoredRunRow.run_id == Run.id
    )
    return select(Run).where(Run.experiment_id == scoring.experiment_id, Run.status == "ok", ~scored.exists())


def joined_with_examples(query: Query, scoring_id: uuid.UUID | None) -> Query:
    """Return a query of runs joined with their examples: those that a scoring has scored them against."""
    if scoring_id is None:
        return query.join(Example, Example.id == Run.example_id)
    of_run = and_(ScoredRunRow.run_id == Run.id, ScoredRunRow.scoring_id == scoring_id)
    example_id = func.coalesce(ScoredRunRow.example_id, Run.example_id)
    return query.outerjoin(ScoredRunRow, of_run).join(Example, Example.id == example_id)


def scored_value(score: str) -> ColumnElement[float | None]:
    """Return the SQL expression of a run's value of one score in the scoring that a query is joined with."""
    value: ColumnElement[float | None] = _scores[score]["value"].as_float()
    return value


def scored_answer() -> ColumnElement[str | None]:
    """Return the SQL expression of a run's answer in the scoring that a query is joined with."""
    return case((ScoredRunRow.run_id.is_not(None), ScoredRunRow.answer), else_=Run.answer)
