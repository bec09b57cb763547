"""How fast an endpoint takes calls: the gap between starts that a rate limit asks for."""

from collections import deque

_HORIZON_S = 75.0  # rate limits are mostly by the minute
_LONGEST_GAP_S = 60.0
_SHORTEST_GAP_S = 0.01
_SHRINK = 0.97  # of the gap, with each call taken: a limit that is gone is soon forgotten
_WIDEN = 1.15  # of the gap, with each call refused
_LAST_TRY_GAPS = 4  # before a call's last try, so that it meets a rested endpoint


class Pace:
    """The gap between starts, in seconds; 0 while no rate limit is known.

    It is first set to what the endpoint took on average until it took calls again. From then on
    it shrinks with each call taken and widens with each refused, which balances while fewer than
    one call in six is refused.
    """

    def __init__(self) -> None:
        self.gap_s = 0.0
        self._last = float("-inf")
        self._first: float | None = None
        self._taken: deque[list[int]] = deque()  # [second, calls taken that started in it]

    def opens_at(self, *, last_try: bool = False) -> float:
        """Return the moment from which the next call may start."""
        if not self.gap_s:
            return float("-inf")
        return self._last + self.gap_s * (_LAST_TRY_GAPS if last_try else 1)

    def started(self, now: float) -> None:
        """Note a start."""
        if self._first is None:
            self._first = now
        due = self._last + self.gap_s
        # A start that came late, since timers are coarse, does not delay all that follow.
        self._last = due if now < due + self.gap_s else now

    def accepted(self, started_at: float) -> None:
        """Note that a call was taken."""
        second = int(started_at)
        if self._taken and self._taken[-1][0] == second:
            self._taken[-1][1] += 1
        else:
            self._taken.append([second, 1])
            while self._taken[0][0] < started_at - 2 * _HORIZON_S:
                self._taken.popleft()
        if self.gap_s:
            self.gap_s = self.gap_s * _SHRINK if self.gap_s > _SHORTEST_GAP_S / 2 else 0.0

    def refused(self) -> None:
        """Note that a call was refused."""
        self.gap_s = min(self.gap_s * _WIDEN, _LONGEST_GAP_S)

    def settle(self, refused_from: float, taken_from: float) -> None:
        """Set the gap from what was taken until calls, refused for a while, were taken again."""
        taken = sum(calls for second, calls in self._taken if second >= refused_from - _HORIZON_S) - 1
        if taken < 1 or self._first is None:
            return
        took = min(refused_from - self._first, _HORIZON_S) + min(taken_from - refused_from, _HORIZON_S)
        self.gap_s = min(max(self.gap_s, took / taken, _SHORTEST_GAP_S), _LONGEST_GAP_S)
