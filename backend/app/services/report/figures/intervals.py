"""Drawing values with their intervals, one below the other."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, NullLocator

from app.services.report.figures.base import IntervalChart, Panels
from app.services.report.figures.layout import AROUND, ROW_HEIGHT, WIDTH, draw_rows
from app.services.report.figures.themes import Theme

MARKS = {"better": "o", "worse": "s", "none": "D"}
"""Of what a test says, which is not told by colour alone."""
_BETWEEN = 0.55
"""Inches of an axis and its label between two panels."""


def draw_intervals(chart: IntervalChart, theme: Theme) -> Canvas:
    """Draw each row as a mark on its interval, with its value in words beside it."""
    return draw_panels(Panels((chart,)), theme)


def draw_panels(panels: Panels, theme: Theme) -> Canvas:
    """Draw charts of intervals one below the other, with rows of the same height."""
    rows = [len(chart.rows) for chart in panels.charts]
    height = AROUND + ROW_HEIGHT * sum(rows) + _BETWEEN * (len(rows) - 1)
    canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
    found = canvas.subplots(len(rows), height_ratios=rows, squeeze=False)
    for axes, chart in zip(found[:, 0], panels.charts, strict=True):
        _draw(axes, chart, theme)
    if len(panels.charts) > 1:  # on one scale, since they are read against each other
        bounds = [axes.get_xlim() for axes in found[:, 0]]
        for axes in found[:, 0]:
            axes.set_xlim(min(low for low, _ in bounds), max(high for _, high in bounds))
    return canvas


def _draw(axes: Axes, chart: IntervalChart, theme: Theme) -> None:
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
        axes.plot(row.value, at, MARKS[row.emphasis], color=colour, markersize=6.5)
    names, texts = [row.label for row in chart.rows], [row.text for row in chart.rows]
    draw_rows(axes, names, texts, chart.axis, theme)
