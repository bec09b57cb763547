"""The two tiers of the response cache of a process: answers in memory, in front of those in the database.

The database is the truth. Memory holds only answers that were read from it, or were missing in it and are
being stored. It forgets all of them when the version of the database's cache changes, which every deletion of
answers does, whoever deletes them; so that is looked up, once a second while the cache is read. Of an answer
that two workers have asked for at the same time, the database keeps the first, and each memory its own.
"""

import asyncio
import time
import uuid
from collections.abc import Callable

from app.core.database import Sessions, when_database_answers
from app.domain.generation import GenerationResult
from app.services.inference.cache import CacheStore, may_be_replayed
from app.services.inference.memory_cache import MemoryCache
from app.services.runs.cache_repository import CacheRepository

_LOOK_EVERY_S = 1.0
"""Seconds for which a deletion of answers may be unknown to memory."""


class CacheTiers:
    """Looks answers up in memory, then in the durable store; see the module's text. It is a ``CacheStore``.

    Args:
        memory: of this process.
        durable: looks up and stores answers in the database.
        sessions: to the database.
        clock: the time in seconds.
    """

    def __init__(
        self,
        memory: MemoryCache,
        durable: CacheStore,
        sessions: Sessions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._memory = memory
        self._durable = durable
        self._sessions = sessions
        self._clock = clock
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()

    async def get(self, key: str) -> GenerationResult | None:
        """Return the answer under ``key``; see ``CacheStore.get``."""
        if not self._memory.enabled:
            return await self._durable.get(key)
        if self._is_due():
            await self._keep_in_step()
        found = self._memory.get(key)
        if found is not None:
            await asyncio.sleep(0)  # many hits after each other must not hold up heartbeat and writer
            return found
        found = await self._durable.get(key)
        if found is not None and may_be_replayed(found):
            self._memory.add(key, found)
        return found

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store an answer that was looked up before, and was not there; see ``CacheStore.put``."""
        self._durable.put(key, model, result)
        self._memory.add(key, result)

    def _is_due(self) -> bool:
        return self._looked_at is None or self._clock() - self._looked_at >= _LOOK_EVERY_S

    async def _keep_in_step(self) -> None:
        async with self._looking:
            if not self._is_due():  # another coroutine has looked meanwhile
                return
            version = await when_database_answers(self._version, "read the version of the cache")
            self._memory.keep_in_step(version)
            self._looked_at = self._clock()

    async def _version(self) -> uuid.UUID | None:
        async with self._sessions() as session:
            return await CacheRepository(session).version()
