"""The decisions of gates: of noninferiority, and of equivalence."""

from enum import StrEnum

from app.services.evaluation.statistics.bounds import Bounds

FEWEST_TO_DECIDE = 20
"""Independent units below which a gate cannot tell: of candidates that are worse by just the margin, Tango's
interval would pass 4 % on ten units, where 2.5 % are promised."""


class Decision(StrEnum):
    """The decision of a gate."""

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


def equivalence_decision(interval: Bounds, units: int, margin: float, *, within: bool) -> Decision:
    """Decide whether two sides are equivalent: pass if that was found, fail if it is excluded.

    Args:
        interval: of the two one-sided tests, with what failed counted for and against the second side.
        units: independent ones that it is computed from.
        margin: the largest difference that does not matter.
        within: whether equivalence was found; see ``equivalence.Equivalence``.
    """
    if within:
        return Decision.PASS
    low, high = interval
    excluded = low > margin or high < -margin
    # Width zero is no knowledge: all units that were seen were equal.
    return Decision.FAIL if excluded and units >= FEWEST_TO_DECIDE and low < high else Decision.CANNOT_TELL
