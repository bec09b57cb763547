"""How many calls are in flight at once: up to what was asked for, down to what the server takes.

A 429 tells that something was too much, not what. Two readings are told apart by what else is
in flight when it comes:

- *Other calls are in flight*: the server takes that many and not one more. The limit becomes what
  is in flight, unless most recent calls at that level or above were accepted: then it was chance.
- *Nothing else is in flight*: it is not concurrency but rate. All starts pause for as long as the
  server asks, and from then on keep a gap, which doubles with each such refusal and shrinks by a
  tenth with each acceptance.

The limit recovers by one an acceptance up to the last level known to fail, and past it one step
at a time, more and more rarely while steps keep failing. A refused call goes ahead of new ones.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_MEMORY = 64  # recent outcomes that decide between chance and limit
_FIRST_HOLD_S = 0.5
_LONGEST_HOLD_S = 30.0
_FIRST_GAP_S = 0.25
_LONGEST_GAP_S = 60.0
_NO_GAP_S = 0.01
_FIRST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to make one call; ``level`` counts the calls in flight with it."""

    level: int


class AdaptiveLimiter:
    """A concurrency limiter for one endpoint; see the module's text. For one event loop."""

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        if ceiling < 1:
            raise ValueError("concurrency must be at least 1")
        self.ceiling = ceiling
        self.limit = ceiling
        self.in_flight = 0
        self._clock = clock
        self._again: deque[asyncio.Future[Slot]] = deque()
        self._new: deque[asyncio.Future[Slot]] = deque()
        self._outcomes: deque[tuple[int, bool]] = deque(maxlen=_MEMORY)
        self._wall = ceiling  # the limit found at the last shrink
        self._hold_s = _FIRST_HOLD_S
        self._changed_at = float("-inf")
        self._gap_s = 0.0
        self._opens_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting_s(self) -> float:
        """Seconds until calls may start again; 0 when they may now."""
        return max(0.0, self._opens_at - self._clock())

    async def acquire(self, *, again: bool = False) -> Slot:
        """Wait for a slot; ``again`` (a repeated call) goes ahead of calls made for the first time."""
        if self._may_start() and not self._again and (again or not self._new):
            return self._start()
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        (self._again if again else self._new).append(future)
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release(future.result())
            raise

    def release(self, slot: Slot, *, accepted: bool | None = None) -> None:
        """Give the slot back. ``accepted``: answered; ``None``: neither answered nor refused."""
        self.in_flight -= 1
        if accepted:
            self._outcomes.append((slot.level, True))
            self._grow()
        self._wake()

    def refused(self, slot: Slot, retry_after_s: float | None) -> None:
        """Give the slot of a call back that the server refused with a 429."""
        self.in_flight -= 1
        now = self._clock()
        if self.in_flight == 0:
            self._gap_s = min(max(self._gap_s * 2, _FIRST_GAP_S), _LONGEST_GAP_S)
            pause = retry_after_s if retry_after_s is not None else _FIRST_PAUSE_S
            self._opens_at = max(self._opens_at, now + max(pause, self._gap_s))
            self.limit = 1
            self._changed_at = now
        elif not self._was_chance(slot.level) and self.in_flight < self.limit:
            failed_probe = self.limit > self._wall
            self.limit = self._wall = self.in_flight
            if failed_probe:
                self._hold_s = min(self._hold_s * 2, _LONGEST_HOLD_S)
            self._changed_at = now
        self._outcomes.append((slot.level, False))
        self._wake()

    def _was_chance(self, level: int) -> bool:
        balance = sum(1 if accepted else -1 for at, accepted in self._outcomes if at >= level)
        return balance > 0

    def _grow(self) -> None:
        if self._gap_s:
            self._gap_s = self._gap_s * 0.9 if self._gap_s > _NO_GAP_S else 0.0
        if self.limit >= self.ceiling:
            return
        now = self._clock()
        if self.limit < self._wall:
            self.limit += 1
        elif now - self._changed_at >= self._hold_s:
            if self.limit > self._wall:  # the last step beyond the wall has held
                self._wall = self.limit
                self._hold_s = max(self._hold_s / 2, _FIRST_HOLD_S)
            self.limit += 1
            self._changed_at = now

    def _may_start(self) -> bool:
        return self.in_flight < self.limit and self._clock() >= self._opens_at

    def _start(self) -> Slot:
        self.in_flight += 1
        if self._gap_s:
            self._opens_at = self._clock() + self._gap_s
        return Slot(self.in_flight)

    def _wake(self) -> None:
        while (self._again or self._new) and self._may_start():
            queue = self._again or self._new
            future = queue.popleft()
            if not future.done():
                future.set_result(self._start())
        if (self._again or self._new) and self._timer is None and self.waiting_s > 0:
            self._timer = asyncio.get_running_loop().call_later(self.waiting_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()
