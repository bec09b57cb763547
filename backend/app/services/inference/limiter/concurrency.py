"""How many calls an endpoint takes at once: the level that is proven, and trials above it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_NEVER = float("inf")
_MEMORY = 64  # recent outcomes that decide between chance and limit
_SURPLUS = 4  # of refused over taken calls, from which on it is no chance
_FIRST_HOLD_S = 0.5
_LONGEST_HOLD_S = 30.0
_BOLDEST_STEP = 4  # a trial adds at most one call for this many proven ones
_TOLERANCE = 1.5  # a trial may meet this many times the refusals that are usual anyway


@dataclass(slots=True)
class _Trial:
    newest: int
    """Number of the last call started before the trial."""
    began_at: float
    outcomes: int = 0
    refused: int = 0
    reached: bool = False
    """Whether a call beyond the proven level was taken."""


class Level:
    """The limit on calls in flight, between 1 and ``ceiling``.

    Refusals bring the limit down to what is still in flight once they outnumber the calls taken
    at that level or above; until then they are chance, and count as noise. From there the limit
    goes up by trials. A trial that meets more refusals than noise explains is taken back, and the next
    one waits longer; one that holds makes the next step bolder.
    """

    def __init__(self, ceiling: int, clock: Callable[[], float]) -> None:
        self.ceiling = ceiling
        self.limit = ceiling
        self.proven = ceiling
        self._clock = clock
        self._outcomes: deque[tuple[int, bool]] = deque(maxlen=_MEMORY)
        self._noise = 0.0  # share of calls refused by chance
        self._trial: _Trial | None = None
        self._step = 1
        self._hold_s = _FIRST_HOLD_S
        self._changed_at = -_NEVER
        self._shrunk_at = _NEVER  # number of the last call started before the limit came down

    def accepted(self, level: int, number: int, newest: int) -> None:
        """Note that call ``number``, started as the ``level``-th in flight, was taken."""
        if number > self._shrunk_at:  # the limit found is good; what led to it is settled
            self._outcomes.clear()
            self._shrunk_at = _NEVER
        self._outcomes.append((level, True))
        trial = self._trial
        if trial is None:
            self._noise -= self._noise / _MEMORY
            self._maybe_try(newest)
        elif number > trial.newest:
            trial.outcomes += 1
            trial.reached = trial.reached or level > self.proven
            self._maybe_keep(trial)

    def _maybe_try(self, newest: int) -> None:
        if self.limit < self.ceiling and self._clock() - self._changed_at >= self._hold_s:
            self._trial = _Trial(newest, self._clock())
            step = min(self._step, max(1, self.proven // _BOLDEST_STEP))
            self.limit = min(self.ceiling, self.proven + step)

    def _maybe_keep(self, trial: _Trial) -> None:
        held = self._clock() - trial.began_at >= self._hold_s
        if held and trial.reached and trial.outcomes >= self.limit:
            self.proven = self.limit
            self._hold_s = max(self._hold_s / 2, _FIRST_HOLD_S)
            self._step *= 2
            self._end_trial()

    def _end_trial(self) -> None:
        self._trial = None
        self._changed_at = self._clock()

    def refused(self, level: int, number: int, newest: int, in_flight: int) -> bool:
        """Note that a call was refused; return whether a failed trial explains it."""
        balance = sum(1 if taken else -1 for at, taken in self._outcomes if at >= level)
        self._outcomes.append((level, False))
        trial = self._trial
        if trial is not None and level > self.proven:
            return number > trial.newest and self._refused_in(trial)
        if balance > -_SURPLUS:  # chance
            self._noise += (1 - self._noise) / _MEMORY if trial is None else 0.0
        elif 0 < in_flight < self.limit:
            self.limit = self.proven = in_flight
            self._noise = 0.0  # what seemed chance so far was the limit
            self._step = 1
            self._shrunk_at = newest
            self._end_trial()
        return False

    def _refused_in(self, trial: _Trial) -> bool:
        trial.outcomes += 1
        trial.refused += 1
        if trial.refused <= _TOLERANCE * self._noise * max(trial.outcomes, self.limit):
            return False
        self.limit = self.proven
        self._hold_s = min(self._hold_s * 2, _LONGEST_HOLD_S)
        self._step = 1
        self._end_trial()
        return True
