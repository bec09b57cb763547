"""What caches did for an experiment: ours by tier, in calls, and the provider's prompt cache, in tokens."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from math import fsum

from app.domain.metrics import CacheStatistics, Figure, FigureDescription, RunFacts
from app.services.evaluation.metrics.expense import cost_statistics


def cache_statistics(runs: Sequence[RunFacts]) -> CacheStatistics | None:
    """Return hits and savings; ``None`` if an answered run is from before its calls were counted."""
    if any(run.ok and run.answered_calls is None for run in runs):
        return None
    uses = [run.cache_use for run in runs if run.cache_use]
    told = [use for use in uses if "queried_tokens" in use]

    def total(name: str) -> int:
        return int(sum(use.get(name, 0) for use in uses))

    return CacheStatistics(
        calls=sum(run.answered_calls or 0 for run in runs),
        memory=total("memory"),
        database=total("database"),
        resumed=total("resumed"),
        saved_ms=fsum(use.get("saved_ms", 0.0) for use in uses),
        saved_usd=cost_statistics(runs).saved_by_cache,
        queried_tokens=total("queried_tokens") if told else None,
        read_tokens=total("read_tokens") if told else None,
    )


_HITS = FigureDescription(
    name="cache_hit_rate",
    label="Cache hits",
    group="cache",
    row="cache hits",
    short="in all",
    format="share",
    help="Share of the answered calls that came from the cache, and were not made.",
)
_TIERS = {
    "memory": replace(_HITS, name="cache_hit_rate_memory", label="Memory hits", short="memory"),
    "database": replace(_HITS, name="cache_hit_rate_database", label="Database hits", short="database"),
    "resumed": replace(_HITS, name="cache_hit_rate_resumed", label="Resumed answers", short="resumed"),
}
_SAVED_TIME = FigureDescription(
    name="cache_saved_ms",
    label="Time saved by the cache",
    group="cache",
    row="time saved",
    short="in all",
    format="milliseconds",
    help="What the calls that were answered from the cache took when they were made.",
)
_SAVED_TIME_A_HIT = replace(
    _SAVED_TIME, name="cache_saved_ms_a_hit", label="Time saved by a hit", short="a hit"
)
_SAVED_COST = FigureDescription(
    name="cost_saved_by_cache_usd",
    label="Cost saved by the cache",
    group="cost",
    row="cost",
    short="saved by the cache",
    format="usd",
    help="What the calls that were answered from the cache would have cost.",
    minor=True,
)
_SAVED_COST_A_HIT = replace(
    _SAVED_COST, name="cost_saved_by_cache_a_hit_usd", label="Cost saved by a hit", short="saved by a hit"
)
_PROMPT_CACHE = FigureDescription(
    name="prompt_cache_hit_rate",
    label="Provider's prompt cache",
    group="cache",
    row="prompt cache",
    short="of the tokens",
    format="share",
    help="Share of the prompt tokens that the provider had in its prompt cache, over the calls for which it "
    "says so.",
)


def cache_figures(cache: CacheStatistics | None) -> Iterator[Figure]:
    """Yield hit rates and the time saved; nothing for results from before the tiers were told apart."""
    if cache is None or not cache.calls:
        return
    yield Figure(**asdict(_HITS), value=cache.hits / cache.calls, n=cache.calls, basis="calls")
    counts = {"memory": cache.memory, "database": cache.database, "resumed": cache.resumed}
    for tier, count in counts.items():
        if count or tier != "resumed":
            yield Figure(**asdict(_TIERS[tier]), value=count / cache.calls)
    if cache.hits:
        yield Figure(**asdict(_SAVED_TIME), value=cache.saved_ms, n=cache.hits, basis="calls from the cache")
        yield Figure(**asdict(_SAVED_TIME_A_HIT), value=cache.saved_ms / cache.hits)
    yield _prompt_cache(cache)


def _prompt_cache(cache: CacheStatistics) -> Figure:
    if not cache.queried_tokens or cache.read_tokens is None:
        made = cache.calls > cache.hits
        why = "not known: the server does not say" if made else "not known: no call was made"
        return Figure(**asdict(_PROMPT_CACHE), value=None, note=why)
    share = cache.read_tokens / cache.queried_tokens
    return Figure(**asdict(_PROMPT_CACHE), value=share, n=cache.queried_tokens, basis="prompt tokens")


def saved_cost_figures(saved_usd: float | None, cache: CacheStatistics | None) -> Iterator[Figure]:
    """Yield what the calls that were answered from the cache would have cost, in all and each."""
    yield Figure(**asdict(_SAVED_COST), value=saved_usd)
    if cache is not None and cache.hits:
        a_hit = None if saved_usd is None else saved_usd / cache.hits
        yield Figure(**asdict(_SAVED_COST_A_HIT), value=a_hit)
