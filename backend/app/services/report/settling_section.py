"""What a report says of a comparison that could end early: both verdicts, and the runs not made."""

from app.core.markdown import plain, table
from app.domain.rounding import dollars, interval_in_points, number, percent, signed_points
from app.schemas.comparison import ComparisonOut, Settling, SettlingSide
from app.schemas.comparison_wording import differences_of

_HEAD = (
    "experiment",
    "decided",
    "questions",
    "difference",
    "anytime-valid interval",
    "ordinary interval",
    "ordinary p",
)


def settling_markdown(comparison: ComparisonOut, settling: Settling) -> str:
    """Return the verdicts that decided beside the ordinary ones, and which runs were not made, and why."""
    margin = f"{number(100 * settling.margin)} points"
    lines = [
        "The experiments answered the same questions side by side, in one random order. Each could end",
        "after any question: as soon as it was found better or worse than the baseline by",
        f"{plain(settling.score)}, or equivalent within {margin}. The anytime-valid interval decided:",
        "it holds after every question at once, so that looking at each costs nothing.",
        "",
        *table(_HEAD, [_row(comparison, settling, side) for side in settling.sides]),
        "",
    ]
    if settling.saved_runs:
        money = (
            f", or {dollars(settling.saved_usd)} at the mean cost of the others" if settling.saved_usd else ""
        )
        lines.append(f"Ending early saved {settling.saved_runs:,} planned runs{money}.")
    return "\n".join([*lines, *map(plain, [*settling.unfinished, *settling.notes])])


def _row(comparison: ComparisonOut, settling: Settling, side: SettlingSide) -> list[str]:
    statistics = next(
        (
            one.statistics
            for one in differences_of(comparison, settling.score)
            if one.experiment_id == side.experiment_id
        ),
        None,
    )
    ordinary = ("–", "–")
    if statistics is not None:
        ordinary = interval_in_points(statistics.low, statistics.high), f"{statistics.p:.3g}"
    return [
        plain(side.name),
        side.verdict.replace("_", " ") if side.settled else "not settled",
        f"{side.asked:,} of {settling.planned:,}",
        signed_points(side.difference),
        f"{interval_in_points(side.low, side.high)}, {percent(side.level)}",
        *ordinary,
    ]
