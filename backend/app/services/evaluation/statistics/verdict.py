"""The result of a comparison as one sentence, and the decision of a noninferiority gate."""

from enum import StrEnum
from math import ceil

from app.domain.rounding import fixed
from app.services.evaluation.statistics.paired import PairedDifference
from app.services.evaluation.statistics.power import sample_size_mcnemar, sample_size_mean
from app.services.evaluation.statistics.proportions import FEWEST_DISCORDANT

_MANY = 1_000_000
FEWEST_TO_DECIDE = 20
"""Independent units below which a gate cannot tell: of candidates that are worse by just the margin, Tango's
interval would pass 4 % on ten units, where 2.5 % are promised."""

Bounds = tuple[float, float]


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
    return "p = " + f"{p:.{digits}f}".lstrip("0")


def items_to_settle(
    result: PairedDifference, difference: float, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """Return how many items like these would detect ``difference`` with ``power``.

    Computed from the observed share of discordant pairs, or from the observed variance of the
    differences (if there are clusters, for items that come in such clusters). Never so few that p < .05
    cannot be reached.

    Returns:
        A number of items, or None if no variation was observed, or for a difference of 0.
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
    needed = sample_size_mean(difference, result.n * result.standard_error**2, alpha=alpha, power=power)
    # Nor does the sign-flip test with fewer units, of which each has so many items.
    return max(needed, -(-FEWEST_DISCORDANT * result.n // result.units))


def score_verdict(
    first: str,
    second: str,
    result: PairedDifference,
    *,
    p: float | None = None,
    alpha: float = 0.05,
    worth: float | None = None,
) -> str:
    """Return the result for two sides' scores as one sentence, in percentage points.

    Args:
        first: the first side's name.
        second: the second side's name.
        result: second − first; higher scores are better.
        p: adjusted for the family that is shown; the result's own if left out.
        alpha: significance level.
        worth: the difference that would matter, for the number of items; without it, the one seen.
    """
    p = result.p if p is None else p
    if p < alpha and result.difference != 0:
        won = result.difference > 0
        better, other = (second, first) if won else (first, second)
        low, high = (result.low, result.high) if won else (-result.high, -result.low)
        size = abs(result.difference)
        return f"{better} is better than {other} by {_points(size)} {_bounds(low, high)}, {format_p(p)}."
    needed = _items_sentence(result, abs(result.difference) if worth is None else worth, alpha)
    table = result.mcnemar
    if table is not None and table.discordant == 0:
        return (
            f"{first} and {second} agree on each of {_items(result.n)}, so nothing tells them apart{needed}."
        )
    if table is not None and table.too_few:
        return (
            f"{first} and {second} differ on only {table.discordant} of {_items(result.n)} "
            f"({table.only_second} for {second}, {table.only_first} for {first}): "
            f"with fewer than {FEWEST_DISCORDANT}, p < .05 cannot be reached{needed}."
        )
    seen = f"{second} − {first} = {_signed(result.difference)} {_bounds(result.low, result.high)}"
    return f"{first} and {second} are not distinguishable: {seen}, {format_p(p)}{needed}."


def _items_sentence(result: PairedDifference, difference: float, alpha: float) -> str:
    needed = items_to_settle(result, difference, alpha)
    if needed is None:
        return ""
    size = _points(difference)
    if needed <= result.n:
        return f"; a difference of {size} would probably have shown on these {_items(result.n)}"
    number = f"about {needed:,}" if needed <= _MANY else f"more than {_MANY:,}"
    return f"; {number} items would settle a difference of {size}"


def _points(fraction: float) -> str:
    return f"{fixed(100 * fraction)} points"


def _signed(fraction: float) -> str:
    return fixed(100 * fraction, sign=True).replace("-", "−") + " points"


def _bounds(low: float, high: float) -> str:
    return f"[{fixed(100 * low)}, {fixed(100 * high)}]".replace("-", "−")


def _items(n: int) -> str:
    return f"{n:,} item" if n == 1 else f"{n:,} items"
