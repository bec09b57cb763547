"""SQL of storage: the sizes of tables, what nothing refers to, and its removal."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Base

_ROWS_A_DELETE = 20_000
# Experiments whose deletion is old enough, without those that a kept one descends from: what it takes over
# from its ancestors, and where it comes from, must stay.
_DELETED = """
with recursive candidates as (
  select id from experiments where deleted_at < :before and status <> 'RUNNING'
), needed as (
  select parent_id as id from experiments
  where parent_id is not null and id not in (select id from candidates)
  union
  select e.parent_id from experiments e join needed n on n.id = e.id where e.parent_id is not null
)
select id from experiments
where id in (select id from candidates) and id not in (select id from needed where id is not null)
order by created_at desc
"""
# The newest version is what its name stands for.
_OLD_VERSIONS = """
select v.id, v.name, v.version from {table} v
where v.created_at < :before
  and exists (select from {table} n where n.name = v.name and (n.created_at, v.id) > (v.created_at, n.id))
  and not exists (select from experiments e where {uses})
"""
_USES = {
    "datasets": "e.dataset_id = v.id or e.id in (select experiment_id from scorings where dataset_id = v.id)",
    "knowledge_bases": "e.provenance #>> '{retrieval,knowledge_base,id}' = v.id::text",
}
_CHILDREN = {"datasets": ("examples", "dataset_id"), "knowledge_bases": ("articles", "knowledge_base_id")}
_INDEXES_IN_USE = """
select distinct on (name) version from knowledge_bases order by name, created_at desc, id
"""
_INDEXES_AT_WORK = """
select provenance #>> '{retrieval,knowledge_base,version}' from experiments
where deleted_at is null and status in ('PENDING', 'RUNNING') and provenance ? 'retrieval'
"""


class StorageRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def table_sizes(self) -> dict[str, tuple[int, int]]:
        """Return bytes (indexes and long values included) and estimated rows of each table."""
        query = text(
            "select c.relname, pg_total_relation_size(c.oid), greatest(c.reltuples, 0)::bigint "
            "from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' "
            "and c.relname = any(:names)"
        )
        rows = await self._session.execute(query, {"names": list(Base.metadata.tables)})
        return {row[0]: (row[1], row[2]) for row in rows}

    async def deleted_experiments(self, before: datetime) -> list[uuid.UUID]:
        """Return the experiments that were deleted before, children first, and that no kept one needs."""
        return list((await self._session.execute(text(_DELETED), {"before": before})).scalars())

    async def count_runs(self, experiments: Sequence[uuid.UUID]) -> int:
        """Return how many runs these experiments have."""
        query = text("select count(*) from runs where experiment_id = any(:ids)")
        return await self._session.scalar(query, {"ids": list(experiments)}) or 0

    async def delete_experiment(self, experiment: uuid.UUID) -> None:
        """Remove an experiment with its runs and its result."""
        await self._session.execute(text("delete from experiments where id = :id"), {"id": experiment})

    async def oldest_unended(self) -> datetime | None:
        """Return when the oldest experiment was created that has not ended; ``None`` if all have."""
        query = text(
            "select min(created_at) from experiments where deleted_at is null "
            "and (status = 'RUNNING' or queued_at is not null and status = 'PENDING')"
        )
        found: datetime | None = await self._session.scalar(query)
        return found

    async def count_before(self, table: str, before: datetime) -> tuple[int, int]:
        """Return how many rows of a cache are older, and how many there are."""
        query = text(f"select count(*) filter (where created_at < :before), count(*) from {table}")
        older, rows = (await self._session.execute(query, {"before": before})).one()
        return older, rows

    async def delete_before(self, table: str, before: datetime) -> int:
        """Remove some rows of a cache that are older; return how many: 0 when none is left."""
        statement = text(
            f"delete from {table} where ctid = any (array(select ctid from {table} "
            "where created_at < :before limit :rows))"
        )
        done: Any = await self._session.execute(statement, {"before": before, "rows": _ROWS_A_DELETE})
        return int(done.rowcount)

    async def old_versions(
        self, table: str, before: datetime, shipped: Collection[tuple[str, str]]
    ) -> list[uuid.UUID]:
        """Return versions that are older, not the newest of their name, of no experiment, and not shipped.

        A version that ships with the project would be added again at the next start, and be the newest then.

        Args:
            table: ``datasets`` or ``knowledge_bases``.
            before: the time.
            shipped: name and version of those that ship with the project.
        """
        query = text(_OLD_VERSIONS.format(table=table, uses=_USES[table]))
        rows = await self._session.execute(query, {"before": before})
        return [row[0] for row in rows if (row[1], row[2]) not in shipped]

    async def count_children(self, table: str, versions: Sequence[uuid.UUID]) -> int:
        """Return how many examples or articles these versions have."""
        child, column = _CHILDREN[table]
        query = text(f"select count(*) from {child} where {column} = any(:ids)")
        return await self._session.scalar(query, {"ids": list(versions)}) or 0

    async def delete_versions(self, table: str, versions: Sequence[uuid.UUID]) -> None:
        """Remove versions with their examples or articles.

        For each example Postgres looks for runs that refer to it. No index serves that, since each run would
        pay for it, so one is made for the moment.
        """
        of_examples = table == "datasets"
        if of_examples:
            await self._session.execute(text("create index ix_runs_of_pruned on runs (example_id)"))
        await self._session.execute(
            text(f"delete from {table} where id = any(:ids)"), {"ids": list(versions)}
        )
        if of_examples:
            await self._session.execute(text("drop index ix_runs_of_pruned"))

    async def index_versions(self) -> set[str]:
        """Return the versions of knowledge bases whose indexes are wanted: newest, or of work not ended."""
        newest = (await self._session.execute(text(_INDEXES_IN_USE))).scalars()
        return {*newest, *(await self._session.execute(text(_INDEXES_AT_WORK))).scalars()}
