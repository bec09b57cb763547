"""Drawing horizontal bars of parts that follow each other."""

from matplotlib.figure import Figure as Canvas

from app.services.report.figures.base import BarChart
from app.services.report.figures.layout import AROUND, ROW_HEIGHT, WIDTH, draw_rows, label
from app.services.report.figures.themes import Theme

_LEGEND = 0.45
_HATCHES = ("", "///", "", "...", "", "xxx")
"""Beside the colours, which some cannot tell apart."""


def draw_bars(chart: BarChart, theme: Theme) -> Canvas:
    """Draw a bar for each row, with the names of the parts above all."""
    canvas = Canvas(figsize=(WIDTH, AROUND + _LEGEND + ROW_HEIGHT * len(chart.rows)), layout="constrained")
    axes = canvas.add_subplot()
    starts = [0.0] * len(chart.rows)
    for number, part in enumerate(chart.parts):
        lengths = [row[1][number] for row in chart.rows]
        axes.barh(
            range(len(chart.rows)),
            lengths,
            left=starts,
            height=0.62,
            color=theme.series[number % len(theme.series)],
            hatch=_HATCHES[number % len(_HATCHES)],
            edgecolor=theme.paper,
            linewidth=0.6,
            label=label(part),
        )
        starts = [start + length for start, length in zip(starts, lengths, strict=True)]
    draw_rows(axes, [name for name, _ in chart.rows], chart.texts, chart.axis, theme)
    columns = min(4, len(chart.parts))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=8)
    return canvas
