"""An answered call as JSON, as the response cache keeps it."""

from dataclasses import replace
from typing import Any

import orjson

from app.domain.generation import GenerationResult, ToolCall, Usage
from app.domain.json import JsonObject

# The group is that of the call that was made then, and costs nothing when its answer is used again;
# the tier is that of a replay.
_NOT_STORED = ("group", "cache_tier")


def encode_result(result: GenerationResult) -> bytes:
    """Return an answered call as one line of JSON."""
    if result.group is not None or result.cache_tier is not None:
        result = replace(result, group=None, cache_tier=None)
    return orjson.dumps(result)  # dataclasses without a copy


def decode_result(value: JsonObject) -> GenerationResult:
    """Return the answered call whose JSON ``encode_result`` wrote; older ones have fewer fields."""
    calls = tuple(ToolCall(**call) for call in value.get("tool_calls", ()))
    left_out = tuple(value.get("left_out", ()))
    fields: dict[str, Any] = {name: value[name] for name in value if name not in _NOT_STORED}
    return GenerationResult(
        **{**fields, "usage": Usage(**value["usage"]), "tool_calls": calls, "left_out": left_out}
    )
