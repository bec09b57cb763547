"""Drawing figures with matplotlib, into memory: the same figure gives the same bytes."""

import re
import warnings
from functools import cache
from io import BytesIO

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import get_font_names

from app.services.report.figures.bars import draw_bars
from app.services.report.figures.base import (
    BarChart,
    Chart,
    Drawn,
    Figure,
    IntervalChart,
    Multiples,
    Panels,
    ScatterChart,
)
from app.services.report.figures.intervals import draw_intervals, draw_panels
from app.services.report.figures.layout import title
from app.services.report.figures.multiples import draw_multiples
from app.services.report.figures.points import draw_points
from app.services.report.figures.themes import THEMES, Theme

DPI = 300
_FALLBACKS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans",
    "Apple SD Gothic Neo",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
)
"""Fonts of systems for Chinese, Japanese, Korean and other scripts; those that are installed are used."""
_MISSING = r"Glyph \d+ .*missing from font"
"""How matplotlib warns of a character without a glyph."""
_SETTINGS = {
    "font.size": 9,
    "svg.hashsalt": "llmforge",  # else the ids within are random
    "svg.fonttype": "path",  # looks the same where the font is missing
    "text.parse_math": False,  # names of models may hold dollar signs
}


def draw_all(figures: list[Figure]) -> Drawn:
    """Draw figures, and note those with characters for which this machine has no font."""
    files, unreadable = {}, set()
    for figure in figures:
        with warnings.catch_warnings(record=True) as caught:
            warnings.filterwarnings("always", message=_MISSING)
            for name, theme in THEMES.items():
                for ending, content in _files(figure, theme).items():
                    files[f"{figure.name}-{name}.{ending}"] = content
        if any(re.match(_MISSING, str(one.message)) for one in caught):
            unreadable.add(figure.name)
    return Drawn(files, frozenset(unreadable))


@cache
def _families() -> list[str]:
    """Return matplotlib's own font, and those of this machine to take for characters that it lacks."""
    installed = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in installed)]


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
    with mpl.rc_context({**_SETTINGS, **colours, "font.family": _families()}):
        canvas = _drawn(figure.chart, theme)
        canvas.suptitle(title(figure.title), x=0.01, ha="left", fontsize=10.5, fontweight="bold")
        return {"png": _saved(canvas, "png"), "svg": _saved(canvas, "svg")}


def _drawn(chart: Chart, theme: Theme) -> Canvas:
    match chart:
        case IntervalChart():
            return draw_intervals(chart, theme)
        case Panels():
            return draw_panels(chart, theme)
        case Multiples():
            return draw_multiples(chart, theme)
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
