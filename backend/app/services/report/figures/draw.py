"""Drawing figures with matplotlib, into memory: the same figure gives the same bytes."""

from io import BytesIO

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from app.services.report.figures.bars import draw_bars
from app.services.report.figures.base import BarChart, Chart, Figure, IntervalChart, Panels, ScatterChart
from app.services.report.figures.intervals import draw_intervals, draw_panels
from app.services.report.figures.layout import title
from app.services.report.figures.points import draw_points
from app.services.report.figures.themes import THEMES, Theme

DPI = 300
_SETTINGS = {
    "font.size": 9,
    "svg.hashsalt": "llmforge",  # else the ids within are random
    "svg.fonttype": "path",  # looks the same where the font is missing
    "text.parse_math": False,  # names of models may hold dollar signs
}


def draw_all(figures: list[Figure]) -> dict[str, bytes]:
    """Return the files of figures by their names: each as PNG and SVG, light and dark."""
    return {
        f"{figure.name}-{name}.{ending}": content
        for figure in figures
        for name, theme in THEMES.items()
        for ending, content in _files(figure, theme).items()
    }


def _files(figure: Figure, theme: Theme) -> dict[str, bytes]:
    colours = {
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.muted,
        "xtick.color": theme.muted,
        "ytick.color": theme.ink,
        "grid.color": theme.line,
    }
    with mpl.rc_context({**_SETTINGS, **colours}):
        canvas = _drawn(figure.chart, theme)
        canvas.suptitle(title(figure.title), x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        return {"png": _saved(canvas, "png"), "svg": _saved(canvas, "svg")}


def _drawn(chart: Chart, theme: Theme) -> Canvas:
    match chart:
        case IntervalChart():
            return draw_intervals(chart, theme)
        case Panels():
            return draw_panels(chart, theme)
        case ScatterChart():
            return draw_points(chart, theme)
        case BarChart():
            return draw_bars(chart, theme)


def _saved(canvas: Canvas, ending: str) -> bytes:
    buffer = BytesIO()
    # Without the date and the version of the library, which would change the bytes.
    metadata = {"Date": None, "Creator": None} if ending == "svg" else {"Software": None}
    canvas.savefig(buffer, format=ending, dpi=DPI, metadata=metadata)
    return buffer.getvalue()
