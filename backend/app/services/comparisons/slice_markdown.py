"""Slices that were compared, in Markdown; for the command line, too, so that nothing heavy is imported."""

from app.core.markdown import plain, table
from app.domain.rounding import format_p, interval, interval_in_points, signed_points
from app.schemas.result import Estimate
from app.schemas.slice_comparison import SlicedComparisonOut, SliceDifference

VERDICTS = {"better": "better", "worse": "worse", "equivalent": "equivalent", "cannot_tell": "cannot tell"}


def slice_table(found: SlicedComparisonOut) -> list[str]:
    """Return the slices as lines of a Markdown table, one for each slice and compared experiment."""
    names = {one.experiment_id: one.label for one in found.experiments}
    heads = [plain(found.by), "questions", *map(plain, names.values()), "difference", "p", "verdict"]
    rows = []
    for part in found.slices:
        scores = [score_cell(one.estimate) for one in part.scores]
        for difference in part.differences:
            against = f"{names[difference.experiment_id]}: " if len(part.differences) > 1 else ""
            rows.append(
                [
                    plain(part.value),
                    f"{part.questions:,}",
                    *scores,
                    plain(against) + difference_cell(difference),
                    "" if difference.adjusted_p is None else format_p(difference.adjusted_p),
                    VERDICTS[difference.verdict],
                ]
            )
    return table(heads, rows)


def score_cell(estimate: Estimate | None) -> str:
    """Return a score with its interval, in percent."""
    return "–" if estimate is None else interval(estimate)


def difference_cell(one: SliceDifference) -> str:
    """Return a difference with its simultaneous interval, in points."""
    if one.difference is None or one.low is None or one.high is None:
        return "–"
    return f"{signed_points(one.difference)} {interval_in_points(one.low, one.high)}"
