"""How often an endpoint accepts a request: the interval between starts that a rate limit requires."""

from collections import deque

from app.services.inference.limiter.options import LimiterOptions

_NEVER = float("inf")


class RequestInterval:
    """The interval between starts, 0 while no rate limit is known.

    It is first set to the mean interval between accepted requests, including the time for which the
    endpoint accepted none. From then on each accepted request shortens it and each 429 widens it.
    With the default options this balances where one request in six gets a 429, and an interval that is
    no longer needed is soon gone.

    Attributes:
        seconds: the interval.
    """

    def __init__(self, options: LimiterOptions) -> None:
        self.seconds = 0.0
        self._options = options
        self._last_start = -_NEVER
        self._first_start: float | None = None
        self._accepted: deque[list[int]] = deque()  # [second, accepted requests that started in it]

    def scale(self, factor: float) -> None:
        """Widen or shorten the interval, since fewer or more of the endpoint's requests are these."""
        self.seconds = min(self.seconds * factor, self._options.rate_window_s)

    def assume(self, seconds: float) -> None:
        """Begin with an interval that others have learned."""
        self.seconds = min(max(self.seconds, seconds), self._options.rate_window_s)

    def next_start_at(self, *, last_attempt: bool = False) -> float:
        """Return the earliest time of the next start, in seconds of the caller's clock.

        Args:
            last_attempt: of a request's last attempt, which waits for several intervals without a
                start, so that the endpoint is likely to accept it.
        """
        if not self.seconds:
            return -_NEVER
        intervals = self._options.last_attempt_intervals if last_attempt else 1
        return self._last_start + self.seconds * intervals

    def started(self, now: float) -> None:
        """Record a start."""
        if self._first_start is None:
            self._first_start = now
        due = self._last_start + self.seconds
        # A start that came late, since timers are coarse, does not delay all that follow.
        self._last_start = due if now < due + self.seconds else now

    def accepted(self, started_at: float) -> None:
        """Record an accepted request."""
        options = self._options
        second = int(started_at)
        if self._accepted and self._accepted[-1][0] == second:
            self._accepted[-1][1] += 1
        else:
            self._accepted.append([second, 1])
            while self._accepted[0][0] < started_at - 2 * options.interval_horizon_s:
                self._accepted.popleft()
        if self.seconds:
            gone = self.seconds <= options.shortest_interval_s / 2
            self.seconds = 0.0 if gone else self.seconds * options.interval_shrink

    def rate_limited(self) -> None:
        """Record a 429."""
        self.seconds = min(self.seconds * self._options.interval_widen, self._options.rate_window_s)

    def estimate(self, limited_from: float, accepted_from: float) -> None:
        """Set the interval from the requests accepted before and after a rate limit was met.

        Args:
            limited_from: when the endpoint began to answer with 429s.
            accepted_from: start of the first request that it accepted again.
        """
        horizon_s = self._options.interval_horizon_s
        recent = (count for second, count in self._accepted if second >= limited_from - horizon_s)
        accepted = sum(recent) - 1  # intervals are one fewer than requests
        if accepted < 1 or self._first_start is None:
            return
        before_s = min(limited_from - self._first_start, horizon_s)
        limited_s = min(accepted_from - limited_from, horizon_s)
        measured_s = (before_s + limited_s) / accepted
        shortest_s, longest_s = self._options.shortest_interval_s, self._options.rate_window_s
        self.seconds = min(max(self.seconds, measured_s, shortest_s), longest_s)
