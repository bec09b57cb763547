"""The requests that wait for a slot."""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.services.inference.limiter.base import RateLimited, Slot


@dataclass(eq=False, slots=True)
class Waiter:
    """A request that waits; see ``Limiter.acquire``."""

    slot: asyncio.Future[Slot]
    retry: bool
    rate_limited: RateLimited | None
    last_attempt: bool


class RequestQueue:
    """First attempts in the order in which they came, and retries, most of which may not start yet.

    Args:
        lookahead: retries that are searched for one that may start.
    """

    def __init__(self, lookahead: int) -> None:
        self.retries: deque[Waiter] = deque()
        self.first_attempts: deque[Waiter] = deque()
        self._lookahead = lookahead

    def __bool__(self) -> bool:
        return bool(self.retries or self.first_attempts)

    def add(self, waiter: Waiter) -> None:
        """Add a request at the end."""
        self._of(waiter).append(waiter)

    def drain(self) -> list[Waiter]:
        """Remove all requests, and return those that still wait."""
        waiting = [waiter for queue in (self.retries, self.first_attempts) for waiter in queue]
        self.retries.clear()
        self.first_attempts.clear()
        return [waiter for waiter in waiting if not waiter.slot.done()]

    def remove(self, waiter: Waiter) -> None:
        """Remove a request."""
        self._of(waiter).remove(waiter)

    def _of(self, waiter: Waiter) -> deque[Waiter]:
        return self.retries if waiter.retry else self.first_attempts

    def candidates(self, *, retries_first: bool) -> Iterator[Waiter]:
        """Yield the requests of which the next may be, in order of preference."""
        retries, first_attempts = (self.retries, self._lookahead), (self.first_attempts, 1)
        for queue, ahead in (retries, first_attempts) if retries_first else (first_attempts, retries):
            while queue and queue[0].slot.done():
                queue.popleft()
            for waiter in list(islice(queue, ahead)):
                if not waiter.slot.done():
                    yield waiter
