"""Draws of compared arrays, kept so that the same ones are not resampled twice."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.services.comparisons.pairing import Floats
from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.paired import PairedDraws, cautious_bounds, paired_draws
from app.services.evaluation.statistics.quantity import QuantityDraws, quantity_draws
from app.services.evaluation.statistics.resampling import TooFewUnits

SEED = 20_260_101
"""Seed of all resampling: the same runs always give the same figures."""
_CACHE_SIZE = 128  # of each kind; an entry has up to 240 kB

Draws = TypeVar("Draws", PairedDraws, QuantityDraws)
Labels = NDArray[np.intp]


class _Cached(Generic[Draws]):
    """A cache of draws by the content of the arrays, so that the same ones are not resampled twice."""

    def __init__(self, draw: Callable[..., Draws]) -> None:
        self._draw: Callable[..., Draws] = draw
        self._found: OrderedDict[bytes, Draws | None] = OrderedDict()
        self._lock = Lock()

    def __call__(self, first: Floats, second: Floats, clusters: Labels | None) -> Draws | None:
        """Return the draws, or None if there are too few units for any."""
        digest = blake2b(digest_size=16)
        for array in (first, second, clusters):
            digest.update(b"none" if array is None else np.ascontiguousarray(array).tobytes())
        key = digest.digest()
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        try:
            found = self._draw(first, second, clusters, seed=SEED) if first.size else None
        except TooFewUnits:
            found = None
        with self._lock:
            self._found[key] = found
            while len(self._found) > _CACHE_SIZE:
                self._found.popitem(last=False)
        return found


cached_paired_draws = _Cached(paired_draws)
cached_quantity_draws = _Cached(quantity_draws)


@dataclass(frozen=True, slots=True)
class ScoreDraws:
    """The draws of a score's pairs, from which an interval of any level is read.

    Attributes:
        answered: of the pairs that have both scores.
        against: of all pairs, with what is missing counted against the second side; None if nothing is, or
            there are too few units.
        towards: the same, with what is missing counted for the second side.
    """

    answered: PairedDraws
    against: PairedDraws | None = None
    towards: PairedDraws | None = None

    def with_missing(self, level: float) -> Bounds | None:
        """Return the lower bound if what is missing counts against the second side, the upper if for it."""
        if self.against is None or self.towards is None:
            return None
        return self.against.difference(level=level).low, self.towards.difference(level=level).high

    def bounds(self, level: float, *, cautious: bool = False) -> Bounds:
        """Return the bounds of the difference, whatever became of what is missing.

        Args:
            level: of the interval.
            cautious: whether one bound alone decides; see ``paired.cautious_bounds``.
        """
        plain = self.answered.difference(level=level)
        low, high = cautious_bounds(self.answered, level) if cautious else (plain.low, plain.high)
        missing = self.with_missing(level)
        return (low, high) if missing is None else (min(low, missing[0]), max(high, missing[1]))
