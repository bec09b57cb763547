"""Drawing small multiples: the same intervals for each slice of the questions, on one scale."""

from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from app.services.report.figures.base import Multiples, SmallPanel
from app.services.report.figures.intervals import MARKS
from app.services.report.figures.layout import WIDTH
from app.services.report.figures.themes import Theme

_MOST_COLUMNS = 3
_ROW = 0.24
"""Inches of a row of a panel."""
_PANEL = 0.55
"""Inches of a panel's title."""
_AROUND = 1.1
"""Inches of the figure's title, and of the axis below the last panels."""
_TITLE, _NAME = 24, 24
"""Characters of a panel's title, and of the names beside the panels."""


def draw_multiples(chart: Multiples, theme: Theme) -> Canvas:
    """Draw each panel with its title, the names of the rows at the left ones alone."""
    columns = min(_MOST_COLUMNS, len(chart.panels))
    lines = ceil(len(chart.panels) / columns)
    height = _AROUND + lines * (_PANEL + _ROW * len(chart.names))
    canvas = Canvas(figsize=(WIDTH, height), layout="constrained")
    grid = canvas.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, panel in zip(grid, chart.panels, strict=False):
        _draw(axes, panel, theme)
    for axes in grid[len(chart.panels) :]:
        axes.set_visible(False)
    for axes in grid[max(0, len(chart.panels) - columns) : len(chart.panels)]:
        axes.tick_params(labelbottom=True)  # also above the empty places of the last line
    grid[0].set_yticks(range(len(chart.names)), [_cut(name, _NAME) for name in chart.names])
    grid[0].set_ylim(len(chart.names) - 0.4, -0.6)
    canvas.supxlabel(chart.axis, fontsize=9)
    return canvas


def _draw(axes: Axes, panel: SmallPanel, theme: Theme) -> None:
    colours = {"better": theme.better, "worse": theme.worse, "none": theme.neutral}
    for at, row in enumerate(panel.rows):
        if row is None:
            continue
        colour = colours[row.emphasis]
        if row.low is not None and row.high is not None:
            axes.plot((row.low, row.high), (at, at), color=colour, linewidth=1.8, solid_capstyle="butt")
        axes.plot(row.value, at, MARKS[row.emphasis], color=colour, markersize=5)
    axes.set_title(f"{_cut(panel.title, _TITLE)}\n{panel.note}", fontsize=7.5, loc="left", color=theme.ink)
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.tick_params(axis="x", labelsize=7.5)


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
