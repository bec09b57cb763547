"""Colours of figures, in a light and a dark theme.

The series are apart for every kind of colour vision, by the distances that a test computes, and differ in
their marks or hatching as well.
"""

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours, as hexadecimal RGB.

    Attributes:
        paper: background.
        ink: text and axes.
        muted: text of less weight.
        line: grid.
        better: what a test found to be better.
        worse: what a test found to be worse.
        neutral: what it could not tell apart.
        series: of what is compared, in order.
    """

    paper: str
    ink: str
    muted: str
    line: str
    better: str
    worse: str
    neutral: str
    series: tuple[str, ...]


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        paper="#ffffff",
        ink="#37322f",
        muted="#605a57",
        line="#e0dedb",
        better="#1f6f8b",
        worse="#b4531f",
        neutral="#605a57",
        series=("#1f4ae1", "#aa2f0f", "#1ba39a", "#3a1245", "#d37300", "#72427f"),
    ),
    "dark": Theme(
        paper="#1c1917",
        ink="#ece8e4",
        muted="#b5aea8",
        line="#3f3a36",
        better="#6cc3e0",
        worse="#f0955a",
        neutral="#b5aea8",
        series=("#47b2f3", "#db8c4d", "#9af0f2", "#ae39c0", "#efd56f", "#5d6d55"),
    ),
}
