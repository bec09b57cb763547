"""SQL of the response cache: answered calls, by the hash of all that shaped the answer."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import cast

from sqlalchemy import ARRAY, Table, Text, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.generation import CachedGeneration, GenerationResult, ToolCall, Usage
from app.domain.json import JsonObject
from app.models import CacheVersion, Generation
from app.services.runs.array_insert_repository import array_insert

insert_generations = array_insert(cast(Table, Generation.__table__), ("key", "model", "result"), "g")
"""Stores what ``generation_arrays`` gives; a part of the statement that stores runs."""

# One array parameter, where IN would make a new statement for each number of keys.
_select_generations = select(Generation.key, Generation.result).where(
    Generation.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)
_usage_fields = tuple(field.name for field in fields(Usage))
# The group is that of the call that was made then, and costs nothing when its answers are used again;
# the tier is that of a replay.
_NOT_STORED = frozenset({"group", "cache_tier"})
_result_fields = tuple(field.name for field in fields(GenerationResult) if field.name not in _NOT_STORED)


class CacheRepository:
    """Reads the response cache; ``RunRepository.add`` writes it, together with the runs."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_many(self, keys: Sequence[str]) -> dict[str, GenerationResult]:
        """Return the cached answers among ``keys``."""
        rows = await self._session.execute(_select_generations, {"keys": keys})
        return {key: result_of_json(value) for key, value in rows}

    async def version(self) -> uuid.UUID | None:
        """Return the version of the cache, which every deletion of answers changes."""
        return await self._session.scalar(select(CacheVersion.version))


def generation_arrays(generations: Sequence[CachedGeneration]) -> dict[str, list[object]]:
    """Return the parameters of ``insert_generations``."""
    return {
        "g_key": [generation.key for generation in generations],
        "g_model": [generation.model for generation in generations],
        "g_result": [result_json(generation.result) for generation in generations],
    }


def result_json(result: GenerationResult) -> JsonObject:
    """Return an answered call as it is stored."""
    # By hand: dataclasses.asdict copies deeply, at twenty times the cost.
    value = {name: getattr(result, name) for name in _result_fields}
    value["usage"] = {name: getattr(result.usage, name) for name in _usage_fields}
    value["tool_calls"] = [asdict(call) for call in result.tool_calls]
    return value


def result_of_json(value: JsonObject) -> GenerationResult:
    """Return the answered call that ``result_json`` wrote; older rows have fewer fields."""
    calls = tuple(ToolCall(**call) for call in value.get("tool_calls", ()))
    left_out = tuple(value.get("left_out", ()))
    usage = Usage(**value["usage"])
    return GenerationResult(**{**value, "usage": usage, "tool_calls": calls, "left_out": left_out})
