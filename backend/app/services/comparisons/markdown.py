"""A comparison as Markdown: its table, its verdicts, and what is said beside them."""

from app.core.markdown import plain, table
from app.schemas.comparison import ComparisonOut
from app.schemas.comparison_wording import (
    LATENCY,
    about_scores,
    cells,
    columns,
    differences_of,
    verdicts_of,
    warnings_of,
)


def as_markdown(comparison: ComparisonOut, metric: str) -> str:
    """Return a comparison as Markdown, for a comment or a report."""
    lines = [*table_of(comparison, metric), ""]
    lines += [f"> **Warning:** {plain(line)}" for line in warnings_of(comparison)]
    said = [*verdicts_of(comparison, metric), *about_scores(comparison)]
    return "\n".join([*lines, *(f"- {plain(line)}" for line in said)])


def table_of(comparison: ComparisonOut, metric: str, *, latency: bool = True) -> list[str]:
    """Return the lines of a table: each experiment, and its difference from the baseline.

    Args:
        comparison: with its statistics.
        metric: a score.
        latency: with the median latency; false where it says nothing, as of answers that were recorded.
    """
    differences = {one.experiment_id: one for one in differences_of(comparison, metric)}
    heads = ["experiment", *columns(metric)]
    rows = [
        [plain(one.label), *cells(one, differences.get(one.experiment_id), metric)]
        for one in comparison.experiments
    ]
    kept = [place for place, head in enumerate(heads) if latency or head != LATENCY]
    return table([heads[place] for place in kept], [[row[place] for place in kept] for row in rows])
