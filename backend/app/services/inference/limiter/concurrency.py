"""How many requests an endpoint serves at once, estimated from its HTTP 429 responses."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.services.inference.limiter.options import LimiterOptions

_NEVER = float("inf")


@dataclass(slots=True)
class _Trial:
    """A limit that is higher than the confirmed one, for as long as it is tested.

    Attributes:
        newest: number of the newest request that had started before the trial.
        began_at: in seconds.
        ended: requests that started in the trial and were accepted or got a 429.
        rate_limited: those of them that got a 429.
        reached: whether a request beyond the confirmed limit was accepted.
    """

    newest: int
    began_at: float
    ended: int = 0
    rate_limited: int = 0
    reached: bool = False


class ConcurrencyEstimate:
    """The limit on requests in flight, between 1 and ``ceiling`` (0 while that is 0).

    Down: when the 429s at some concurrency outnumber the requests accepted there or above, the
    limit falls to the number still in flight. Fewer 429s than that are random, and counted as noise.

    Up: a higher limit is tried. If it meets more 429s than the noise explains, it is withdrawn, and
    the next trial comes later; if not, it is confirmed, and the next one adds twice as much.

    Attributes:
        ceiling: requests in flight that the user allows.
        limit: requests that may be in flight now.
        confirmed: ``limit``, or the limit before the trial in progress.
    """

    def __init__(self, ceiling: int, clock: Callable[[], float], options: LimiterOptions) -> None:
        self.ceiling = ceiling
        self.limit = ceiling
        self.confirmed = ceiling
        self._learned: float = _NEVER  # the confirmed limit, where it is the endpoint's and not the ceiling
        self._clock = clock
        self._options = options
        self._outcomes: deque[tuple[int, bool]] = deque(maxlen=options.history)  # (concurrency, accepted)
        self._noise = 0.0  # share of requests with a random 429
        self._trial: _Trial | None = None
        self._step = 1
        self._hold_s = options.first_hold_s
        self._changed_at = -_NEVER
        self._lowered_at = _NEVER  # number of the newest request when the limit came down

    def resize(self, ceiling: int) -> None:
        """Change the ceiling; a limit of the endpoint that was learned stays, a trial in progress ends."""
        self.ceiling = ceiling
        self.limit = self.confirmed = int(min(self._learned, ceiling))
        if self._trial is not None:
            self._end_trial()

    def assume(self, limit: int) -> None:
        """Begin with a limit that others have learned."""
        self._learned = limit
        self.resize(self.ceiling)
        self._changed_at = self._clock()

    def accepted(self, concurrency: int, number: int, newest: int) -> None:
        """Record an accepted request.

        Args:
            concurrency: requests in flight at its start, itself included.
            number: of the request.
            newest: number of the newest request.
        """
        if number > self._lowered_at:  # the lowered limit works: what lowered it must not do so again
            self._outcomes.clear()
            self._lowered_at = _NEVER
        self._outcomes.append((concurrency, True))
        trial = self._trial
        if trial is None:
            self._noise -= self._noise / self._options.history
            self._maybe_begin_trial(newest)
        elif number > trial.newest:
            trial.ended += 1
            trial.reached = trial.reached or concurrency > self.confirmed
            self._maybe_confirm(trial)

    def _maybe_begin_trial(self, newest: int) -> None:
        now = self._clock()
        if self.limit < self.ceiling and now - self._changed_at >= self._hold_s:
            self._trial = _Trial(newest, now)
            self.limit = min(self.ceiling, self.confirmed + self._step)

    def _maybe_confirm(self, trial: _Trial) -> None:
        held = self._clock() - trial.began_at >= self._hold_s
        if held and trial.reached and trial.ended >= self.limit:
            self.confirmed = self.limit
            self._learned = self.limit if self.limit < self.ceiling else _NEVER
            self._hold_s = max(self._hold_s / 2, self._options.first_hold_s)
            self._step *= 2
            self._end_trial()

    def _end_trial(self) -> None:
        self._trial = None
        self._changed_at = self._clock()

    def rate_limited(self, concurrency: int, number: int, newest: int, in_flight: int) -> bool:
        """Record a request that got a 429.

        Args:
            concurrency: requests in flight at its start, itself included.
            number: of the request.
            newest: number of the newest request.
            in_flight: requests in flight now.

        Returns:
            whether it ended a trial, which explains it: the endpoint is fine at the confirmed limit.
        """
        surplus = sum(-1 if accepted else 1 for at, accepted in self._outcomes if at >= concurrency)
        self._outcomes.append((concurrency, False))
        trial = self._trial
        if trial is not None and concurrency > self.confirmed:
            return number > trial.newest and self._rate_limited_in(trial)
        if surplus < self._options.overload_surplus:  # random
            self._noise += (1 - self._noise) / self._options.history if trial is None else 0.0
        elif 0 < in_flight < self.limit:
            self.limit = self.confirmed = self._learned = in_flight
            self._noise = 0.0  # what seemed to be random was this limit
            self._step = 1
            self._lowered_at = newest
            self._end_trial()
        return False

    def _rate_limited_in(self, trial: _Trial) -> bool:
        trial.ended += 1
        trial.rate_limited += 1
        if trial.rate_limited <= self._noise * max(trial.ended, self.limit):
            return False
        self.limit = self.confirmed
        self._hold_s = min(self._hold_s * 2, self._options.longest_hold_s)
        self._step = 1
        self._end_trial()
        return True
