"""Slices of a comparison on the terminal."""

from rich.markup import escape
from rich.table import Table

from app.cli.render import console
from app.domain.rounding import format_p
from app.schemas.slice_comparison import SlicedComparisonOut
from app.services.comparisons.slice_markdown import VERDICTS, difference_cell, score_cell

_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "cannot_tell": "dim"}


def show_slices(found: SlicedComparisonOut) -> None:
    """Print one score slice by slice: each experiment, and its difference from the baseline."""
    names = {one.experiment_id: one.label for one in found.experiments}
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(escape(found.by), overflow="fold")
    table.add_column("Questions", justify="right")
    for name in names.values():
        table.add_column(escape(name), justify="right", overflow="fold")
    for column in ("Difference", "p", "Verdict"):
        table.add_column(column, justify="left" if column == "Verdict" else "right")
    several = len(names) > 2
    for part in found.slices:
        first = [
            escape(part.value),
            f"{part.questions:,}",
            *(score_cell(one.estimate) for one in part.scores),
        ]
        for place, one in enumerate(part.differences):
            against = f"{names[one.experiment_id]}: " if several else ""
            table.add_row(
                *(first if place == 0 else [""] * len(first)),
                escape(against + difference_cell(one)),
                "" if one.adjusted_p is None else format_p(one.adjusted_p),
                f"[{_STYLE[one.verdict]}]{VERDICTS[one.verdict]}[/]",
            )
    console.print(table)
    console.print(f"[dim]{escape(found.note)}[/]", highlight=False)
    others = [one.name for one in found.fields if not one.why_not and one.name != found.by]
    if others:
        console.print(f"[dim]other fields: {escape(', '.join(others))}[/]", highlight=False)
