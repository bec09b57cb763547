"""The database: URL forms, the engine, sessions, and the error types that mean "away"."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.core.logging import get_logger

log = get_logger(__name__)

T = TypeVar("T")
Session = AsyncSession
Sessions = async_sessionmaker[AsyncSession]

# libpq's options that asyncpg spells differently or does not know.
_SSL_MODES = frozenset({"allow", "disable", "prefer", "require", "verify-ca", "verify-full"})
_LIBPQ_ONLY = frozenset({"channel_binding", "sslmode", "gssencmode", "target_session_attrs"})
_MAX_BACKOFF_S = 2.0

DATABASE_ERRORS: tuple[type[Exception], ...] = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
)
"""What may mean that the database is away; ``is_database_away`` tells whether it does."""


def async_url(url: str) -> str:
    """Return ``url`` in the form that SQLAlchemy's asyncpg dialect takes.

    Hosts such as Neon hand out ``postgresql://…?sslmode=require&channel_binding=require``; asyncpg
    takes ``ssl=require`` and knows no channel binding.

    Raises:
        ValueError: if it is no Postgres URL.
    """
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise ValueError(
            "DATABASE_URL must start with postgresql:// (leave it empty for the embedded Postgres)"
        )
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode = query.get("sslmode", "")
    kept = {key: value for key, value in query.items() if key not in _LIBPQ_ONLY}
    if mode in _SSL_MODES:
        kept["ssl"] = mode
    return urlunsplit(("postgresql+asyncpg", parts.netloc, parts.path, urlencode(kept), ""))


def create_engine(url: str, pool_size: int = 10, *, ping: bool = True) -> AsyncEngine:
    """Return an engine on ``url``; JSON goes through orjson.

    Args:
        url: as ``async_url`` takes it.
        pool_size: connections at most.
        ping: try each connection before use; not needed where every transaction is repeated
            when the database was away.
    """
    return create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=ping,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={"timeout": 10, "server_settings": {"application_name": "llmforge"}},
    )


def create_sessions(engine: AsyncEngine) -> Sessions:
    """Return the session factory; objects stay readable after a commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def is_database_away(error: BaseException) -> bool:
    """Tell a database that cannot be reached (wait, or 503) from one that refused a statement."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError | PoolTimeoutError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    while cause is not None:
        if isinstance(cause, OSError) and cause.filename is None:  # with a name it is about a file
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


async def when_database_answers(
    action: Callable[[], Awaitable[T]], what: str, give_up: Callable[[], bool] = lambda: False
) -> T:
    """Run ``action``, again and again while the database is away, waiting up to 2 s in between.

    Args:
        action: one whole transaction; it must be safe to repeat.
        what: for the log line.
        give_up: asked before each wait; true lets the error through.
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
