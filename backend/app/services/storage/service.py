"""What takes space, and pruning it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.logging import get_logger
from app.schemas.storage import (
    PrunedPart,
    PruneIn,
    PruneKind,
    PruneOut,
    StorageOut,
    StoragePart,
)
from app.services.datasets.service import builtin_versions as shipped_datasets
from app.services.knowledge.service import builtin_versions as shipped_knowledge
from app.services.runtime import Runtime
from app.services.storage import folders
from app.services.storage.folders import Removable
from app.services.storage.repository import StorageRepository

log = get_logger(__name__)

_LABELS = {
    "runs": "Runs",
    "experiments": "Experiments",
    "cache": "Cached answers",
    "judgements": "Cached judgements",
    "datasets": "Datasets",
    "knowledge": "Knowledge bases",
    "indexes": "Indexes",
    "logs": "Logs",
    "backups": "Backups",
    "models": "Model files",
    "wikipedia": "Wikipedia's answers",
    "other": "Other tables",
    "deleted": "Deleted experiments",
}
# The tables of each kind; the rows of the last one are shown.
_TABLES = {
    "runs": ("runs",),
    "experiments": ("results", "experiments"),
    "cache": ("generations",),
    "judgements": ("judgements",),
    "datasets": ("datasets", "examples"),
    "knowledge": ("knowledge_bases", "articles"),
}
_CACHES = {"cache": "generations", "judgements": "judgements"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of one kind can be removed, and how."""

    count: int
    bytes: int
    remove: Callable[[], Awaitable[None]]


class StorageService:
    """Measures and prunes; commits its changes."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._settings = runtime.settings
        self._repository = StorageRepository(session)
        self._age_s = 0.0
        self._before = datetime.now(UTC)

    async def measure(self) -> StorageOut:
        """Return what takes space, the largest first."""
        sizes = await self._repository.table_sizes()
        parts = []
        for name, tables in _TABLES.items():
            found = [sizes.pop(table, (0, 0)) for table in tables]
            parts.append(_part(name, sum(size for size, _ in found), found[-1][1]))
        parts.append(_part("other", sum(size for size, _ in sizes.values()), 0))
        for name, paths in folders.folders_of(self._settings).items():
            parts.append(_part(name, await asyncio.to_thread(_size_of_all, paths)))
        shown = sorted((part for part in parts if part.bytes), key=lambda part: -part.bytes)
        return StorageOut(parts=shown, total_bytes=sum(part.bytes for part in shown))

    async def prune(self, wanted: PruneIn) -> PruneOut:
        """Remove what is old and not needed; with ``dry_run``, only say what that is.

        Removing a deleted experiment may free the dataset that only it used, so the kinds are done in order.
        """
        plans: dict[PruneKind, Callable[[], Awaitable[_Plan]]] = {
            "deleted": self._deleted,
            "cache": lambda: self._cache("cache"),
            "judgements": lambda: self._cache("judgements"),
            "datasets": lambda: self._versions("datasets"),
            "knowledge": lambda: self._versions("knowledge_bases"),
            "indexes": self._indexes,
            "logs": self._logs,
            "backups": self._backups,
        }
        self._age_s = wanted.older_than_days * 86_400
        self._before = datetime.now(UTC) - timedelta(seconds=self._age_s)
        parts = []
        for name, plan_of in plans.items():
            if wanted.what and name not in wanted.what:
                continue
            plan = await plan_of()
            if plan.count and not wanted.dry_run:
                await plan.remove()
                log.info("pruned", kind=name, count=plan.count, bytes=plan.bytes)
            parts.append(PrunedPart(name=name, label=_LABELS[name], count=plan.count, bytes=plan.bytes))
        total = sum(part.bytes for part in parts)
        return PruneOut(parts=parts, total_bytes=total, dry_run=wanted.dry_run)

    async def _deleted(self) -> _Plan:
        experiments = await self._repository.deleted_experiments(self._before)
        share = await self._share("runs", await self._repository.count_runs(experiments))

        async def remove() -> None:
            for experiment in experiments:  # each in a transaction of its own: they may have many runs
                await self._repository.delete_experiment(experiment)
                await self._session.commit()

        return _Plan(len(experiments), share, remove)

    async def _cache(self, name: str) -> _Plan:
        """Plan the removal of a cache's old rows, but for those that an experiment at work has made.

        If it is taken over, it would ask, and pay, for them again.
        """
        table = _CACHES[name]
        unended = await self._repository.oldest_unended()
        before = self._before if unended is None else min(self._before, unended)
        count, rows = await self._repository.count_before(table, before)
        size, _ = (await self._repository.table_sizes())[table]

        async def remove() -> None:
            while await self._repository.delete_before(table, before):
                await self._session.commit()
            await self._session.commit()

        return _Plan(count, size * count // rows if rows else 0, remove)

    async def _versions(self, table: str) -> _Plan:
        if table == "datasets":
            shipped = await asyncio.to_thread(shipped_datasets, self._settings.datasets_dir)
        else:
            shipped = await asyncio.to_thread(shipped_knowledge, self._settings.knowledge_dir)
        versions = await self._repository.old_versions(table, self._before, shipped)
        child = "examples" if table == "datasets" else "articles"
        share = await self._share(child, await self._count(table, versions))

        async def remove() -> None:
            await self._repository.delete_versions(table, versions)
            await self._session.commit()

        return _Plan(len(versions), share, remove)

    async def _count(self, table: str, versions: list[uuid.UUID]) -> int:
        return await self._repository.count_children(table, versions) if versions else 0

    async def _indexes(self) -> _Plan:
        versions = await self._repository.index_versions()
        return await self._files(lambda: folders.unused_indexes(self._settings, versions, self._age_s))

    async def _logs(self) -> _Plan:
        return await self._files(lambda: folders.rotated_logs(self._settings, self._age_s))

    async def _backups(self) -> _Plan:
        return await self._files(lambda: folders.old_backups(self._settings, self._age_s))

    async def _files(self, find: Callable[[], list[Removable]]) -> _Plan:
        found = await asyncio.to_thread(find)

        async def remove() -> None:
            for one in found:
                await asyncio.to_thread(folders.remove, one)

        return _Plan(len(found), sum(one.bytes for one in found), remove)

    async def _share(self, table: str, rows: int) -> int:
        """Return about how many bytes so many rows of a table take."""
        size, estimated = (await self._repository.table_sizes())[table]
        return size * rows // max(estimated, rows, 1)


def _size_of_all(paths: list[Path]) -> int:
    return sum(map(folders.size_of, paths))


def _part(name: str, size: int, rows: int | None = None) -> StoragePart:
    where = "disk" if rows is None else "database"
    return StoragePart(
        name=name, label=_LABELS[name], where=where, bytes=size, rows=rows if name != "other" else None
    )
