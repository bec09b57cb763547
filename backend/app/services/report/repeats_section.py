"""What a report says of experiments whose questions were asked repeatedly."""

from collections.abc import Sequence

from app.core.markdown import plain, table
from app.domain.rounding import format_p, interval, interval_in_points, percent, signed_points
from app.schemas.compared_repeats import ComparedRepeatsOut, PassDifferenceOut
from app.services.report.figures.base import Emphasis, Figure, IntervalChart, IntervalRow, listed
from app.services.results.repeats import Repeats


def repeats_markdown(found: Sequence[tuple[str, Repeats]]) -> str:
    """Return the figures of repeats as a table.

    Args:
        found: the name of each experiment, and what its repeats say.
    """
    most = max((one.passes[-1].k for _, one in found if one.passes), default=0)
    head = ["experiment", "answers that flicker", "variance between questions"]
    head += [f"pass@{most}", f"pass^{most}"] if most else []
    rows = [[plain(name), *_cells(one, most)] for name, one in found]
    text = (
        "Each question was asked repeatedly. Answers flicker if they change between repeats, after "
        "normalisation. The variance that does not lie between questions is what asking again would change."
    )
    return "\n".join([text, "", *table(head, rows)])


def differences_markdown(found: ComparedRepeatsOut) -> list[str]:
    """Return the differences of pass@k and pass^k as lines that begin with an empty one."""
    if not found.differences:
        return []
    names = {one.experiment_id: one.label for one in found.experiments}
    rows = [
        [
            plain(names[one.experiment_id]),
            pass_name(one),
            f"{one.questions:,}",
            percent(one.baseline),
            percent(one.this),
            f"{signed_points(one.difference)} {interval_in_points(one.low, one.high)}",
            format_p(one.adjusted_p),
            one.outcome.replace("_", " "),
        ]
        for one in found.differences
    ]
    head = ["experiment", "of k answers", "questions", plain(names[found.baseline_id]), "this", "difference"]
    return ["", *table([*head, "p (Holm)", "verdict"], rows), "", found.note]


def differences_figure(found: ComparedRepeatsOut, setting: str) -> Figure | None:
    """Return the forest plot of the differences of pass@k and pass^k; ``None`` if there are none."""
    if not found.differences:
        return None
    names = {one.experiment_id: one.label for one in found.experiments}
    baseline = names[found.baseline_id]
    rows = tuple(_row(one, names[one.experiment_id]) for one in found.differences)
    return Figure(
        name=f"repeats-{found.score}",
        title=f"Difference in pass@k and pass^k from {baseline}",
        caption=(
            f"Paired differences from {baseline} of pass@k (one or more of k answers are right) and pass^k "
            f"(all of them are) by {found.score.replace('_', ' ')}, with 95 % intervals, simultaneous over "
            "all rows; p by Holm. Circle: better; square: worse; diamond: not distinguishable. "
            f"{setting}"
        ),
        alt=f"Differences in pass@k and pass^k from {baseline}: {listed(rows)}",
        chart=IntervalChart("difference (percentage points)", rows, reference=0.0),
    )


def pass_name(one: PassDifferenceOut) -> str:
    """Return how the field calls it, such as pass@2."""
    return f"{'pass@' if one.measure == 'any' else 'pass^'}{one.k}"


def _row(one: PassDifferenceOut, label: str) -> IntervalRow:
    emphasis: Emphasis = "none" if one.outcome == "not_distinguishable" else one.outcome
    text = (
        f"{signed_points(one.difference)} {interval_in_points(one.low, one.high)}, {format_p(one.adjusted_p)}"
    )
    return IntervalRow(
        f"{label}: {pass_name(one)}", 100 * one.difference, 100 * one.low, 100 * one.high, text, emphasis
    )


def _cells(one: Repeats, most: int) -> list[str]:
    cells = [
        interval(one.answers) if one.answers else "–",
        interval(one.variance.between) if one.variance else "–",
    ]
    if most:
        last = one.passes[-1] if one.passes and one.passes[-1].k == most else None
        cells += [interval(last.any_right), interval(last.all_right)] if last else ["–", "–"]
    return cells
