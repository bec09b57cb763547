"""SQL that finds out whether the database can store anything."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_ROWS = 600  # of 36 bytes each: three pages, for which a relation must grow on the disk


class DatabaseRepository:
    """Looks at the database through its connection; never commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def try_to_store(self) -> None:
        """Store some rows in a table of our own; nothing of it is left after the rollback.

        A row in an existing table would fit into a page that is there already, even on a full disk.

        Raises:
            sqlalchemy.exc.DBAPIError: if that is not possible.
        """
        table = f"llmforge_write_test_{uuid.uuid4().hex}"
        await self._connection.execute(text(f"create table {table} (number bigint)"))
        await self._connection.execute(text(f"insert into {table} select generate_series(1, {_ROWS})"))
