"""What the calls of a run took: tokens, and money at the catalog's prices."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict

from app.domain.generation import GenerationResult, Usage, total_of
from app.domain.json import JsonObject
from app.services.inference.catalog import Price


class Expenses(TypedDict):
    """Fields of a run record; see there."""

    prompt_tokens: int | None
    completion_tokens: int | None
    reasoning_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    cost_usd: float | None
    paid_prompt_tokens: int | None
    paid_completion_tokens: int | None
    paid_usd: float | None


def expenses_of(
    results: Sequence[GenerationResult], price: Price | None, *, failed: bool = False
) -> Expenses:
    """Return tokens and cost of all answered calls, and of those among them that were made now.

    What a call took that answered several requests is no run's own: it is unknown in the sum of all calls,
    and left out of what was paid, since it is counted once for its group (see ``group_json``).

    Args:
        results: of the answered calls.
        price: of the model; ``None`` if unknown.
        failed: whether the run has no answer: of a call that failed nobody says what it took.
    """
    paid = [result for result in results if not (result.cached or is_counted_by_group(result))]
    if len(results) == 1 and paid:  # the most frequent case by far
        return _of_one_call(results[0].usage, cost_usd(results, price))
    known = bool(results) or not failed
    return Expenses(
        prompt_tokens=total_of([one.usage.prompt_tokens for one in results]) if known else None,
        completion_tokens=total_of([one.usage.completion_tokens for one in results]) if known else None,
        reasoning_tokens=_reported(results, lambda usage: usage.reasoning_tokens),
        cache_read_tokens=_reported(results, lambda usage: usage.cache_read_tokens),
        cache_write_tokens=_reported(results, lambda usage: usage.cache_write_tokens),
        cost_usd=cost_usd(results, price),
        paid_prompt_tokens=total_of([one.usage.prompt_tokens for one in paid]),
        paid_completion_tokens=total_of([one.usage.completion_tokens for one in paid]),
        paid_usd=cost_usd(paid, price),
    )


def _of_one_call(usage: Usage, usd: float | None) -> Expenses:
    """Return the expenses of a single call that was made now: all of it was paid."""
    return Expenses(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cost_usd=usd,
        paid_prompt_tokens=usage.prompt_tokens,
        paid_completion_tokens=usage.completion_tokens,
        paid_usd=usd,
    )


def is_counted_by_group(result: GenerationResult) -> bool:
    """Return whether a call's tokens are known, but only together with those of its group."""
    if result.group is None:
        return False
    usage = result.group.usage
    return usage.prompt_tokens is not None and usage.completion_tokens is not None


def group_json(result: GenerationResult, price: Price | None) -> JsonObject:
    """Return what the call took that answered a request and others, as each of their calls keeps it.

    Empty for a request that had a call of its own, and for an answer from the cache.
    """
    if result.group is None or result.cached:
        return {}
    usage = result.group.usage
    took = replace(result, usage=usage)
    return {
        "group": {
            "id": result.group.id,
            "size": result.group.size,
            **usage_json(usage),
            "usd": cost_usd([took], price),
        }
    }


def usage_json(usage: Usage) -> JsonObject:
    """Return the counts of tokens; beside prompt and completion only those that were reported."""
    value = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    if usage.reasoning_tokens is not None:
        value["reasoning_tokens"] = usage.reasoning_tokens
    if usage.cache_read_tokens is not None:
        value["cache_read_tokens"] = usage.cache_read_tokens
    if usage.cache_write_tokens is not None:
        value["cache_write_tokens"] = usage.cache_write_tokens
    return value


def _reported(results: Sequence[GenerationResult], count: Callable[[Usage], int | None]) -> int | None:
    """Return the sum of the counts that were reported: a server that reports none means none."""
    counts = [number for one in results if (number := count(one.usage)) is not None]
    return sum(counts) if counts else None


def cost_usd(results: Sequence[GenerationResult], price: Price | None) -> float | None:
    """Return what calls cost, in US dollars; ``None`` if the price or a count is unknown."""
    if price is None:
        return None
    cost = 0.0
    for result in results:
        usage = result.usage
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            if price.input or price.output:
                return None
            continue
        read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        cost += price.cost(usage.prompt_tokens, usage.completion_tokens, read, written)
    return cost
