"""Sizes of figures in inches, and of their texts in characters."""

from textwrap import wrap

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
