"""What caches did for the calls of a run: ours, by tier, and the provider's prompt cache, in tokens."""

from collections.abc import Sequence
from typing import TypedDict

from app.domain.generation import GenerationResult

_MILLI = 1000.0


class CacheUseFields(TypedDict):
    """Fields of a run record; see there."""

    answered_calls: int
    cache_use: dict[str, float] | None


def cache_use_of(results: Sequence[GenerationResult]) -> CacheUseFields:
    """Return how many calls were answered, and how many of them from which cache.

    Args:
        results: of the answered calls.
    """
    use: dict[str, float] = {}
    for result in results:
        if result.cached:
            tier = result.cache_tier or "database"
            use[tier] = use.get(tier, 0) + 1
            if result.latency_s is not None:  # nobody knows what a call took that a batch job has made
                use["saved_ms"] = use.get("saved_ms", 0.0) + result.latency_s * _MILLI
        elif result.usage.cache_read_tokens is not None and result.usage.prompt_tokens is not None:
            use["queried_tokens"] = use.get("queried_tokens", 0) + result.usage.prompt_tokens
            use["read_tokens"] = use.get("read_tokens", 0) + result.usage.cache_read_tokens
    return CacheUseFields(answered_calls=len(results), cache_use=use or None)
