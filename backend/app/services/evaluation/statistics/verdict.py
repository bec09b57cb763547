"""The result of a comparison as one sentence."""

from math import ceil

from app.domain.rounding import fixed, format_p, interval_in_points, signed_points
from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.multiple import agreeing, direction
from app.services.evaluation.statistics.paired import PairedDifference
from app.services.evaluation.statistics.power import sample_size_mcnemar, sample_size_mean
from app.services.evaluation.statistics.proportions import FEWEST_DISCORDANT

_MANY = 1_000_000


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
    return f"{signed_points(fraction)} points"


def _questions(n: int) -> str:
    return f"{n:,} question" if n == 1 else f"{n:,} questions"
