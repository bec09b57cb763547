"""Reading how many tokens a call took, in the forms in which providers report it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.domain.generation import Usage

_MAX_COUNT = 2**31 - 1  # of a column in the database
_PLAIN_FIELDS = 3
_PROMPT = ("prompt_tokens", "input_tokens")
_COMPLETION = ("completion_tokens", "output_tokens")
_REASONING = (
    ("completion_tokens_details", "reasoning_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
)
_CACHE_READ = (("prompt_tokens_details", "cached_tokens"), ("input_tokens_details", "cached_tokens"))
_CACHE_WRITE = (
    ("prompt_tokens_details", "cache_write_tokens"),
    ("prompt_tokens_details", "cache_creation_tokens"),
)


def read_usage(usage: Mapping[str, Any] | None, timings: Mapping[str, Any] | None = None) -> Usage:
    """Return the token counts that the server reported; ``None`` for each that is missing or invalid.

    Args:
        usage: of the answer.
        timings: that llama.cpp adds; its older versions tell of their prompt cache only there.
    """
    found = _read(usage)
    if found.cache_read_tokens is None and isinstance(timings, Mapping) and "cache_n" in timings:
        return replace(found, cache_read_tokens=_count(timings["cache_n"]))
    return found


def _read(usage: Mapping[str, Any] | None) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    plain = _plain(usage)
    if plain is not None:
        return plain
    prompt, completion = _first(usage, _PROMPT), _first(usage, _COMPLETION)
    reasoning = _nested(usage, _REASONING)
    if reasoning is None:
        reasoning = _count(usage.get("reasoning_tokens"))
    completion, reasoning = _with_hidden(usage, prompt, completion, reasoning)
    read = _nested(usage, _CACHE_READ)
    if read is None:
        read = _first(usage, ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens"))
    written = _nested(usage, _CACHE_WRITE)
    if written is None:
        written = _count(usage.get("cache_creation_input_tokens"))
    if prompt is not None and "prompt_tokens" not in usage and "cache_read_input_tokens" in usage:
        prompt += (read or 0) + (written or 0)  # Anthropic's own form, whose input is without them
    return Usage(prompt, completion, reasoning, read, written)


def _plain(usage: Mapping[str, Any]) -> Usage | None:
    """Return the counts as most servers report them, with nothing else to find; at little cost."""
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if type(prompt) is not int or type(completion) is not int or len(usage) != _PLAIN_FIELDS:
        return None
    fits = min(prompt, completion) >= 0 and prompt + completion == usage.get("total_tokens", -1) <= _MAX_COUNT
    return Usage(prompt, completion) if fits else None


def _with_hidden(
    usage: Mapping[str, Any], prompt: int | None, completion: int | None, reasoning: int | None
) -> tuple[int | None, int | None]:
    """Return completion and reasoning tokens, the latter a part of the former.

    Some providers (Gemini, xAI) count thinking in the total alone, and charge it as output.
    """
    total = _count(usage.get("total_tokens"))
    if total is None or prompt is None or completion is None:
        return completion, reasoning
    hidden = total - prompt - completion
    if hidden > 0 and reasoning in {None, 0, hidden}:
        return completion + hidden, hidden
    return completion, reasoning


def _first(usage: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    for name in names:
        if name in usage:
            return _count(usage[name])
    return None


def _nested(usage: Mapping[str, Any], paths: tuple[tuple[str, str], ...]) -> int | None:
    for outer, inner in paths:
        details = usage.get(outer)
        if isinstance(details, Mapping) and inner in details:
            return _count(details[inner])
    return None


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    valid = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT
    return value if valid and isinstance(value, int) else None
