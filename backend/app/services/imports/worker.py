"""The other side of ``process.py``: what runs in the process of a large import."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from mmap import ACCESS_READ, mmap
from typing import TypeAlias

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import create_engine, create_sessions, is_database_away
from app.core.errors import AppError, Unavailable
from app.core.logging import configure_logging, get_logger
from app.core.processes import die_with_parent
from app.domain.json import JsonObject
from app.services.imports.files import File

log = get_logger(__name__)

_NICE = 5  # the API goes first where both want the processor

Work: TypeAlias = Callable[[AsyncSession, JsonObject, Sequence[File]], Awaitable[JsonObject]]
"""Does what a request asks for, with a session of its own and the files."""


def serve(work: Work) -> None:
    """Do the work that standard input describes, and write the answer to standard output."""
    die_with_parent()
    os.nice(_NICE)
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print must not get into the answer
    given: JsonObject = orjson.loads(sys.stdin.buffer.read())
    configure_logging(given["log_level"], given["log_format"])
    answer = asyncio.run(_answer(work, given))
    with os.fdopen(answers, "wb") as out:
        out.write(orjson.dumps(answer))


async def _answer(work: Work, given: JsonObject) -> JsonObject:
    engine = create_engine(given["database_url"], 1, ping=False)
    try:
        files = [File(one["name"], _content(one["descriptor"])) for one in given["files"]]
        async with create_sessions(engine)() as session:
            return {"content": await work(session, given["request"], files)}
    except AppError as error:
        return _as_json(error)
    except Exception as error:  # noqa: BLE001 - logged, and answered with
        return _as_json(_explained(error))
    finally:
        await engine.dispose()


def _content(descriptor: int) -> bytes | mmap:
    if not os.fstat(descriptor).st_size:
        return b""  # which cannot be mapped
    return mmap(descriptor, 0, access=ACCESS_READ)


def _explained(error: Exception) -> AppError:
    """Return an error of the database, or of this code, as one for a person."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if getattr(cause, "sqlstate", None) == asyncpg.DiskFullError.sqlstate:
        return Unavailable(
            "The database has no room left; nothing was imported.",
            hint="Delete what is not needed, or give the database more space.",
        )
    if is_database_away(error):
        log.warning("database_away", error=type(error).__name__)
        return Unavailable("The database does not answer.", hint="Try again in a moment; see /health.")
    log.error("import_crashed", exc_info=error)
    return AppError("The server failed to import this; its log has the details.")


def _as_json(error: AppError) -> JsonObject:
    errors = [[one.field, one.message] for one in error.errors]
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "errors": errors}}
