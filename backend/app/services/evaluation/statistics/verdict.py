"""The result of a comparison as one sentence, and the decision of a noninferiority gate."""

from enum import StrEnum
from math import ceil

from app.domain.rounding import fixed
from app.services.evaluation.statistics.multiple import Bounds, agreeing, direction
from app.services.evaluation.statistics.paired import PairedDifference
from app.services.evaluation.statistics.power import sample_size_mcnemar, sample_size_mean
from app.services.evaluation.statistics.proportions import FEWEST_DISCORDANT

_MANY = 1_000_000
FEWEST_TO_DECIDE = 20
"""Independent units below which a gate cannot tell: of candidates that are worse by just the margin, Tango's
interval would pass 4 % on ten units, where 2.5 % are promised."""


class Decision(StrEnum):
    """The decision of a noninferiority gate."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


def noninferiority(low: float, high: float, margin: float) -> Decision:
    """Decide whether the second side is worse than the first by at most ``margin``.

    The whole interval of the paired difference (second − first) decides, not the estimate: the gate
    passes only if all of the interval is above −margin, and fails only if all of it is below.

    Args:
        low: the lower bound of the difference.
        high: the upper bound.
        margin: the largest loss that is accepted; in the unit of the bounds, 0 or more.

    Raises:
        ValueError: if the margin is negative, or the bounds are not in order.
    """
    if not (margin >= 0 and low <= high):
        raise ValueError(f"no gate of margin {margin} on [{low}, {high}]")
    if low > -margin:
        return Decision.PASS
    return Decision.FAIL if high < -margin else Decision.CANNOT_TELL


def gate_decision(
    interval: Bounds, units: int, margin: float, with_missing: Bounds | None = None
) -> Decision:
    """Decide as ``noninferiority`` does, and never on too little, or on the answered questions alone.

    Args:
        interval: of the paired difference (second − first) on what both sides answered.
        units: independent ones that it is computed from: clusters, or else questions.
        margin: the largest loss that is accepted.
        with_missing: the lower bound if what failed counts against the second side, and the upper one if
            it counts for it; ``None`` if nothing is missing.

    Raises:
        ValueError: as for ``noninferiority``.
    """
    low, high = interval
    if with_missing is not None:
        low, high = min(low, with_missing[0]), max(high, with_missing[1])
    decision = noninferiority(low, high, margin)
    # Width zero is no knowledge: all units that were seen were equal.
    return Decision.CANNOT_TELL if units < FEWEST_TO_DECIDE or low == high else decision


def format_p(p: float) -> str:
    """Return ``p = .012``, ``p < .001`` or ``p > .999``."""
    if p < 0.001:
        return "p < .001"
    if p >= 0.9995:
        return "p > .999"
    # With three digits .0496 would be shown as .050, though it is significant.
    digits = 4 if 0.0495 <= p < 0.0505 and p != 0.05 else 3
    return "p = " + fixed(p, digits).lstrip("0")


def questions_to_settle(
    result: PairedDifference,
    difference: float,
    questions: int | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int | None:
    """Return how many questions like these would detect ``difference`` with ``power``.

    Computed from the observed share of discordant pairs, or from the observed variance of the
    differences: for questions that are asked as often, and belong together, as these do. Never so few that
    p < .05 cannot be reached.

    Args:
        result: what was observed.
        difference: to be detected, as a fraction.
        questions: that the pairs of ``result`` are of; as many as pairs if left out.
        alpha: significance level.
        power: the probability of detecting the difference.

    Returns:
        A number of questions, or None if no variation was observed, or for a difference of 0.
    """
    if difference == 0:
        return None
    if result.mcnemar is not None:
        discordant = max(result.mcnemar.discordant / result.n, abs(difference))
        # The formula is of the asymptotic test; the exact one says nothing with fewer discordant pairs.
        floor = ceil(FEWEST_DISCORDANT / discordant - 1e-9)
        return max(floor, sample_size_mcnemar(discordant, difference, alpha, power))
    if not result.standard_error:
        return None
    pairs = sample_size_mean(difference, result.n * result.standard_error**2, alpha=alpha, power=power)
    asked = result.n if questions is None else questions
    # Nor does the sign-flip test with fewer units, of which each has so many questions.
    return max(-(-pairs * asked // result.n), -(-FEWEST_DISCORDANT * asked // result.units))


def score_verdict(
    first: str,
    second: str,
    result: PairedDifference,
    *,
    p: float | None = None,
    simultaneous: Bounds | None = None,
    questions: int | None = None,
    alpha: float = 0.05,
    worth: float | None = None,
) -> str:
    """Return the result for two sides' scores as one sentence, in percentage points.

    The interval contains 0 if and only if the sides are not distinguishable. A second one is named where
    this is one of several comparisons: that of this comparison alone.

    Args:
        first: the first side's name.
        second: the second side's name.
        result: second − first; higher scores are better.
        p: adjusted for the family that is shown; the result's own if left out.
        simultaneous: bounds of the difference that hold together with those of the family; left out if this
            is the only comparison.
        questions: that the pairs are of; as many as pairs if left out.
        alpha: significance level.
        worth: the difference that would matter, for the number of questions; without it, the one seen.
    """
    p = result.p if p is None else p
    side = direction(result.difference, p, alpha)
    bounds, alone = agreeing((result.low, result.high), side), None
    if simultaneous is not None:
        bounds, alone = simultaneous, (result.low, result.high)
    if side:
        better, other = (second, first) if side > 0 else (first, second)
        seen = f"{_points(abs(result.difference))} {_intervals(bounds, alone, side)}"
        return f"{better} is better than {other} by {seen}, {format_p(p)}."
    needed = _needed_sentence(
        result, abs(result.difference) if worth is None else worth, questions or result.n, alpha
    )
    table = result.mcnemar
    if table is not None and table.discordant == 0:
        return (
            f"{first} and {second} agree on each of {_questions(result.n)}, "
            f"so nothing tells them apart{needed}."
        )
    if table is not None and table.too_few:
        return (
            f"{first} and {second} differ on only {table.discordant} of {_questions(result.n)} "
            f"({table.only_second} for {second}, {table.only_first} for {first}): "
            f"with fewer than {FEWEST_DISCORDANT}, p < .05 cannot be reached{needed}."
        )
    seen = f"{second} − {first} = {_signed(result.difference)} {_intervals(bounds, alone, 1)}"
    return f"{first} and {second} are not distinguishable: {seen}, {format_p(p)}{needed}."


def interval_in_points(low: float, high: float) -> str:
    """Return ``[−2.1, 3.0]``; where 0 is not in it, though an end rounds to 0, that end has a parenthesis."""
    ends = [fixed(100 * one).replace("-", "−") for one in (low, high)]
    opening, closing = "(" if low > 0 and not float(ends[0]) else "[", "]"
    if high < 0 and not float(ends[1].replace("−", "-")):
        ends[1], closing = ends[1].removeprefix("−"), ")"
    return f"{opening}{ends[0]}, {ends[1]}{closing}"


def _intervals(bounds: Bounds, alone: Bounds | None, sign: int) -> str:
    """Return the interval that allows for all comparisons, and, if there are others, that of this one."""
    text = interval_in_points(*_turned(bounds, sign))
    return (
        text
        if alone is None
        else f"{text} (this comparison alone: {interval_in_points(*_turned(alone, sign))})"
    )


def _turned(bounds: Bounds, sign: int) -> Bounds:
    return bounds if sign > 0 else (-bounds[1], -bounds[0])


def _needed_sentence(result: PairedDifference, difference: float, questions: int, alpha: float) -> str:
    needed = questions_to_settle(result, difference, questions, alpha)
    if needed is None:
        return ""
    size = _points(difference)
    if needed <= questions:
        return f"; a difference of {size} would probably have shown on these {_questions(questions)}"
    number = f"about {needed:,}" if needed <= _MANY else f"more than {_MANY:,}"
    asked = ", asked as often as these," if questions < result.n else ""
    together = " in clusters like these" if result.units < questions else ""
    return f"; {number} questions{together}{asked} would settle a difference of {size}"


def _points(fraction: float) -> str:
    return f"{fixed(100 * fraction)} points"


def _signed(fraction: float) -> str:
    return fixed(100 * fraction, sign=True).replace("-", "−") + " points"


def _questions(n: int) -> str:
    return f"{n:,} question" if n == 1 else f"{n:,} questions"
