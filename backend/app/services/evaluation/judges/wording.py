"""What a measurement of a judge says, in words."""

from app.domain.rounding import format_p, interval_in_points, percent, signed_points
from app.services.evaluation.judges.validation import Validation


def verdict_of(found: Validation) -> str:
    """Return whether a judge beats word overlap, and what follows, as sentences."""
    gain = found.gain
    if gain is None:
        return "There are too few judged answers to compare the judge with word overlap."
    against = (
        f"Accuracy minus that of word overlap on the same answers: {signed_points(gain.difference)} points "
        f"{interval_in_points(gain.low, gain.high)}, {format_p(gain.p)}."
    )
    if found.usable:
        return f"{against} The judge beats word overlap."
    if found.beats_overlap:
        return (
            f"{against} The judge beats word overlap, but tells answers apart no better than calling all of "
            f"them the same, which is right for {percent(found.commonest)}: no claim may rest on it."
        )
    return f"{against} The judge does not beat word overlap: no claim may rest on it."
