"""SQL of shards: which questions of an experiment who works on, and what became of them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Double,
    Integer,
    and_,
    bindparam,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.run import Tally
from app.domain.sharding import ShardSlice, shard_size
from app.domain.status import FailureKind
from app.models import ExecutorRow, Experiment, Shard

_REPORTED: dict[str, Any] = {
    "number": Integer(),
    "finished": Boolean(),
    "stored": Integer(),
    "cached": Integer(),
    "scored": Integer(),
    "correct": Double(),
    "failures": JSONB(none_as_null=True),
}


@dataclass(frozen=True, slots=True)
class ShardReport:
    """What an executor tells of a shard that it holds.

    Attributes:
        number: of the shard.
        tally: of its runs.
        finished: whether all its runs are stored.
    """

    number: int
    tally: Tally
    finished: bool


@dataclass(frozen=True, slots=True)
class ShardSums:
    """The shards of an experiment, as one executor sees them.

    Attributes:
        tally: of the runs of all shards but those that it holds.
        free: shards that are to be worked on, and nobody holds.
        unfinished: shards that are free, or in work.
    """

    tally: Tally
    free: int
    unfinished: int


def _write_reports() -> Any:
    """Return the statement that stores what an executor tells of its shards: an array for each column."""
    arrays = [bindparam(f"s_{name}", type_=ARRAY(kind, dimensions=1)) for name, kind in _REPORTED.items()]
    columns = [Column(name, kind) for name, kind in _REPORTED.items()]
    told = func.unnest(*arrays).table_valued(*columns, name="told").render_derived()
    counts = {
        name: told.c[name] for name in ("finished", "stored", "cached", "scored", "correct", "failures")
    }
    return (
        update(Shard)
        .where(
            Shard.experiment_id == bindparam("s_experiment"),
            Shard.executor_id == bindparam("s_lease"),
            Shard.number == told.c.number,
        )
        .values(**counts, executor_id=case((told.c.finished, null()), else_=Shard.executor_id))
        .returning(Shard.number, Shard.finished)
        .execution_options(synchronize_session=False)
    )


def _claim() -> Any:
    """Return the statement that gives free shards of an experiment that is not about to end."""
    free = (
        select(Shard.number)
        .where(
            Shard.experiment_id == bindparam("c_experiment"),
            Shard.executor_id.is_(None),
            ~Shard.finished,
            Shard.start < bindparam("c_before", type_=Integer()),
        )
        .order_by(Shard.number)
        .limit(bindparam("c_count", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("free")
        # Read once. In a plan that reads it again for each row, it would find others than those it has taken.
        .prefix_with("MATERIALIZED")
    )
    held = (
        select(ExecutorRow.id)
        .where(ExecutorRow.id == bindparam("c_lease"))
        .with_for_update(read=True, key_share=True)
    )
    goes_on = select(Experiment.id).where(
        Experiment.id == bindparam("c_experiment"),
        or_(
            bindparam("c_ending", type_=Boolean()),
            and_(
                Experiment.ending.is_(None),
                ~Experiment.cancel_requested,
                Experiment.deleted_at.is_(None),
            ),
        ),
    )
    return (
        update(Shard)
        .where(
            Shard.experiment_id == bindparam("c_experiment"),
            Shard.number == free.c.number,
            held.exists(),
            goes_on.exists(),
        )
        .values(executor_id=bindparam("c_lease"))
        .returning(Shard.number, Shard.start, Shard.stop)
        .execution_options(synchronize_session=False)
    )


_NO_LIMIT = 2**31 - 1
_WRITE_REPORTS, _CLAIM = _write_reports(), _claim()


class ShardRepository:
    """Reads and writes shards within the session it is given; never commits.

    Except for ``claim``, its callers have locked the experiment's row.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def make(self, experiment_id: uuid.UUID, questions: int, repeats: int) -> None:
        """Divide an experiment into shards, unless it is divided."""
        size = shard_size(questions, repeats)
        series = func.generate_series(0, questions - 1, size).column_valued("start")
        rows = select(
            literal(experiment_id), series / size, series, func.least(series + size, questions)
        ).where(~select(Shard.number).where(Shard.experiment_id == experiment_id).exists())
        await self._session.execute(
            insert(Shard).from_select(["experiment_id", "number", "start", "stop"], rows)
        )

    async def claim(
        self,
        experiment_id: uuid.UUID,
        lease: uuid.UUID,
        count: int,
        *,
        ending: bool = False,
        before: int | None = None,
    ) -> list[ShardSlice]:
        """Take up to ``count`` free shards, the first ones; none if the lease is lost or the end is near.

        Args:
            experiment_id: whose shards.
            lease: who takes them.
            count: at most.
            ending: also if the end is near.
            before: only shards that begin before this question, if it is given.
        """
        values = {
            "c_experiment": experiment_id,
            "c_lease": lease,
            "c_count": count,
            "c_ending": ending,
            "c_before": _NO_LIMIT if before is None else before,
        }
        rows = await self._session.execute(_CLAIM, values)
        return sorted((ShardSlice(*row) for row in rows), key=lambda one: one.number)

    async def report(
        self, experiment_id: uuid.UUID, lease: uuid.UUID, reports: Sequence[ShardReport]
    ) -> frozenset[int]:
        """Store what an executor tells of its shards; those that are finished it no longer holds.

        Returns:
            the numbers of those that it holds on.
        """
        if not reports:
            return frozenset()
        values: dict[str, object] = {
            "s_experiment": experiment_id,
            "s_lease": lease,
            "s_number": [one.number for one in reports],
            "s_finished": [one.finished for one in reports],
            "s_stored": [one.tally.stored for one in reports],
            "s_cached": [one.tally.cached for one in reports],
            "s_scored": [one.tally.scored for one in reports],
            "s_correct": [one.tally.correct for one in reports],
            "s_failures": [_failures_json(one.tally.failures) for one in reports],
        }
        rows = await self._session.execute(_WRITE_REPORTS, values)
        return frozenset(number for number, finished in rows if not finished)

    async def sums(self, experiment_id: uuid.UUID, lease: uuid.UUID) -> ShardSums:
        """Return the sums over an experiment's shards, for the executor with this lease."""
        others = or_(Shard.executor_id.is_(None), Shard.executor_id != lease)
        counted = [
            func.coalesce(func.sum(column).filter(others), 0).label(column.key)
            for column in (Shard.stored, Shard.correct, Shard.scored, Shard.cached)
        ]
        todo = Shard.finished == false()
        query = select(
            *counted,
            func.count().filter(todo, Shard.executor_id.is_(None)).label("free"),
            func.count().filter(todo).label("unfinished"),
            func.array_agg(cast(Shard.failures, JSONB))
            .filter(others, Shard.failures.is_not(None))
            .label("failures"),
        ).where(Shard.experiment_id == experiment_id)
        row = (await self._session.execute(query)).one()
        failures: dict[FailureKind, int] = {}
        for part in row.failures or ():
            for kind, count in part.items():
                failures[FailureKind(kind)] = failures.get(FailureKind(kind), 0) + count
        tally = Tally(row.stored, sum(failures.values()), row.correct, row.scored, row.cached, failures)
        return ShardSums(tally, row.free, row.unfinished)

    async def remove(self, experiment_id: uuid.UUID) -> None:
        """Forget the shards of an experiment that has ended."""
        await self._session.execute(delete(Shard).where(Shard.experiment_id == experiment_id))


def _failures_json(failures: Mapping[FailureKind, int]) -> dict[str, int] | None:
    return {kind.value: count for kind, count in failures.items()} or None
