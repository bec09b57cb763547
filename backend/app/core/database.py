"""The database: the engine, sessions, and the errors that mean that it cannot be reached."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.core.database_connect import Connector
from app.core.database_url import read_database_url
from app.core.logging import get_logger

log = get_logger(__name__)

T = TypeVar("T")
Session = AsyncSession
Sessions = async_sessionmaker[AsyncSession]

_MAX_BACKOFF_S = 2.0
_OTHER_SCHEMA = frozenset({"42P01", "42703"})  # no such table, or no such column


def create_engine(url: str, pool_size: int = 10, *, ping: bool = True) -> AsyncEngine:
    """Return an engine for ``url``; JSON is read and written by orjson.

    Args:
        url: of Postgres; see ``read_database_url``.
        pool_size: most connections.
        ping: test each connection before use; not needed where every transaction is retried when the
            database could not be reached.

    Raises:
        DatabaseUrlError: if ``url`` cannot be used.
    """
    address = read_database_url(url)
    engine = create_async_engine(
        address.url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=15,
        pool_pre_ping=ping,
        hide_parameters=True,  # prompts and answers are among them
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args=address.options,
    )
    Connector(pooled=address.pooled).listen(engine)
    return engine


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return a session factory; objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def is_database_away(error: BaseException) -> bool:
    """Return whether an error means that the database cannot be reached, rather than a failed statement."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError | PoolTimeoutError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        if isinstance(cause, OSError) and cause.filename is None:  # an error with a file name is about a file
            return True
        if isinstance(
            cause,
            asyncpg.PostgresConnectionError
            | asyncpg.CannotConnectNowError
            | asyncpg.AdminShutdownError
            | asyncpg.CrashShutdownError
            | asyncpg.TooManyConnectionsError
            | asyncpg.InterfaceError,
        ):
            return True
        cause = cause.__cause__
    return False


def is_of_other_schema(error: BaseException) -> bool:
    """Return whether a statement names what the database does not have: its schema is another version's."""
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return state in _OTHER_SCHEMA


async def when_database_answers(
    action: Callable[[], Awaitable[T]], what: str, give_up: Callable[[], bool] = lambda: False
) -> T:
    """Run ``action``, and retry it while the database cannot be reached, waiting up to 2 s in between.

    Args:
        action: a whole transaction, safe to repeat.
        what: what it does, for the log.
        give_up: called before each wait; if it returns true, the error is raised.
    """
    delay = 0.1
    while True:
        try:
            return await action()
        except Exception as error:
            if not is_database_away(error) or give_up():
                raise
            log.warning("database_away", waiting_to=what, retry_in_s=delay, error=type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _MAX_BACKOFF_S)
