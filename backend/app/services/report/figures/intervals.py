"""Drawing values with their intervals, one below the other."""

from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, NullLocator

from app.services.report.figures.base import IntervalChart
from app.services.report.figures.layout import AROUND, ROW_HEIGHT, WIDTH, label
from app.services.report.figures.themes import Theme

_MARKS = {"better": "o", "worse": "s", "none": "D"}


def draw_intervals(chart: IntervalChart, theme: Theme) -> Canvas:
    """Draw each row as a mark on its interval, with its value in words beside it."""
    canvas = Canvas(figsize=(WIDTH, AROUND + ROW_HEIGHT * len(chart.rows)), layout="constrained")
    axes = canvas.add_subplot()
    colours = {"better": theme.better, "worse": theme.worse, "none": theme.neutral}
    if chart.ratio:
        axes.set_xscale("log")
        # Matplotlib's own labels are formulas, which are off.
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda ratio, _: f"{ratio:g}")
        axes.xaxis.set_minor_locator(NullLocator())
    if chart.reference is not None:
        axes.axvline(chart.reference, color=theme.muted, linewidth=1)
        if chart.margin is not None:
            low, high = chart.reference - chart.margin, chart.reference + chart.margin
            axes.axvspan(low, high, color=theme.line, alpha=0.6, linewidth=0)
    for at, row in enumerate(chart.rows):
        colour = colours[row.emphasis]
        if row.low is not None and row.high is not None:
            axes.plot((row.low, row.high), (at, at), color=colour, linewidth=2.2, solid_capstyle="butt")
        axes.plot(row.value, at, _MARKS[row.emphasis], color=colour, markersize=6.5)
        axes.annotate(
            row.text,
            (1.01, at),
            xycoords=("axes fraction", "data"),
            va="center",
            color=theme.muted,
            fontsize=8,
        )
    axes.set_yticks(range(len(chart.rows)), [label(row.label) for row in chart.rows])
    axes.set_ylim(len(chart.rows) - 0.4, -0.6)
    axes.set_xlabel(chart.axis)
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return canvas
