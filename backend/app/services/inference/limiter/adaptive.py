"""How many requests are in flight at once: up to what the user allows, down to what the endpoint accepts.

An HTTP 429 says that some limit was exceeded, but not which one. The requests that start after it
tell more. The endpoint

- accepts them, up to some number in flight: a *concurrency limit*, see ``concurrency.py``;
- accepts them at any number in flight: the 429 was random, or this one request always gets it;
- accepts none of them for a while: a *rate limit*. One request at a time probes, at growing delays,
  until one is accepted (``backoff.py``); then requests start at an interval (``interval.py``).

Until it is known which, no attempts are wasted: a request that got a 429 is sent again only when a
request that started after the 429 has been accepted, or when it is its turn to probe. The last
attempt of a request does not probe within a minute of its 429, since most rate limits are by the
minute.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from app.services.inference.limiter.backoff import Backoff
from app.services.inference.limiter.base import RateLimited, Slot
from app.services.inference.limiter.concurrency import ConcurrencyEstimate
from app.services.inference.limiter.interval import RequestInterval
from app.services.inference.limiter.options import LimiterOptions
from app.services.inference.limiter.waiting import RequestQueue, Waiter

_NEVER = float("inf")


class AdaptiveLimiter:
    """A limiter for one endpoint; see the module's docstring. For one event loop.

    Args:
        ceiling: requests that may be in flight at most, at least 1.
        clock: the time in seconds.
        options: what could be tuned.
    """

    def __init__(
        self,
        ceiling: int,
        clock: Callable[[], float] = time.monotonic,
        options: LimiterOptions | None = None,
    ) -> None:
        if ceiling < 1:
            raise ValueError("concurrency must be at least 1")
        self._options = options = options or LimiterOptions()
        self._clock = clock
        self._concurrency = ConcurrencyEstimate(ceiling, clock, options)
        self._interval = RequestInterval(options)
        self._backoff = Backoff(options, clock)
        self._queue = RequestQueue(options.retry_lookahead)
        self._running: dict[int, None] = {}  # numbers, in order of start
        self._newest = 0
        self._newest_accepted = 0
        self._first_attempts: deque[tuple[int, bool]] = deque(maxlen=options.history)  # (number, accepted)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def ceiling(self) -> int:
        """Requests that may be in flight at most."""
        return self._concurrency.ceiling

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return self._concurrency.limit

    @property
    def interval_s(self) -> float:
        """Seconds between starts that a rate limit requires; 0 while none is known."""
        return self._interval.seconds

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return len(self._running)

    @property
    def waiting_s(self) -> float:
        """Seconds until requests may start again; 0 when they may now."""
        start_at = self._interval.next_start_at()
        if self._backoff.stopped:
            start_at = max(start_at, self._backoff.probe_at)
        return max(0.0, start_at - self._clock())

    @property
    def rejecting_s(self) -> float:
        """See ``Limiter``."""
        return self._backoff.seconds

    def resize(self, ceiling: int) -> None:
        """Change the ceiling; 0 starts no requests. Those in flight go on, and what was learned stays."""
        self._concurrency.resize(ceiling)
        self._start_waiting()

    def scale_interval(self, factor: float) -> None:
        """Widen or shorten the interval between starts, when the requests of others begin or end."""
        self._interval.scale(factor)

    def assume(self, limit: int | None, interval_s: float) -> None:
        """Begin with what others have learned of the endpoint.

        Args:
            limit: requests in flight that it accepts; ``None`` if no limit is known.
            interval_s: between starts that it requires, in seconds; 0 if none is known.
        """
        if limit is not None:
            self._concurrency.assume(limit)
        self._interval.assume(interval_s)

    def close(self) -> None:
        """Start no more requests, and cancel those that wait; those in flight go on."""
        self._closed = True
        for waiter in self._queue.drain():
            waiter.slot.cancel()

    async def acquire(
        self, *, retry: bool = False, rate_limited: RateLimited | None = None, last_attempt: bool = False
    ) -> Slot:
        """Wait for a slot; see ``Limiter``.

        Raises:
            asyncio.CancelledError: once the limiter is closed.
        """
        if self._closed:
            raise asyncio.CancelledError
        if not self._queue and self._is_unrestricted() and self.in_flight < self._concurrency.confirmed:
            return self._slot(retry=retry, rate_limited=rate_limited, probe=False)
        future: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        self._queue.add(Waiter(future, retry, rate_limited, last_attempt))
        self._start_waiting()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.release(future.result())
            raise

    def release(self, slot: Slot, *, accepted: bool = False) -> None:
        """Give a slot back whose request ended without a 429; see ``Limiter``."""
        del self._running[slot.number]
        if accepted:
            self._newest_accepted = max(self._newest_accepted, slot.number)
            self._concurrency.accepted(slot.concurrency, slot.number, self._newest)
            self._interval.accepted(slot.started_at)
            if not slot.retry:
                self._first_attempts.append((slot.number, True))
            limited_from = self._backoff.accepted(slot.number)
            if limited_from is not None:
                self._interval.estimate(limited_from, slot.started_at)
        self._start_waiting()

    def rate_limited(self, slot: Slot, retry_after_s: float | None) -> RateLimited:
        """Give a slot back whose request ended with a 429; see ``Limiter``."""
        del self._running[slot.number]
        if not slot.retry:
            self._first_attempts.append((slot.number, False))
        rate_limited = self._describe(slot)
        # A request that is rejected while others are accepted tells nothing about the endpoint.
        if slot.rate_limited is None or not slot.rate_limited.alone:
            self._learn(slot, rate_limited, retry_after_s)
        self._start_waiting()
        return rate_limited

    def _describe(self, slot: Slot) -> RateLimited:
        before, now = slot.rate_limited, self._clock()
        if before is None:
            return RateLimited(self._newest, self._newest, now, times=1, alone=False)
        others = [accepted for number, accepted in self._first_attempts if number > before.first_newest]
        enough = len(others) >= self._options.rejected_min_sample
        alone = enough and sum(others) >= self._options.rejected_accepted_share * len(others)
        return RateLimited(self._newest, before.first_newest, now, before.times + 1, before.alone or alone)

    def _learn(self, slot: Slot, rate_limited: RateLimited, retry_after_s: float | None) -> None:
        if rate_limited.times <= self._options.counted_attempts:
            self._interval.rate_limited()
            self._backoff.count(slot.number)
        explained = self._concurrency.rate_limited(
            slot.concurrency, slot.number, self._newest, self.in_flight
        )
        if not explained:
            # If even a retry that kept the interval gets a 429, first attempts must wait as well.
            stop = slot.retry and self._interval.seconds > 0
            self._backoff.rate_limited(slot, self._newest, retry_after_s, idle=not self._running, stop=stop)

    # -- when a request may start -----------------------------------------------------------------

    def _is_unrestricted(self) -> bool:
        """Return whether only the number in flight keeps requests from starting."""
        return not self._backoff.active and not self._interval.seconds

    def _would_probe(self, waiter: Waiter) -> bool:
        """Return whether the request may start as a probe only."""
        rate_limited = waiter.rate_limited
        if not self._backoff.active or (rate_limited is not None and rate_limited.alone):
            return False
        return self._backoff.stopped or self._lacks_evidence(rate_limited)

    def _lacks_evidence(self, rate_limited: RateLimited | None) -> bool:
        """Return whether no request that started after the 429 has been accepted."""
        return rate_limited is not None and rate_limited.newest >= self._newest_accepted

    def _ready_at(self, waiter: Waiter) -> float:
        """Return the earliest time at which the request may start, as far as time decides."""
        if waiter.retry and self.in_flight >= self._concurrency.confirmed:
            return _NEVER  # a higher limit is tried with first attempts, which have lost nothing yet
        rate_limited = waiter.rate_limited
        last_attempt = waiter.last_attempt and rate_limited is not None
        start_at = self._interval.next_start_at(last_attempt=last_attempt)
        if rate_limited is not None and rate_limited.alone:
            return rate_limited.at + self._options.rejected_delay_s
        if not self._would_probe(waiter):
            return start_at
        if self._backoff.is_evidence(next(reversed(self._running), 0)):
            return _NEVER  # a probe, or another request that is as good, is in flight
        start_at = max(start_at, self._backoff.probe_at)
        if rate_limited is not None and waiter.last_attempt and self._lacks_evidence(rate_limited):
            return max(start_at, rate_limited.at + self._options.rate_window_s)
        return start_at

    def _start_waiting(self) -> None:
        """Start the waiting requests that may start now, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue and self.in_flight < self._concurrency.limit:
            check_at = self._start_next()
            if check_at is not None:
                if check_at < _NEVER:
                    delay_s = max(0.0, check_at - self._clock())
                    self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)
                return

    def _on_timer(self) -> None:
        self._timer = None
        self._start_waiting()

    def _start_next(self) -> float | None:
        """Start the next request; if none may start now, return when to check again."""
        now = self._clock()
        if self._interval.next_start_at() > now:
            return self._interval.next_start_at()
        soonest = _NEVER
        # While only probes start, requests that have lost no attempt yet go ahead.
        for waiter in self._queue.candidates(retries_first=not self._backoff.stopped):
            ready_at = self._ready_at(waiter)
            if ready_at <= now:
                self._queue.remove(waiter)
                probe = self._would_probe(waiter)
                waiter.slot.set_result(
                    self._slot(retry=waiter.retry, rate_limited=waiter.rate_limited, probe=probe)
                )
                return None
            soonest = min(soonest, ready_at)
            if waiter.last_attempt and ready_at == self._interval.next_start_at(last_attempt=True):
                break  # it waits for several intervals without a start, which others must not use
        return soonest

    def _slot(self, *, retry: bool, rate_limited: RateLimited | None, probe: bool) -> Slot:
        now = self._clock()
        self._newest += 1
        self._running[self._newest] = None
        self._interval.started(now)
        return Slot(len(self._running), self._newest, now, retry, rate_limited, probe)
