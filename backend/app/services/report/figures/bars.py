"""Drawing horizontal bars of parts that follow each other."""

from matplotlib.figure import Figure as Canvas

from app.services.report.figures.base import BarChart
from app.services.report.figures.layout import AROUND, ROW_HEIGHT, WIDTH, label
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
    for at, text in enumerate(chart.texts):
        right = ("axes fraction", "data")
        axes.annotate(text, (1.01, at), xycoords=right, va="center", color=theme.muted, fontsize=8)
    axes.set_yticks(range(len(chart.rows)), [label(name) for name, _ in chart.rows])
    axes.set_ylim(len(chart.rows) - 0.4, -0.6)
    axes.set_xlabel(chart.axis)
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    columns = min(4, len(chart.parts))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, fontsize=8)
    return canvas
