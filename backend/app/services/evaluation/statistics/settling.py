"""When a comparison is settled: several sides against a baseline, looked at after every question.

A side is settled as soon as it is found better or worse than the baseline, or equivalent within a margin. It
leaves then, and the others go on. All of it follows from the scores in the order of the questions: whoever
computes it again, at once or in parts, finds the same.

Differences are found by Holm's method on anytime-valid p values: with m sides, of which r were found to
differ, a further one is found at α/(m − r). The probability that any side is wrongly called better or worse
is at most α, however often the comparison is looked at. Equivalence is found by two one-sided tests at α/m
each (``equivalence.equivalence_level``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from app.domain.scoring import DEFAULT_MARGIN
from app.services.evaluation.statistics.anytime import Evidence, PairedBets
from app.services.evaluation.statistics.equivalence import (
    Equivalence,
    EquivalenceVerdict,
    decide_equivalence,
    equivalence_level,
)
from app.services.evaluation.statistics.multiple import simultaneous_level

Floats = NDArray[np.float64]

ALPHA = 0.05
_AT_ONCE = 512  # questions whose evidence is computed at once


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one side against the baseline after some questions, and may be looked at any time.

    Attributes:
        asked: questions up to this moment.
        questions: of these, those that the side was compared on: to which the score applies.
        difference: the mean difference; of the middle of what is possible, where scores are missing.
        low: the lower bound of the difference (side − baseline).
        high: the upper bound.
        level: of the interval; more than 95 % in a family.
        p: anytime-valid, not adjusted, two-sided.
        equivalence: by two one-sided tests, whose interval is a narrower one.
        settled: whether it was found better, worse or equivalent.
    """

    asked: int
    questions: int
    difference: float
    low: float
    high: float
    level: float
    p: float
    equivalence: Equivalence
    settled: bool

    @property
    def verdict(self) -> EquivalenceVerdict:
        """What was found."""
        return self.equivalence.verdict


class Settling:
    """Sides against a baseline on the same questions, in the order in which the questions were drawn.

    Attributes:
        settled: the sides that are, with what was known at that moment.

    Args:
        sides: names of those that are compared with the baseline, at least one.
        margin: the largest difference that does not matter.
        alpha: probability of any false finding.

    Raises:
        ValueError: if there is no side.
    """

    def __init__(self, sides: Sequence[str], margin: float = DEFAULT_MARGIN, *, alpha: float = ALPHA) -> None:
        if not sides:
            raise ValueError("no side, no comparison")
        self._alpha = alpha
        self._margin = margin
        self._family = len(sides)
        self._bets = {name: PairedBets(margin) for name in sides}
        self._questions = 0
        self.settled: dict[str, Look] = {}

    @property
    def open(self) -> list[str]:
        """The sides that are not settled."""
        return [name for name in self._bets if name not in self.settled]

    @property
    def questions(self) -> int:
        """Questions that were added, those included to which a score does not apply."""
        return self._questions

    def add(self, differences: Mapping[str, tuple[Floats, Floats]]) -> None:
        """Add the next questions.

        Args:
            differences: by side, the least and the greatest possible difference from the baseline of each
                question; see ``PairedBets.add``. Those of settled sides are ignored.

        Raises:
            KeyError: if a side that is not settled is missing.
            ValueError: if the sides have different numbers of questions.
        """
        count = {differences[name][0].size for name in self.open}
        if len(count) > 1:
            raise ValueError(f"sides have {sorted(count)} questions")
        start, stop = 0, next(iter(count), 0)
        while start < stop and self.open:
            part = slice(start, min(start + _AT_ONCE, stop))
            start += self._add({name: _part(differences[name], part) for name in self.open})

    def look(self, name: str) -> Look:
        """Return what is known of a side now, or was when it was settled."""
        return self.settled.get(name) or self._look(name, 0, settled=False)

    def _add(self, differences: dict[str, tuple[Floats, Floats]]) -> int:
        """Add questions up to the first one that settles a side; return how many were added."""
        evidence = {name: self._bets[name].preview(*given) for name, given in differences.items()}
        firsts = {name: self._first(found) for name, found in evidence.items()}
        some = next(iter(differences.values()))[0].size
        added = min([some, *(place + 1 for place in firsts.values() if place is not None)])
        for name, given in differences.items():
            self._bets[name].add(*_part(given, slice(added)))
        self._questions += added
        self._settle({name: _at(found, added - 1) for name, found in evidence.items()})
        return added

    def _settle(self, evidence: dict[str, Evidence]) -> None:
        """Settle the sides for which the evidence is enough now; each one found makes the next easier."""
        found = True
        while found:
            found = False
            for name in self.open:
                here = evidence[name]
                if self._first(here) is None:
                    continue
                side = self._side(here)
                self.settled[name] = self._look(name, side, settled=True)
                found |= side != 0

    def _side(self, here: Evidence) -> int:
        limit = self._limit
        if here.above_zero[0] >= limit:
            return 1
        return -1 if here.below_zero[0] >= limit else 0

    @property
    def _limit(self) -> float:
        """The logarithm of the capital at which a difference is found: 2·(m − r)/α for two sides of 0."""
        return log(2 * self._left / self._alpha)

    @property
    def _left(self) -> int:
        """How many sides were not found to differ."""
        return self._family - sum(not _is_equal(one) for one in self.settled.values())

    def _first(self, evidence: Evidence) -> int | None:
        """Return after which question of these a side is settled."""
        differs = np.maximum(evidence.above_zero, evidence.below_zero) >= self._limit
        within = np.minimum(evidence.above_margin, evidence.below_margin) >= log(self._family / self._alpha)
        decided = differs | within
        return int(decided.argmax()) if decided.any() else None

    def _look(self, name: str, side: int, *, settled: bool) -> Look:
        bets = self._bets[name]
        level = simultaneous_level(1 - self._alpha, self._left)
        of_two_tests = equivalence_level(self._family, self._alpha)
        low, high = bets.bounds(level)
        now = bets.preview([np.nan], [np.nan])
        p = min(1.0, 2 * exp(-max(now.above_zero[0], now.below_zero[0])))
        equivalence = decide_equivalence(
            bets.bounds(of_two_tests), bets.pairs, side, self._margin, level=of_two_tests
        )
        least, most = bets.range_of_means
        difference = (least + most) / 2
        return Look(self._questions, bets.pairs, difference, low, high, level, p, equivalence, settled)


def possible_differences(
    first: Floats, second: Floats, applies: NDArray[np.bool_] | None = None
) -> tuple[Floats, Floats]:
    """Return the least and the greatest possible difference, second − first, of each pair of scores.

    Args:
        first: scores in [0, 1], shape ``(n,)``; NaN: unknown, since a call or the scorer failed.
        second: the same of the other side.
        applies: whether the score applies to the question; to all of them if left out.
    """
    low = np.nan_to_num(second, nan=0.0) - np.nan_to_num(first, nan=1.0)
    high = np.nan_to_num(second, nan=1.0) - np.nan_to_num(first, nan=0.0)
    if applies is None:
        return low, high
    return np.where(applies, low, np.nan), np.where(applies, high, np.nan)


def _part(given: tuple[Floats, Floats], part: slice) -> tuple[Floats, Floats]:
    return given[0][part], given[1][part]


def _is_equal(look: Look) -> bool:
    return look.verdict is EquivalenceVerdict.EQUIVALENT


def _at(evidence: Evidence, place: int) -> Evidence:
    part = slice(place, place + 1)
    return Evidence(
        evidence.above_zero[part],
        evidence.below_zero[part],
        evidence.above_margin[part],
        evidence.below_margin[part],
    )
