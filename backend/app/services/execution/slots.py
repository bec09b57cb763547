"""The calls in flight that an experiment allows, shared out between its executors.

An executor's part is what it holds at least: it counts as held until it is given back, so that the sum is
never more than what the experiment allows, whoever joins and leaves. An executor whose part shrinks starts
no more calls beyond it at once, and holds fewer as its calls end; one whose part grows takes what is free.
"""

from collections.abc import Sequence
from typing import Protocol


class ResizableLimiter(Protocol):
    """A limiter whose ceiling can change; see ``AdaptiveLimiter``."""

    @property
    def ceiling(self) -> int:
        """Calls that may be in flight at most."""
        ...

    @property
    def in_flight(self) -> int:
        """Calls in flight."""
        ...

    def resize(self, ceiling: int) -> None:
        """Change the ceiling."""
        ...


def share_of(total: int, executors: int, rank: int) -> int:
    """Return how many calls one of so many executors is to have; the first ones get what is left over."""
    return total // executors + (rank < total % executors)


def part_of(total: int, held_by_others: Sequence[int], rank: int) -> int:
    """Return how many calls one executor may have in flight: its share, or what is left of it.

    Args:
        total: that the experiment allows.
        held_by_others: by the other executors.
        rank: how many of them came before it; the first ones get what cannot be divided.
    """
    share = share_of(total, len(held_by_others) + 1, rank)
    return max(0, min(share, total - sum(held_by_others)))


class Slots:
    """One executor's part of the calls in flight.

    Args:
        total: that the experiment allows.
        limiter: of this executor's calls.
    """

    def __init__(self, total: int, limiter: ResizableLimiter) -> None:
        self._total = total
        self._limiter = limiter
        self._part = limiter.ceiling
        self._lacks = not limiter.ceiling

    @property
    def unsettled(self) -> bool:
        """Whether calls are still to change hands: this executor holds too many, or waits for others."""
        return self._lacks or self._limiter.in_flight > self._limiter.ceiling

    def cap(self, total: int) -> None:
        """Allow no more calls than ``total``: what the model can answer."""
        self._total = min(self._total, total)
        if self._limiter.ceiling > self._total:
            self._limiter.resize(self._total)

    def settle(self, held_by_others: Sequence[int], rank: int) -> int:
        """Take this executor's part, and return what it holds; a greater part counts from ``adopt`` on."""
        self._part = part_of(self._total, held_by_others, rank)
        self._lacks = self._part < share_of(self._total, len(held_by_others) + 1, rank)
        if self._part < self._limiter.ceiling:
            self._limiter.resize(self._part)
        return max(self._part, self._limiter.in_flight)

    def adopt(self) -> None:
        """Use a part that has grown: what was settled is stored."""
        if self._part > self._limiter.ceiling:
            self._limiter.resize(self._part)
