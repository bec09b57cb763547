"""What a figure shows, apart from how it is drawn: text and numbers, which pass to another process."""

from dataclasses import dataclass
from typing import Literal

Emphasis = Literal["better", "worse", "none"]


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One line of an interval chart.

    Attributes:
        label: beside the line.
        value: in the unit of the axis.
        low: lower bound of its interval; ``None`` without one.
        high: upper bound.
        text: the value in words, at the right end of the line.
        emphasis: what a test says of it.
    """

    label: str
    value: float
    low: float | None
    high: float | None
    text: str
    emphasis: Emphasis = "none"


@dataclass(frozen=True, slots=True)
class IntervalChart:
    """Values with their intervals, one below the other (a forest plot).

    Attributes:
        axis: label of the axis, with its unit.
        reference: value of the line that stands for "no difference"; ``None`` without one.
        margin: half-width of the band of differences that do not matter, around the reference.
        ratio: whether the values are ratios, drawn on a logarithmic axis.
        rows: from top to bottom.
    """

    axis: str
    rows: tuple[IntervalRow, ...]
    reference: float | None = None
    margin: float | None = None
    ratio: bool = False


Chart = IntervalChart


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a report.

    Attributes:
        name: of its files, without their ending.
        title: what is to be seen, in a few words.
        caption: setting, n, and how to read it.
        alt: what it shows, for those who do not see it.
        chart: what is drawn.
    """

    name: str
    title: str
    caption: str
    alt: str
    chart: Chart
