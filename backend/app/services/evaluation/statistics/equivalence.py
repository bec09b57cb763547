"""Equivalence of two sides on the same items: is their difference surely smaller than a margin?

That no difference was found does not say that there is none. Two one-sided tests do: equivalence is found at
the level α if the difference is above −margin and below margin, each by a test at the level α. That is so if
the interval of the level 1 − 2α lies within ±margin. Sources: Schuirmann 1987; Westlake 1981.

It is a question of its own beside which side is better: of many items a difference may be found that is
smaller than the margin. Then both are said.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import NormalDist

from app.domain.rounding import fixed
from app.domain.scoring import DEFAULT_MARGIN
from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.multiple import direction, simultaneous_level
from app.services.evaluation.statistics.noninferiority import FEWEST_TO_DECIDE
from app.services.evaluation.statistics.paired import PairedDifference, PairedDraws, cautious_bounds

ALPHA = 0.05
"""Level of each of the two one-sided tests."""


class EquivalenceVerdict(StrEnum):
    """What is known of a difference, where small ones do not matter."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether the second side is as good as the first, but for a margin.

    Attributes:
        margin: the largest difference that does not matter, in the unit of the scores.
        low: the lower bound of the two one-sided tests: that of the interval of ``level``.
        high: the upper bound.
        level: 1 − 2α, and more in a family.
        within: whether equivalence was found: all of the interval lies within ±margin, with as few items as
            may decide, and whatever became of the missing ones.
        verdict: better or worse if such a difference was found, within the margin or not; else equivalent,
            or cannot tell.
    """

    margin: float
    low: float
    high: float
    level: float
    within: bool
    verdict: EquivalenceVerdict

    @property
    def sentence(self) -> str:
        """The verdict in words, such as ``better, but by less than the margin of 2 points``."""
        margin = f"{fixed(100 * self.margin).removesuffix('.0')} points"
        if self.verdict is EquivalenceVerdict.EQUIVALENT:
            return f"equivalent within {margin}"
        if self.verdict is EquivalenceVerdict.CANNOT_TELL:
            return f"cannot tell if equivalent within {margin}"
        if self.within:
            return f"{self.verdict}, but by less than the margin of {margin}"
        if self.low > self.margin or self.high < -self.margin:
            return f"{self.verdict} by more than the margin of {margin}"
        return f"{self.verdict}, and not shown to be within {margin}"


def equivalence_level(family: int = 1, alpha: float = ALPHA) -> float:
    """Return the level of the interval that must lie within the margin.

    1 − 2α, and in a family 1 − 2α/m: the probability that any of its m comparisons is wrongly called
    equivalent stays at α, by Bonferroni's inequality, as that of its simultaneous intervals does.
    """
    return simultaneous_level(1 - 2 * alpha, family)


def decide_equivalence(
    interval: Bounds,
    units: int,
    side: int,
    margin: float = DEFAULT_MARGIN,
    *,
    level: float = 1 - 2 * ALPHA,
    with_missing: Bounds | None = None,
) -> Equivalence:
    """Decide by an interval of the difference (second − first) if it is smaller than ``margin``.

    Args:
        interval: of the level ``level``; see ``equivalence_level``.
        units: independent ones that it is computed from: clusters, or else items. With fewer than
            ``FEWEST_TO_DECIDE`` nothing is called equivalent.
        side: 1 or −1 if the second side was found to be better or worse, 0 if neither; by the test that the
            comparison shows, adjusted for its family (``multiple.direction``).
        margin: the largest difference that does not matter, above 0.
        level: of the interval.
        with_missing: the lower bound of the same level if what failed counts against the second side, and
            the upper one if it counts for it; ``None`` if nothing is missing. These must be within the
            margin, too.

    Raises:
        ValueError: if the margin is not above 0, or the bounds are not in order.
    """
    low, high = interval
    if not (margin > 0 and low <= high):
        raise ValueError(f"no equivalence within {margin} by [{low}, {high}]")
    if with_missing is not None:
        low, high = min(low, with_missing[0]), max(high, with_missing[1])
    # Width zero is no knowledge: all units that were seen were equal.
    within = -margin < low < high < margin and units >= FEWEST_TO_DECIDE
    if side:
        verdict = EquivalenceVerdict.BETTER if side > 0 else EquivalenceVerdict.WORSE
    else:
        verdict = EquivalenceVerdict.EQUIVALENT if within else EquivalenceVerdict.CANNOT_TELL
    return Equivalence(margin, low, high, level, within, verdict)


def equivalence(
    draws: PairedDraws,
    margin: float = DEFAULT_MARGIN,
    *,
    adjusted_p: float | None = None,
    family: int = 1,
    alpha: float = ALPHA,
    with_missing: Bounds | None = None,
) -> Equivalence:
    """Return whether the second side is as good as the first, but for ``margin``.

    Args:
        draws: of both sides on the same items; ``paired.paired_draws``.
        margin: the largest difference that does not matter, in the unit of the scores.
        adjusted_p: of the difference, adjusted for the family; the draws' own p if left out.
        family: number of comparisons that are shown together, this one included.
        alpha: level of each one-sided test, and of the test of a difference.
        with_missing: see ``decide_equivalence``.

    Raises:
        ValueError: as ``decide_equivalence``.
    """
    level = equivalence_level(family, alpha)
    side = direction(draws.means[2], draws.p if adjusted_p is None else adjusted_p, alpha)
    return decide_equivalence(
        cautious_bounds(draws, level),
        draws.units.sums.size,
        side,
        margin,
        level=level,
        with_missing=with_missing,
    )


def questions_for_equivalence(
    paired: PairedDifference,
    margin: float = DEFAULT_MARGIN,
    questions: int | None = None,
    *,
    alpha: float = ALPHA,
    power: float = 0.8,
) -> int | None:
    """Return how many questions like these would show equivalence, if the sides do not differ at all.

    n = (z_{1−α} + z_{1−β/2})²·σ²/margin², with the observed variance σ² of the differences of a pair.
    Source: Chow, Shao and Wang 2008, sect. 3.2 (paired, true difference 0).

    Args:
        paired: what was observed.
        margin: the largest difference that does not matter.
        questions: that the pairs are of; as many as pairs if left out.
        alpha: level of each one-sided test.
        power: the probability of finding equivalence.

    Returns:
        A number of questions, or None if no variation was observed.
    """
    if not paired.standard_error:
        return None
    normal = NormalDist()
    z = normal.inv_cdf(1 - alpha) + normal.inv_cdf((1 + power) / 2)
    pairs = (z * paired.standard_error / margin) ** 2 * paired.n
    asked = paired.n if questions is None else questions
    return max(FEWEST_TO_DECIDE, ceil(pairs * asked / paired.n))
