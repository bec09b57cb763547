"""Whether an endpoint answers all requests with HTTP 429, and when to probe it again."""

from collections.abc import Callable
from dataclasses import dataclass

from app.services.inference.limiter.base import Slot
from app.services.inference.limiter.options import LimiterOptions


@dataclass(slots=True)
class _Episode:
    """The time from a 429 until a request that started after it is accepted.

    Attributes:
        newest: number of the newest request that had started before it.
        since: when it began, in seconds.
        probe_at: earliest time of the next probe, in seconds.
        delay_s: seconds between probes.
        consecutive: most consecutive 429s so far.
        stopped: whether first attempts wait as well.
    """

    newest: int
    since: float
    probe_at: float
    delay_s: float
    consecutive: int = 0
    stopped: bool = False


class Backoff:
    """After a 429, the wait for an accepted request that started later.

    While it is active, requests that got a 429 wait. After several consecutive 429s, or when
    nothing is in flight that could be accepted, all requests wait, and one at a time probes the
    endpoint, at exponentially growing delays.
    """

    def __init__(self, options: LimiterOptions, clock: Callable[[], float]) -> None:
        self._options = options
        self._clock = clock
        self._episode: _Episode | None = None
        self._newest = 0  # number of the newest request at the latest 429
        self._latest = 0  # number of the latest request that got a 429
        self._consecutive = 0

    @property
    def active(self) -> bool:
        """Whether no request that started after a 429 has been accepted yet."""
        return self._episode is not None

    @property
    def stopped(self) -> bool:
        """Whether first attempts wait as well, so that only probes start."""
        return self._episode is not None and self._episode.stopped

    @property
    def seconds(self) -> float:
        """For how long it has been active."""
        return 0.0 if self._episode is None else self._clock() - self._episode.since

    @property
    def probe_at(self) -> float:
        """Earliest time of the next probe, in seconds of the clock."""
        return float("-inf") if self._episode is None else self._episode.probe_at

    def is_evidence(self, number: int) -> bool:
        """Return whether the request's end will tell if the endpoint accepts requests again."""
        return self._episode is not None and number > self._episode.newest

    def count(self, number: int) -> None:
        """Count the 429 of a request's first attempts, in a row with those started just before."""
        self._consecutive = self._consecutive + 1 if number == self._latest + 1 else 1
        self._latest = number

    def rate_limited(
        self, slot: Slot, newest: int, retry_after_s: float | None, *, idle: bool, stop: bool
    ) -> None:
        """Begin to back off, or go on.

        Args:
            slot: of the request that got the 429.
            newest: number of the newest request.
            retry_after_s: what the endpoint asked for, in seconds, if it did.
            idle: whether nothing is in flight now.
            stop: whether first attempts are to wait as well.
        """
        now = self._clock()
        episode = self._episode or self._begin(newest)
        if slot.probe:
            episode.delay_s = min(episode.delay_s * 2, self._options.longest_probe_delay_s)
        if slot.probe or idle:
            episode.probe_at = max(episode.probe_at, now + max(episode.delay_s, retry_after_s or 0.0))
        episode.consecutive = max(episode.consecutive, self._consecutive)
        episode.stopped |= idle or stop or episode.consecutive >= self._options.stop_after
        self._newest = newest

    def accepted(self, number: int) -> float | None:
        """End the back-off if the accepted request is evidence.

        Returns:
            when the endpoint began to answer with 429s, if there were enough consecutive ones for a
            rate limit.
        """
        episode = self._episode
        if episode is None or number <= episode.newest:
            return None
        self._episode = None
        if self._newest >= number:  # some 429s came after this request started: not over for them
            self._begin(self._newest)
        return episode.since if episode.consecutive >= self._options.rate_limit_after else None

    def _begin(self, newest: int) -> _Episode:
        now, delay_s = self._clock(), self._options.first_probe_delay_s
        self._episode = _Episode(newest, now, now + delay_s, delay_s)
        return self._episode
