"""How many calls are in flight at once: up to what was asked for, down to what the server takes.

A 429 tells that something was too much, not what. What tells more is whether the server takes
calls that are started after it:

- It takes them, but not beyond some number at once: *concurrency*, see ``level.py``.
- It takes them, and refused this call by *chance*, or refuses this one call always.
- It takes none for a while: *rate*. One call at a time probes, at growing intervals, until one is
  taken; from then on starts keep a gap, see ``pace.py``.

Until it is known which, the limiter is in doubt, and tries are not wasted: a refused call starts
again when a call that was started after the refusal has been taken, or when it is its turn to
probe. A call's last try does not probe within a minute of the refusal, since rate limits are
mostly by the minute.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from app.services.inference.limiter.concurrency import Level
from app.services.inference.limiter.interval import Pace

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 15.0
_PROBE_AGAIN_S = 60.0
_OWN_PAUSE_S = 2.0
_IN_A_ROW = 3  # calls refused one after the other: hardly chance
_CLOSING = 5  # so many in a row: no chance
_FIRST_TRIES = 64  # recent ones, which tell whether it is only one call that is refused
_FEW = 16
_MOST = 0.9
_LOOK_AHEAD = 32  # refused calls that are looked at for one that may start
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refused call.

    Attributes:
        newest: number of the last call started before the refusal; later ones are evidence.
        first: ``newest`` of the call's first refusal.
        at: when it was refused.
        times: how often it has been refused.
        own: whether most others are taken, so that the refusals are about this call.
    """

    newest: int
    first: int
    at: float
    times: int
    own: bool


class Slot(NamedTuple):
    """The right to make one call; ``level`` counts the calls in flight with it."""

    level: int
    number: int
    started_at: float
    again: bool
    refusal: Refusal | None
    probe: bool


@dataclass(eq=False, slots=True)
class _Waiter:
    future: asyncio.Future[Slot]
    again: bool
    refusal: Refusal | None
    last: bool


@dataclass(slots=True)
class _Doubt:
    """Calls were refused, and none started after ``newest`` has been taken yet."""

    newest: int
    since: float
    probe_at: float
    pause_s: float = _FIRST_PAUSE_S
    in_a_row: int = 0
    closed: bool = False
    """Calls that were never refused wait as well."""


