"""What calls took that answered several requests each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SharedExpense:
    """What the calls took that answered several requests each, every call counted once.

    Their tokens are known for all requests of a call together, and so for no run alone. ``None`` where a
    server has reported none, or a price is unknown.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    usd: float | None = None
