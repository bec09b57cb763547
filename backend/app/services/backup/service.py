"""Backing up, restoring and moving a database.

A backup is one snapshot (``REPEATABLE READ``), so the platform may be at work meanwhile. Restoring and
moving fill the target within one transaction: it makes the tables at the snapshot's revision of the schema,
copies the rows in, reads them back and compares their SHA-256, and migrates to this program's revision.
Whatever ends it before its commit leaves the target as it was.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.database import create_engine
from app.core.errors import Unavailable
from app.core.migrations import is_known_revision, upgrade
from app.core.packages import package_version
from app.services.backup.archive import (
    FORMAT,
    Archive,
    BackupError,
    Digest,
    Manifest,
    TableEntry,
    Version,
    writing,
)
from app.services.backup.repository import TABLES, BackupRepository, StoredTable

Say = Callable[[str], None]
_QUEUED_PIECES = 16  # of at most some 100 kB, between two servers


class TableSource(Protocol):
    """The rows of one table on their way into another database."""

    table: StoredTable

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the table's text."""
        ...

    def entry(self) -> TableEntry:
        """Return what the text was, once it has gone by."""
        ...


async def back_up(url: str, path: Path, say: Say = lambda _: None) -> Manifest:
    """Write a backup of the database at ``url`` to ``path``; what is there under that name is replaced.

    Raises:
        BackupError: if there is nothing to back up, or the file cannot be written.
    """
    async with _connected(url, snapshot=True) as connection:
        source = BackupRepository(connection)
        await source.prepare()
        revision = await _revision_of(source)
        with writing(path) as archive:
            entries = []
            for table in await source.tables():
                copy = partial(source.copy_out, table)
                entry = await archive.add_table(table.name, table.columns, copy)
                say(f"  {_told(entry)}")
                entries.append(entry)
            manifest = Manifest(
                format=FORMAT,
                program=f"LlmForge {package_version('llmforge')}",
                created_at=datetime.now(UTC),
                revision=revision,
                postgres=await source.server_version(),
                tables=tuple(entries),
            )
            archive.finish(manifest)
    return manifest


