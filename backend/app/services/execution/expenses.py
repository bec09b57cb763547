"""What the calls of a run took: tokens, and money at the catalog's prices."""

from collections.abc import Callable, Sequence
from typing import TypedDict

from app.domain.generation import GenerationResult, Usage, total_of
from app.services.inference.catalog import Price

_PER = 1e6  # tokens that prices are for


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

    Args:
        results: of the answered calls.
        price: of the model; ``None`` if unknown.
        failed: whether the run has no answer: of a call that failed nobody says what it took.
    """
    paid = [result for result in results if not result.cached]
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
        cost += usage.prompt_tokens * price.input + usage.completion_tokens * price.output
        if usage.cache_read_tokens and price.cached_input is not None:
            cost += usage.cache_read_tokens * (price.cached_input - price.input)
        if usage.cache_write_tokens and price.cache_write is not None:
            cost += usage.cache_write_tokens * (price.cache_write - price.input)
    return cost / _PER
