"""A limiter by additive increase and multiplicative decrease, which the project's own is measured against."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.services.inference.limiter.base import RateLimited, Slot

_SMALLEST_ROUND = 4
_ADDED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class AimdOptions:
    """The three knobs.

    Attributes:
        start: requests that may be in flight at first.
        decrease: factor of the limit with a 429.
        cooldown_s: seconds after a decrease in which the limit changes no more.
    """

    start: int = 20
    decrease: float = 0.8
    cooldown_s: float = 15.0


class AimdLimiter:
    """A limit on requests in flight, as TCP and inspect_ai's controller have it.

    Slow start: until the first 429 the limit doubles with each round, which is as many requests
    answered in a row as the limit. From then on a round adds 5 %, at least one, and a 429
    multiplies by ``decrease``, once a cooldown. A round in which the limit was never reached adds
    nothing. When to retry is left to the retry layer.
    """

    def __init__(self, ceiling: int, clock: Callable[[], float], options: AimdOptions | None = None) -> None:
        self.options = options or AimdOptions()
        self.ceiling = ceiling
        self.limit = min(self.options.start, ceiling)
        self._clock = clock
        self._first_attempts: deque[asyncio.Future[None]] = deque()
        self._retries: deque[asyncio.Future[None]] = deque()
        self._in_flight = 0
        self._number = 0
        self._answered = 0
        self._saturated = False
        self._slow_start = True
        self._cooldown_until = float("-inf")
        self._rejecting_since: float | None = None

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return self._in_flight

    @property
    def rejecting_s(self) -> float:
        """Seconds since the first 429 after the last answer."""
        return 0.0 if self._rejecting_since is None else self._clock() - self._rejecting_since

    async def acquire(
        self, *, retry: bool = False, rate_limited: RateLimited | None = None, last_attempt: bool = False
    ) -> Slot:
        """Wait until fewer requests are in flight than may be; retries go ahead."""
        del last_attempt
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._retries if retry else self._first_attempts).append(future)
        self._wake()
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._leave()
            raise
        self._number += 1
        return Slot(self._in_flight, self._number, self._clock(), retry, rate_limited, probe=False)

    def release(self, slot: Slot, *, accepted: bool = False) -> None:
        """Give the slot back."""
        del slot
        self._leave()
        if accepted:
            self._rejecting_since = None
            if self._clock() >= self._cooldown_until:
                self._count_answer()
        self._wake()

    def _count_answer(self) -> None:
        self._answered += 1
        if self._answered < max(self.limit, _SMALLEST_ROUND):
            return
        self._answered = 0
        if self._saturated:
            grown = (
                self.limit * 2 if self._slow_start else self.limit + max(1, round(self.limit * _ADDED_SHARE))
            )
            self.limit = min(grown, self.ceiling)
        self._saturated = False

    def rate_limited(self, slot: Slot, retry_after_s: float | None) -> RateLimited:
        """Give the slot of a request that got a 429 back."""
        del retry_after_s
        now = self._clock()
        self._leave()
        self._answered = 0
        self._slow_start = False
        if self._rejecting_since is None:
            self._rejecting_since = now
        if now >= self._cooldown_until:
            self.limit = max(1, int(self.limit * self.options.decrease))
            self._cooldown_until = now + self.options.cooldown_s
        self._wake()
        return RateLimited(slot.number, slot.number, now, times=1, alone=False)

    def _leave(self) -> None:
        self._in_flight -= 1

    def _wake(self) -> None:
        while self._in_flight < self.limit and (self._retries or self._first_attempts):
            future = (self._retries or self._first_attempts).popleft()
            if not future.done():
                self._in_flight += 1
                future.set_result(None)
        self._saturated |= self._in_flight >= self.limit
