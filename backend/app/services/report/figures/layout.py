"""Sizes of figures in inches, and of their texts in characters."""

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes

from app.services.report.figures.themes import Theme

WIDTH = 7.2
"""Of all figures: that of a page."""
ROW_HEIGHT = 0.42
"""Of one line of a chart."""
AROUND = 1.25
"""Of title, axis and its label."""

_LONGEST_LABEL = 36
_TITLE_LINE = 80


def label(text: str) -> str:
    """Return a name as axes and legends show it: on one line, which leaves room for the data."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LABEL else f"{line[: _LONGEST_LABEL - 1]}…"


def title(text: str) -> str:
    """Return a title on two lines at most."""
    # Not by matplotlib's own wrapping, which takes dollar signs for formulas even where that is off.
    return "\n".join(wrap(text, _TITLE_LINE, max_lines=2, placeholder=" …"))


def draw_rows(axes: Axes, names: Sequence[str], texts: Sequence[str], axis: str, theme: Theme) -> None:
    """Set up axes with one row for each name, from top to bottom.

    Args:
        axes: to draw on; row n is at height n.
        names: at the left end of each row.
        texts: at its right end.
        axis: label of the axis below.
        theme: for the colour of the texts.
    """
    for at, text in enumerate(texts):
        right = ("axes fraction", "data")
        axes.annotate(text, (1.01, at), xycoords=right, va="center", color=theme.muted, fontsize=8)
    axes.set_yticks(range(len(names)), [label(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(axis)
    axes.grid(visible=True, axis="x", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
