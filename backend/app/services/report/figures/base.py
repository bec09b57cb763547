"""What a figure shows, apart from how it is drawn: text and numbers, which pass to another process."""

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Panels:
    """Charts of intervals one below the other, each with its axis."""

    charts: tuple[IntervalChart, ...]


@dataclass(frozen=True, slots=True)
class SmallPanel:
    """One of several small charts of intervals.

    Attributes:
        title: above it.
        note: beside the title.
        rows: one for each name of the chart; ``None`` where there is no value.
    """

    title: str
    note: str
    rows: tuple[IntervalRow | None, ...]


@dataclass(frozen=True, slots=True)
class Multiples:
    """Small charts of the same rows, on one scale.

    Attributes:
        axis: label of the axis, with its unit.
        names: of the rows, from top to bottom.
        panels: in the order of reading.
    """

    axis: str
    names: tuple[str, ...]
    panels: tuple[SmallPanel, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A point with an interval in one direction, or in both.

    Attributes:
        label: beside it.
        x: in the unit of the axis.
        x_bounds: its interval; ``None`` without one.
        y: in the unit of the axis.
        y_bounds: its interval.
        front: whether it is on the Pareto front.
    """

    label: str
    x: float
    x_bounds: tuple[float, float] | None
    y: float
    y_bounds: tuple[float, float]
    front: bool = False


@dataclass(frozen=True, slots=True)
class ScatterChart:
    """Points with interval crosses.

    Attributes:
        x_axis: label of the axis, with its unit.
        y_axis: the same, upwards.
        points: in the order of the experiments.
        front: whether a line is drawn through the points of the Pareto front.
    """

    x_axis: str
    y_axis: str
    points: tuple[Point, ...]
    front: bool = False


@dataclass(frozen=True, slots=True)
class BarChart:
    """Horizontal bars of parts that follow each other.

    Attributes:
        axis: label of the axis, with its unit.
        parts: names of the parts, in order.
        rows: a label and the length of each part, from top to bottom.
        texts: what stands at the end of each bar.
    """

    axis: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    texts: tuple[str, ...]


Chart = IntervalChart | Panels | Multiples | ScatterChart | BarChart


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


@dataclass(frozen=True, slots=True)
class Drawn:
    """Figures that were drawn.

    Attributes:
        files: by their names: each figure as PNG and SVG, light and dark.
        unreadable: names of the figures with characters for which there was no font.
    """

    files: dict[str, bytes]
    unreadable: frozenset[str]


def listed(rows: Sequence[IntervalRow]) -> str:
    """Return rows as text, for those who do not see them."""
    return "; ".join(f"{row.label} {row.text}" for row in rows)
