"""SQL of the response cache: answered calls, by the hash of all that shaped the answer."""

import uuid
from collections.abc import Sequence
from typing import cast

from sqlalchemy import ARRAY, Table, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.generation import CachedGeneration, GenerationResult
from app.domain.generation_json import decode_result, encode_result
from app.models import CacheVersion, Generation
from app.services.runs.array_insert_repository import array_insert

insert_generations = array_insert(cast(Table, Generation.__table__), ("key", "model", "result"), "g")
"""Stores what ``generation_arrays`` gives; a part of the statement that stores runs."""

# One array parameter, where IN would make a new statement for each number of keys.
_select_generations = select(Generation.key, Generation.result).where(
    Generation.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)


class CacheRepository:
    """Reads and writes the response cache; ``RunRepository.add`` writes it together with runs."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_many(self, keys: Sequence[str]) -> dict[str, GenerationResult]:
        """Return the cached answers among ``keys``."""
        rows = await self._session.execute(_select_generations, {"keys": keys})
        return {key: decode_result(value) for key, value in rows}

    async def add_many(self, generations: Sequence[CachedGeneration]) -> None:
        """Store answers; those that are stored stay as they are."""
        await self._session.execute(insert_generations, generation_arrays(generations))

    async def version(self) -> uuid.UUID | None:
        """Return the version of the cache, which every deletion of answers changes."""
        return await self._session.scalar(select(CacheVersion.version))


def generation_arrays(generations: Sequence[CachedGeneration]) -> dict[str, list[object]]:
    """Return the parameters of ``insert_generations``."""
    return {
        "g_key": [generation.key for generation in generations],
        "g_model": [generation.model for generation in generations],
        "g_result": [encode_result(generation.result).decode() for generation in generations],
    }
