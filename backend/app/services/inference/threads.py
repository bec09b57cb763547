"""Work that may be long, beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_MOST_ON_LOOP = 200_000  # characters or bytes; every answer that a token limit allows is shorter

P = ParamSpec("P")
T = TypeVar("T")


async def by_size(size: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``function`` gives, called in a thread if what it works on is large.

    A thread costs more than a usual answer does; a large one would hold up heartbeats and cancellations.

    Args:
        size: of what the function works on, in characters or bytes.
        function: to call.
        args: for the function.
        kwargs: for the function.
    """
    if size <= _MOST_ON_LOOP:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