async def restore(
    url: str, path: Path, shipped: Collection[Version], *, replace: bool = False, say: Say = lambda _: None
) -> Manifest:
    """Fill the database at ``url`` from the backup at ``path``, and migrate it to this program's revision.

    Args:
        url: of the database.
        path: of the backup.
        shipped: datasets and knowledge bases that a platform adds by itself, which are no loss.
        replace: remove what people have put into the database, instead of refusing.
        say: called with a message for each table.

    Raises:
        BackupError: if the file is damaged or newer than this program, or the database is in use or not
            empty; nothing was changed then.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        _require_known(manifest.revision, f"{path}, written by {manifest.program},")
        for name in {table.name for table in manifest.tables}.difference(TABLES):
            raise BackupError(f"{path} has a table that LlmForge does not have: {name[:80]}.")
        await asyncio.to_thread(archive.verify)
        async with _filled(url, shipped, manifest.revision, replace=replace) as target:
            for table in manifest.tables:
                await _fill(target, _ArchivedTable(archive, table), say)
    return manifest


async def move(
    source_url: str,
    target_url: str,
    shipped: Collection[Version],
    *,
    replace: bool = False,
    say: Say = lambda _: None,
) -> tuple[list[TableEntry], int]:
    """Copy one database into another, table by table without a file between; the source is not changed.

    Returns:
        The tables, and how many experiments were being worked on at the source.

    Raises:
        BackupError: see ``restore``.
    """
    async with _connected(source_url, snapshot=True) as connection:
        source = BackupRepository(connection)
        await source.prepare()
        revision = await _revision_of(source)
        _require_known(revision, "The database to be moved")
        at_work = await source.at_work()
        entries = []
        async with _filled(target_url, shipped, revision, replace=replace) as target:
            for table in await source.tables():
                entries.append(await _fill(target, _StreamedTable(source, table), say))
    return entries, at_work


@asynccontextmanager
async def _connected(url: str, *, snapshot: bool) -> AsyncIterator[AsyncConnection]:
    engine = create_engine(url, 1)
    if snapshot:
        engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    try:
        async with engine.connect() as connection:
            yield connection
    except (OSError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unavailable(
            f"The database operation failed: {_first_line(error)}",
            hint="Check that it runs, and its address.",
        ) from error
    finally:
        await engine.dispose()


@asynccontextmanager
async def _filled(
    url: str, shipped: Collection[Version], revision: str, *, replace: bool
) -> AsyncIterator[BackupRepository]:
    """Give a database with empty tables at ``revision`` to fill; commit after that."""
    async with _connected(url, snapshot=False) as connection:
        target = BackupRepository(connection)
        await target.prepare()
        await target.lock()
        await _require_free(target, shipped, replace=replace)
        await target.drop_all()
        await upgrade(connection, revision)
        yield target
        await target.continue_numbers()
        await upgrade(connection, "head")
        await target.analyze()
        await connection.commit()


async def _require_free(target: BackupRepository, shipped: Collection[Version], *, replace: bool) -> None:
    revision = await target.revision()
    if revision is None and await target.tables():
        raise BackupError(
            "The database has tables with names of ours that LlmForge has not made.",
            hint="Use an empty database, or one of LlmForge.",
        )
    if revision is None:
        return
    _require_known(revision, "The database")
    if not replace and (found := await target.contents(shipped)):
        listed = ", ".join(f"{count:,} {kind}" for kind, count in found.items())
        raise BackupError(
            f"The database is not empty: it has {listed}.",
            hint="Use an empty database, or --replace to remove what is there.",
        )
    if await target.at_work():
        raise BackupError(
            "An experiment is running in the database that would be replaced.",
            hint="Stop the platform, or cancel the experiment, and try again after half a minute.",
        )


async def _fill(target: BackupRepository, source: TableSource, say: Say) -> TableEntry:
    rows = await target.copy_in(source.table, source.pieces())
    entry, digest = source.entry(), Digest()

    async def compare(data: bytes) -> None:
        digest.update(data)

    read_back = await target.copy_out(source.table, compare)
    if (rows, read_back, digest.sha256) != (entry.rows, entry.rows, entry.sha256):
        raise BackupError(f"The table {entry.name} did not arrive as it was sent; nothing was changed.")
    say(f"  {_told(entry)}")
    return entry


class _ArchivedTable:
    def __init__(self, archive: Archive, entry: TableEntry) -> None:
        self.table = StoredTable(entry.name, entry.columns)
        self._archive = archive
        self._entry = entry

    async def pieces(self) -> AsyncIterator[bytes]:
        read: Iterator[bytes] = self._archive.pieces(self._entry)
        while data := await asyncio.to_thread(next, read, b""):
            yield data

    def entry(self) -> TableEntry:
        return self._entry


class _StreamedTable:
    def __init__(self, source: BackupRepository, table: StoredTable) -> None:
        self.table = table
        self._source = source
        self._digest = Digest()
        self._rows = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED_PIECES)

        async def send(data: bytes) -> None:
            self._digest.update(data)
            await queue.put(data)

        async def read() -> None:
            try:
                self._rows = await self._source.copy_out(self.table, send)
            finally:
                await queue.put(b"")

        reading = asyncio.create_task(read())
        try:
            while data := await queue.get():
                yield data
            await reading
        finally:
            reading.cancel()

    def entry(self) -> TableEntry:
        return TableEntry(
            name=self.table.name,
            columns=self.table.columns,
            rows=self._rows,
            size=self._digest.size,
            sha256=self._digest.sha256,
        )


async def _revision_of(source: BackupRepository) -> str:
    revision = await source.revision()
    if revision is None:
        raise BackupError("There is nothing to back up: the database has no tables of LlmForge.")
    return revision


def _require_known(revision: str, what: str) -> None:
    if not is_known_revision(revision):
        raise BackupError(
            f"{what} is of a later version of LlmForge than this one (schema {revision[:40]}).",
            hint="Use that version or a later one.",
        )


def _told(entry: TableEntry) -> str:
    return f"{entry.name}: {entry.rows:,} rows, {entry.size / 1e6:,.1f} MB"


def _first_line(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]
