"""What the figures of a comparison show, from what the comparison says: no number is computed here."""

from app.domain.rounding import fixed, format_p, interval_in_points
from app.schemas.comparison import ComparisonOut, ScoreDifference
from app.services.comparisons.markdown import differences_of
from app.services.report.figures.base import Emphasis, Figure, IntervalChart, IntervalRow

_EMPHASIS: dict[str, Emphasis] = {"better": "better", "worse": "worse", "not_distinguishable": "none"}


def forest(comparison: ComparisonOut, score: str, setting: str) -> Figure | None:
    """Return the forest plot of the paired differences; ``None`` if there is none."""
    names = {one.experiment_id: one.label for one in comparison.experiments}
    baseline = names[comparison.baseline_id]
    rows = [row for one in differences_of(comparison, score) if (row := _row(one, names[one.experiment_id]))]
    if not rows:
        return None
    words = score.replace("_", " ")
    margin = next((d.equivalence.margin for d in differences_of(comparison, score) if d.equivalence), None)
    band = (
        ""
        if margin is None
        else f" Grey band: differences within the margin of {fixed(100 * margin)} points."
    )
    return Figure(
        name=f"forest-{score}",
        title=f"Difference in {words} from {baseline}",
        caption=(
            f"Paired differences in {words} from the baseline {baseline}, with 95 % intervals"
            f"{', simultaneous over all rows' if len(rows) > 1 else ''}; p by Holm. "
            f"Circle: better; square: worse; diamond: not distinguishable.{band} {setting}"
        ),
        alt=f"Forest plot of differences from {baseline}: "
        + "; ".join(f"{row.label} {row.text}" for row in rows),
        chart=IntervalChart(
            axis=f"difference in {words} (percentage points)",
            rows=tuple(rows),
            reference=0.0,
            margin=None if margin is None else 100 * margin,
        ),
    )


def _row(one: ScoreDifference, label: str) -> IntervalRow | None:
    found = one.statistics
    if found is None or one.difference is None:
        return None
    low, high = found.simultaneous_low, found.simultaneous_high
    value = fixed(100 * one.difference, sign=True).replace("-", "−")
    return IntervalRow(
        label=label,
        value=100 * one.difference,
        low=100 * low,
        high=100 * high,
        text=f"{value} {interval_in_points(low, high)}, {format_p(found.adjusted_p)}, n = {one.n_paired:,}",
        emphasis=_EMPHASIS[found.outcome],
    )
