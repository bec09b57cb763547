"""What a report says of a comparison slice by slice: its table, and a figure of small multiples."""

from app.core.markdown import plain
from app.domain.rounding import interval
from app.schemas.comparison import EquivalenceVerdict
from app.schemas.result import Estimate
from app.schemas.slice_comparison import SliceComparison, SlicedComparisonOut
from app.services.comparisons.slice_markdown import slice_table
from app.services.report.content import Section
from app.services.report.figures.base import Emphasis, Figure, IntervalRow, Multiples, SmallPanel, listed


def slices_section(found: SlicedComparisonOut, number: int, setting: str) -> Section:
    """Return the section on one field of the questions.

    Args:
        found: with its verdicts.
        number: of the field among those that the report is by, for the names of the figure's files.
        setting: where the numbers come from, as a sentence; ends the caption.
    """
    text = "\n".join([*slice_table(found), "", found.note])
    return Section(f"By {plain(_words(found.by))}", text, (slices_figure(found, number, setting),))


def slices_figure(found: SlicedComparisonOut, number: int, setting: str) -> Figure:
    """Return the score of each experiment in each slice, as small multiples; see ``slices_section``."""
    score, field = _words(found.score), _words(found.by)
    panels = tuple(
        SmallPanel(part.value, f"n = {part.questions:,}", _rows(found, part)) for part in found.slices
    )
    said = [f"{panel.title}: {listed([row for row in panel.rows if row])}" for panel in panels]
    baseline = found.experiments[0].label
    return Figure(
        name=f"slices-{number}",
        title=f"{score.capitalize()} by {field}",
        caption=(
            f"{score.capitalize()} of each experiment's own answers by {field}, with 95 % intervals; n: "
            f"questions. Against {baseline} on the same questions, by p adjusted for all {found.family} "
            f"differences: circle, better; square, worse; diamond, neither. {setting}"
        ),
        alt=f"{score.capitalize()} by {field}. {'. '.join(said)}",
        chart=Multiples(f"{score} (%)", tuple(one.label for one in found.experiments), panels),
    )


def _rows(found: SlicedComparisonOut, part: SliceComparison) -> tuple[IntervalRow | None, ...]:
    verdicts = {one.experiment_id: one.verdict for one in part.differences}
    estimates = {one.experiment_id: one.estimate for one in part.scores}
    return tuple(
        _row(one.label, estimates[one.experiment_id], verdicts.get(one.experiment_id))
        for one in found.experiments
    )


def _row(label: str, estimate: Estimate | None, verdict: EquivalenceVerdict | None) -> IntervalRow | None:
    if estimate is None:
        return None
    emphasis: Emphasis = verdict if verdict == "better" or verdict == "worse" else "none"
    low, high = 100 * estimate.low, 100 * estimate.high
    return IntervalRow(label, 100 * estimate.value, low, high, interval(estimate), emphasis)


def _words(name: str) -> str:
    return name.replace("_", " ")