class AdaptiveLimiter:
    """A limiter for one endpoint; see the module's text. For one event loop."""

    def __init__(self, ceiling: int, clock: Callable[[], float] = time.monotonic) -> None:
        if ceiling < 1:
            raise ValueError("concurrency must be at least 1")
        self.ceiling = ceiling
        self._clock = clock
        self._level = Level(ceiling, clock)
        self._pace = Pace()
        self._again: deque[_Waiter] = deque()
        self._new: deque[_Waiter] = deque()
        self._running: dict[int, None] = {}  # numbers, in order of start
        self._newest = 0
        self._newest_taken = 0
        self._newest_at_refusal = 0
        self._last_refused = 0
        self._in_a_row = 0
        self._first_tries: deque[tuple[int, bool]] = deque(maxlen=_FIRST_TRIES)
        self._doubt: _Doubt | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return self._level.limit

    @property
    def in_flight(self) -> int:
        """Calls in flight."""
        return len(self._running)

    @property
    def waiting_s(self) -> float:
        """Seconds until calls may start again; 0 when they may now."""
        doubt = self._doubt
        probe_at = doubt.probe_at if doubt is not None and doubt.closed else -_NEVER
        return max(0.0, self._pace.opens_at() - self._clock(), probe_at - self._clock())

    @property
    def refusing_s(self) -> float:
        """Seconds since the server refused a call and took none that was started after it."""
        return 0.0 if self._doubt is None else self._clock() - self._doubt.since

    async def acquire(
        self, *, again: bool = False, refusal: Refusal | None = None, last: bool = False
    ) -> Slot:
        """Wait for a slot.

        Args:
            again: a repeated call goes ahead of calls made for the first time.
            refusal: of the call's previous try, if it was refused.
            last: this is the call's last try; it waits for a good moment.
        """
        if not self._again and not self._new and self._is_calm() and self.in_flight < self._level.proven:
            return self._slot(again=again, refusal=refusal, probe=False)
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        (self._again if again else self._new).append(_Waiter(future, again, refusal, last))
        self._wake()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release(future.result())
            raise

    def release(self, slot: Slot, *, accepted: bool | None = None) -> None:
        """Give the slot back. ``accepted``: answered; ``None``: neither answered nor refused."""
        del self._running[slot.number]
        if accepted:
            self._newest_taken = max(self._newest_taken, slot.number)
            self._level.accepted(slot.level, slot.number, self._newest)
            self._pace.accepted(slot.started_at)
            if not slot.again:
                self._first_tries.append((slot.number, True))
            if self._doubt is not None and slot.number > self._doubt.newest:
                self._end_doubt(self._doubt, slot)
        self._wake()

    def refused(self, slot: Slot, retry_after_s: float | None) -> Refusal:
        """Give the slot of a call back that the server refused with a 429."""
        del self._running[slot.number]
        if not slot.again:
            self._first_tries.append((slot.number, False))
        refusal = self._refusal(slot)
        # A call that is refused whatever others meet says nothing about the server.
        if slot.refusal is None or not slot.refusal.own:
            early = refusal.times <= 2
            if early:
                self._pace.refused()
                in_a_row = slot.number == self._last_refused + 1
                self._in_a_row = self._in_a_row + 1 if in_a_row else 1
                self._last_refused = slot.number
            if not self._level.refused(slot.level, slot.number, self._newest, self.in_flight):
                self._raise_doubt(slot, retry_after_s)
        self._wake()
        return refusal

    def _refusal(self, slot: Slot) -> Refusal:
        before, now = slot.refusal, self._clock()
        if before is None:
            return Refusal(self._newest, self._newest, now, 1, own=False)
        others = [taken for number, taken in self._first_tries if number > before.first]
        own = len(others) >= _FEW and sum(others) >= _MOST * len(others)
        return Refusal(self._newest, before.first, now, before.times + 1, before.own or own)

    # -- doubt ----------------------------------------------------------------------------------

    def _raise_doubt(self, slot: Slot, retry_after_s: float | None) -> None:
        now = self._clock()
        doubt = self._doubt
        if doubt is None:
            doubt = self._doubt = _Doubt(self._newest, now, now + _FIRST_PAUSE_S)
        if slot.probe:
            doubt.pause_s = min(doubt.pause_s * 2, _LONGEST_PAUSE_S)
        if slot.probe or not self._running:
            doubt.probe_at = max(doubt.probe_at, now + max(doubt.pause_s, retry_after_s or 0.0))
        doubt.in_a_row = max(doubt.in_a_row, self._in_a_row)
        refused_in_pace = self._pace.gap_s > 0 and slot.again
        doubt.closed |= not self._running or refused_in_pace or doubt.in_a_row >= _CLOSING
        self._newest_at_refusal = self._newest

    def _end_doubt(self, doubt: _Doubt, slot: Slot) -> None:
        if doubt.in_a_row >= _IN_A_ROW:
            self._pace.settle(doubt.since, slot.started_at)
        self._doubt = None
        if self._newest_at_refusal >= slot.number:  # refusals since then are still unexplained
            now = self._clock()
            self._doubt = _Doubt(self._newest_at_refusal, now, now + _FIRST_PAUSE_S)

    def _is_calm(self) -> bool:
        """Return whether only the limit keeps calls from starting."""
        return self._doubt is None and not self._pace.gap_s

    def _is_free(self, waiter: _Waiter) -> bool:
        """Return whether the waiter's start is no probe."""
        doubt, refusal = self._doubt, waiter.refusal
        if doubt is None or (refusal is not None and refusal.own):
            return True
        return not doubt.closed and (refusal is None or refusal.newest < self._newest_taken)

    def _ready_at(self, waiter: _Waiter) -> float:
        """Return when the waiter may start, as far as time alone decides."""
        if waiter.again and self.in_flight >= self._level.proven:
            return _NEVER  # trials are for calls that have lost nothing yet
        refusal, doubt = waiter.refusal, self._doubt
        opens_at = self._pace.opens_at(last_try=waiter.last and refusal is not None)
        if refusal is not None and refusal.own:
            return refusal.at + _OWN_PAUSE_S
        if doubt is None or self._is_free(waiter):
            return opens_at
        if next(reversed(self._running), 0) > doubt.newest:
            return _NEVER  # evidence is on its way
        opens_at = max(opens_at, doubt.probe_at)
        if refusal is not None and waiter.last and refusal.newest >= self._newest_taken:
            return max(opens_at, refusal.at + _PROBE_AGAIN_S)
        return opens_at

    # -- queues ---------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (self._again or self._new) and self.in_flight < self._level.limit:
            look_again_at = self._start_next()
            if look_again_at is not None:
                if look_again_at < _NEVER:
                    delay_s = max(0.0, look_again_at - self._clock())
                    self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)
                return

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()

    def _start_next(self) -> float | None:
        """Start the next call; if none may start now, return when to look again."""
        if not self._again and self._is_calm():
            waiter = self._new.popleft()
            if not waiter.future.done():
                self._start(waiter)
            return None
        now = self._clock()
        if self._pace.opens_at() > now:
            return self._pace.opens_at()
        soonest = _NEVER
        for queue, waiter in self._in_turn():
            ready_at = self._ready_at(waiter)
            if ready_at <= now:
                queue.remove(waiter)
                self._start(waiter)
                return None
            soonest = min(soonest, ready_at)
            if waiter.last and ready_at == self._pace.opens_at(last_try=True):
                break  # it waits for a wider gap, which must not be taken by others
        return soonest

    def _in_turn(self) -> Iterator[tuple[deque[_Waiter], _Waiter]]:
        closed = self._doubt is not None and self._doubt.closed
        # Who has lost no try yet is the best probe.
        for queue in (self._new, self._again) if closed else (self._again, self._new):
            while queue and queue[0].future.done():
                queue.popleft()
            ahead = 1 if queue is self._new else _LOOK_AHEAD
            for waiter in list(islice(queue, ahead)):
                if not waiter.future.done():
                    yield queue, waiter

    def _start(self, waiter: _Waiter) -> None:
        slot = self._slot(again=waiter.again, refusal=waiter.refusal, probe=not self._is_free(waiter))
        waiter.future.set_result(slot)

    def _slot(self, *, again: bool, refusal: Refusal | None, probe: bool) -> Slot:
        now = self._clock()
        self._newest += 1
        self._running[self._newest] = None
        self._pace.started(now)
        return Slot(len(self._running), self._newest, now, again, refusal, probe)
