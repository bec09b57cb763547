"""The health of the database: whether it answers, has the schema of this version, and can store anything."""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from app.core.database import is_database_away
from app.core.embedded.postgres import is_embedded
from app.core.migrations import SchemaIsNewer, is_up_to_date
from app.domain.readable_errors import sentence_of
from app.schemas.catalog import PartHealth
from app.services.monitoring.database_repository import DatabaseRepository
from app.services.monitoring.parts import part
from app.services.runtime import Runtime

_TIMEOUT_S = 5.0
_PORT_TIMEOUT_S = 1.0
_WRITES_KEPT_S = 30.0
_LITTLE_SPACE = 300_000_000  # bytes
_POSTGRES_PORT = 5432
_MEGABYTE = 1_000_000

_AWAY = "Postgres does not answer. Check that it runs, and DATABASE_URL."
_WAKING = "Postgres accepts connections but does not answer yet: it is waking up, or has no connection left."
_FULL = "Postgres answers, but its disk is full: nothing can be stored until there is space."
_READ_ONLY = (
    "Postgres answers, but accepts no changes: it is a standby, or its host has made it read-only, "
    "as some do when the disk is full."
)
_OLD_SCHEMA = "The database's schema is older than this version of LlmForge. Restart the API to update it."
_MAY_NOT_CREATE = "42501"  # a role that may change rows but make no table; whether rows can be stored is open
_BY_STATE = {"53100": _FULL, "25006": _READ_ONLY}


class DatabaseHealth:
    """The health of the database of one process.

    Whether something can be stored is tried only when somebody asks, and every half a minute at most.

    Args:
        runtime: of this process.
        clock: seconds, for tests.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._stores_until = 0.0
        self._looking: asyncio.Task[PartHealth] | None = None

    async def report(self) -> PartHealth:
        """Return the health, within six seconds; those that ask at the same time share one look."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._report())
        return await asyncio.shield(self._looking)

    async def _report(self) -> PartHealth:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                wrong = await self._look()
        except SchemaIsNewer as error:
            wrong = f"{error.message} {error.hint}"
        except Exception as error:
            if not is_database_away(error):
                raise
            waking = await self._port_answers()
            return part("down", _WAKING if waking else _AWAY, waking=waking)
        free = await asyncio.to_thread(self._free_bytes)
        details = {} if free is None else {"free_bytes": free}
        if wrong is None and free is not None and free < _LITTLE_SPACE:
            home = self._runtime.settings.home
            wrong = f"Postgres answers, but only {free // _MEGABYTE} MB are free where its data are: {home}."
        return part("degraded", wrong, **details) if wrong else part("ok", "Postgres answers.", **details)

    async def _look(self) -> str | None:
        """Return what is wrong with a database that answers."""
        async with self._runtime.engine.connect() as connection:
            if not await is_up_to_date(connection):
                return _OLD_SCHEMA
            if self._clock() < self._stores_until:
                return None
            try:
                await DatabaseRepository(connection).try_to_store()
            except DBAPIError as error:
                state = getattr(error.orig, "sqlstate", None)
                if state != _MAY_NOT_CREATE:
                    if is_database_away(error):
                        raise
                    known = _BY_STATE.get(str(state))
                    return known or f"Postgres answers, but stores nothing. {sentence_of(error)}"
        self._stores_until = self._clock() + _WRITES_KEPT_S
        return None

    def _free_bytes(self) -> int | None:
        """Return the free space where the embedded server keeps its data; ``None`` if it is not used."""
        settings = self._runtime.settings
        if not is_embedded(settings.home, settings.database_url.get_secret_value()):
            return None
        return shutil.disk_usage(settings.home).free

    async def _port_answers(self) -> bool:
        url = self._runtime.engine.url
        if not url.host:  # a socket file
            return False
        try:
            async with asyncio.timeout(_PORT_TIMEOUT_S):
                _, writer = await asyncio.open_connection(url.host, url.port or _POSTGRES_PORT)
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        except OSError:
            return False
        return True
