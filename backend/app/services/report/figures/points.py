"""Drawing points with interval crosses."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from app.services.report.figures.base import Point, ScatterChart
from app.services.report.figures.layout import WIDTH, label
from app.services.report.figures.themes import Theme

_HEIGHT = 3.9
_ROOM = 1.06
"""How much further than the last point the axis goes."""
_MARKS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p", "h", "*")
"""One for each of the experiments that can be compared, so that colour alone says nothing."""


def draw_points(chart: ScatterChart, theme: Theme) -> Canvas:
    """Draw each point with its intervals as a cross, named in a legend beside the axes."""
    canvas = Canvas(figsize=(WIDTH, _HEIGHT), layout="constrained")
    axes = canvas.add_subplot()
    for number, point in enumerate(chart.points):
        colour = theme.series[number % len(theme.series)]
        axes.errorbar(
            point.x,
            point.y,
            xerr=_around(point.x, point.x_bounds),
            yerr=_around(point.y, point.y_bounds),
            fmt=_MARKS[number % len(_MARKS)],
            color=colour,
            markersize=7,
            elinewidth=1.6,
            capsize=3,
            label=label(point.label),
            zorder=3,
        )
    if chart.front:
        _draw_front(axes, [one for one in chart.points if one.front], theme)
    axes.set_xlabel(chart.x_axis)
    axes.set_ylabel(chart.y_axis)
    rightmost = max(one.x_bounds[1] if one.x_bounds else one.x for one in chart.points)
    axes.set_xlim(0, _ROOM * rightmost)
    axes.grid(visible=True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    return canvas


def _around(value: float, bounds: tuple[float, float] | None) -> tuple[list[float], list[float]] | None:
    if bounds is None:
        return None
    return [max(0.0, value - bounds[0])], [max(0.0, bounds[1] - value)]


def _draw_front(axes: Axes, points: list[Point], theme: Theme) -> None:
    ordered = sorted(points, key=lambda one: one.x)
    axes.step(
        [one.x for one in ordered],
        [one.y for one in ordered],
        where="post",
        color=theme.muted,
        linestyle="--",
        linewidth=1.2,
        label="Pareto front",
        zorder=2,
    )
