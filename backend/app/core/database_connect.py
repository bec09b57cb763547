"""Connections to the database: what is in between, and waiting for a database that is about to answer.

A *transaction pooler* (PgBouncer in that mode, Supavisor, Neon's pooled address) lends a connection to the
server for one transaction only. A statement that was prepared before may then not exist, or be that of
another client. asyncpg and SQLAlchemy both prepare each statement once a connection, which saves a round
trip for each use (0.3 ms on this machine, 30 ms across a continent), so that they do it unless there is a
pooler. It is recognised by the number of the server process: Postgres tells it when a client connects, and
a pooler cannot tell that of a process that serves somebody else a moment later.
"""

import asyncio
import random
import time
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine.interfaces import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_

from app.core.logging import get_logger

log = get_logger(__name__)

_NOT_READY = frozenset({"57P03", "53300"})  # the server starts or stops; all its connections are taken
# PgBouncer has one code for all it refuses; these refusals pass.
_POOLER_REFUSES = "08P01"
_POOLER_NOT_READY = (
    "server_login_retry",
    "server login failed",
    "query_wait_timeout",
    "no more connections",
    "cannot connect to server",
    "shutting down",
)

_WAIT_S = 12.0
_TRY_AGAIN_S = 0.25
# With both at 0, asyncpg sends each statement together with its parameters, under no name.
_NO_STATEMENTS_KEPT = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
_FOREIGN_STATEMENTS = frozenset({"26000", "42P05"})  # a prepared statement does not exist, or exists already


def is_starting(error: BaseException) -> bool:
    """Return whether a server refuses a connection for now: it is there, but not ready."""
    state = getattr(error, "sqlstate", None)
    if state == _POOLER_REFUSES:
        return any(words in str(error) for words in _POOLER_NOT_READY)
    return state in _NOT_READY


class Connector:
    """Opens the connections of one engine.

    Args:
        pooled: whether it is known that a transaction pooler is in between.

    Attributes:
        pooled: the same, as found out since.
    """

    def __init__(self, *, pooled: bool) -> None:
        self.pooled = pooled

    def listen(self, engine: AsyncEngine) -> None:
        """Open the connections of ``engine`` from now on."""
        event.listen(engine.sync_engine, "do_connect", self._connect)
        event.listen(engine.sync_engine, "handle_error", self._look_at_error)

    def _connect(self, dialect: Dialect, _record: object, cargs: Any, cparams: Any) -> Any:
        give_up_at = time.monotonic() + _WAIT_S
        while True:
            try:
                return self._connect_once(dialect, cargs, cparams)
            except dialect.loaded_dbapi.Error as error:
                if not is_starting(error) or time.monotonic() >= give_up_at:
                    raise
                log.debug("database_starting", sqlstate=getattr(error, "sqlstate", None))
            await_(asyncio.sleep(_TRY_AGAIN_S * random.uniform(0.5, 1.5)))  # noqa: S311 - not all at once

    def _connect_once(self, dialect: Dialect, cargs: Any, cparams: Any) -> Any:
        if not self.pooled:
            connection: Any = dialect.connect(*cargs, **cparams)
            try:
                if not connection.run_async(_is_pooled):
                    return connection
            except BaseException:  # cancelled, too: nobody else knows of this connection
                connection.driver_connection.terminate()
                raise
            connection.close()
            self.pooled = True
            log.info("transaction_pooler_found")
        return dialect.connect(*cargs, **(cparams | _NO_STATEMENTS_KEPT))

    def _look_at_error(self, context: ExceptionContext) -> None:
        """Take a prepared statement that is not ours for the sign of a pooler that was not recognised."""
        if getattr(context.original_exception, "sqlstate", None) in _FOREIGN_STATEMENTS:
            self.pooled = True
            context.is_disconnect = True  # the connections that keep statements are given up


async def _is_pooled(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    # Without parameters, asyncpg prepares nothing; the answer then is the number of rows.
    pid = int(connection.get_server_pid())
    status: str = await connection.execute(f"select where pg_backend_pid() = {pid}")
    return status != "SELECT 1"
