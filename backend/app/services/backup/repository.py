"""SQL of backups: what tables there are, and their rows in and out by ``COPY``.

Tables are those of ``app.models`` and no others: in a database that is shared with other programs, theirs are
neither copied nor touched.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.migrations import LOCK
from app.models import Base
from app.services.backup.archive import Version, Write

_OWN = tuple(table.name for table in Base.metadata.sorted_tables)
# What runs at this moment, and the version of this database's cache, mean nothing elsewhere.
_OF_THIS_PLACE = frozenset({"workers", "cache_version"})
TABLES = tuple(name for name in _OWN if name not in _OF_THIS_PLACE)
"""The tables that are copied, each after those that it refers to."""
_VERSIONS = "alembic_version"
# So that the text of a value is the same whatever server wrote it, and in whatever order its scans would go.
_STABLE = (
    "set local datestyle = 'ISO, MDY'",
    "set local timezone = 'UTC'",
    "set local intervalstyle = 'postgres'",
    "set local extra_float_digits = 1",
    "set local bytea_output = 'hex'",
    "set local synchronize_seqscans = off",
    "set local statement_timeout = 0",
    "set local idle_in_transaction_session_timeout = 0",
)
_LOCK_TIMEOUT = "30s"
_ALIVE_S = 30  # a younger heartbeat means that an executor is at work


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table as it is in the database, with its columns in their order."""

    name: str
    columns: tuple[str, ...]


class BackupRepository:
    """Reads and writes whole tables within the transaction of its connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def prepare(self) -> None:
        """Begin: settings that make the text of values the same on every server."""
        for statement in _STABLE:
            await self._connection.execute(text(statement))

    async def revision(self) -> str | None:
        """Return the revision of the schema; ``None`` if no migration has ever run here."""
        if not await self._exists([_VERSIONS]):
            return None
        found: str | None = await self._connection.scalar(text(f"select version_num from {_VERSIONS}"))
        return found

    async def server_version(self) -> str:
        """Return the server's version, as in ``16.14``."""
        return str(await self._connection.scalar(text("show server_version")))

    async def tables(self) -> list[StoredTable]:
        """Return the tables to be copied that exist, each after those that it refers to."""
        query = text(
            "select table_name, array_agg(column_name::text order by ordinal_position) "
            "from information_schema.columns where table_schema = current_schema() "
            "and table_name = any(:names) and is_generated = 'NEVER' group by table_name"
        )
        rows = await self._connection.execute(query, {"names": list(TABLES)})
        columns = {row[0]: tuple(row[1]) for row in rows}
        return [StoredTable(name, columns[name]) for name in TABLES if name in columns]

    async def copy_out(self, table: StoredTable, write: Write) -> int:
        """Hand the text of a table to ``write`` in pieces; return its rows."""
        driver = await self._driver()
        done = await driver.copy_from_table(table.name, columns=table.columns, output=write, format="text")
        return int(done.rpartition(" ")[2])

    async def copy_in(self, table: StoredTable, pieces: AsyncIterator[bytes]) -> int:
        """Add the rows of a text to a table; return how many there were."""
        driver = await self._driver()
        done = await driver.copy_to_table(table.name, columns=table.columns, source=pieces, format="text")
        return int(done.rpartition(" ")[2])

    async def lock(self) -> None:
        """Keep migrations and other restores out until the transaction ends."""
        await self._connection.execute(text(f"set local lock_timeout = '{_LOCK_TIMEOUT}'"))
        await self._connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        present = [table.name for table in await self.tables()]
        if present:
            await self._connection.execute(text(f"lock table {', '.join(present)} in access exclusive mode"))

    async def contents(self, shipped: Collection[Version]) -> dict[str, int]:
        """Return what people have put into the database: how many of each kind, where there are any.

        Args:
            shipped: datasets and knowledge bases that a platform adds by itself when it starts.
        """
        present = {table.name for table in await self.tables()}
        counts: dict[str, int] = {}
        if "experiments" in present:
            counts["experiments"] = (
                await self._connection.scalar(text("select count(*) from experiments")) or 0
            )
        for name in ("datasets", "knowledge_bases"):
            if name in present:
                rows = await self._connection.execute(text(f"select name, version from {name}"))
                counts[name.replace("_", " ")] = sum((name, *row) not in shipped for row in rows)
        return {kind: count for kind, count in counts.items() if count}

    async def has_rows(self) -> bool:
        """Return whether any table has a row."""
        for table in await self.tables():
            if await self._connection.scalar(text(f"select exists (select from {table.name})")):
                return True
        return False

    async def at_work(self) -> int:
        """Return how many experiments an executor works on at this moment."""
        if not await self._exists(["experiments"]):
            return 0
        query = text(
            "select count(*) from experiments where status = 'RUNNING' "
            f"and heartbeat_at > clock_timestamp() - interval '{_ALIVE_S} s'"
        )
        return await self._connection.scalar(query) or 0

    async def drop_all(self) -> None:
        """Drop all tables; whatever else refers to them makes this fail."""
        present = [name for name in (*_OWN, _VERSIONS) if await self._exists([name])]
        if present:
            await self._connection.execute(text(f"drop table {', '.join(present)}"))

    async def continue_numbers(self) -> None:
        """Let the numbers of new rows continue after those that were copied in."""
        query = text(
            "select table_name, column_name from information_schema.columns where is_identity = 'YES' "
            "and table_schema = current_schema() and table_name = any(:names)"
        )
        rows = (await self._connection.execute(query, {"names": list(TABLES)})).all()
        for table, column in rows:
            await self._connection.execute(
                text(
                    f"select setval(pg_get_serial_sequence('{table}', '{column}'), "
                    f"coalesce((select max({column}) from {table}), 0) + 1, false)"
                )
            )

    async def analyze(self) -> None:
        """Let the planner know the new rows."""
        for table in await self.tables():
            await self._connection.execute(text(f"analyze {table.name}"))

    async def _exists(self, names: Collection[str]) -> bool:
        query = text(
            "select count(*) from pg_tables where schemaname = current_schema() and tablename = any(:names)"
        )
        return bool(await self._connection.scalar(query, {"names": list(names)}))

    async def _driver(self) -> Any:
        raw = await self._connection.get_raw_connection()
        return raw.driver_connection
