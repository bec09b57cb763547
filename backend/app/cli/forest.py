"""A forest plot in characters: differences from the baseline with their intervals, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.visible import visible
from app.domain.rounding import interval_in_points, signed_points

_PLOT_WIDTH = 41
"""Characters of the scale, both ends included."""
_MOST_TICKS = 7
_STEPS = (1, 2, 5, 10, 20, 25, 50)
"""Distances between ticks, in points; the first that needs no more than ``_MOST_TICKS`` is taken."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One difference, as fractions: of .17 the plot shows +17.0 points."""

    label: str
    difference: float
    low: float
    high: float


def forest_lines(rows: Sequence[ForestRow]) -> list[str]:
    """Return a forest plot as lines of text: a line for each row, and the scale below them.

    Every row is ``├──●──┤``, with the estimate and its interval in numbers at the end. The scale is in
    percentage points, contains 0, which a ``┊`` marks, and reaches from the lowest interval to the highest.
    """
    labels = [visible(row.label) for row in rows]
    name_width = max(map(len, labels))
    ticks = _ticks(min(row.low for row in rows), max(row.high for row in rows))
    lines = []
    for row, label in zip(rows, labels, strict=True):
        plot = list(" " * _PLOT_WIDTH)
        zero = _column(0, ticks)
        plot[zero] = "┊"
        low, at, high = (_column(100 * one, ticks) for one in (row.low, row.difference, row.high))
        plot[low : high + 1] = "─" * (high + 1 - low)
        if low < zero < high:
            plot[zero] = "┼"
        plot[low], plot[high] = "├", "┤"
        plot[at] = "●"
        estimate = signed_points(row.difference)
        numbers = f"{estimate} {interval_in_points(row.low, row.high)}"
        lines.append(f"{label.ljust(name_width)}  {''.join(plot)}  {numbers}")
    return [*lines, *_scale_lines(ticks, name_width + 2)]


def _ticks(low: float, high: float) -> list[int]:
    """Return the marks of a scale in points, which contains 0 and both fractions."""
    least, most = min(0.0, 100 * low), max(0.0, 100 * high)
    for step in _STEPS:
        first, last = int(least // step), -int(-most // step)
        if last == first:
            last += 1
        if last - first < _MOST_TICKS:
            break
    return [step * number for number in range(first, last + 1)]


def _column(points: float, ticks: Sequence[int]) -> int:
    """Return the column of a value on the scale, from 0."""
    share = (points - ticks[0]) / (ticks[-1] - ticks[0])
    return round(share * (_PLOT_WIDTH - 1))


def _scale_lines(ticks: Sequence[int], indent: int) -> list[str]:
    """Return the line of the scale and that of its numbers, each centred below its tick."""
    line = list("─" * _PLOT_WIDTH)
    numbers = list(" " * (indent + _PLOT_WIDTH + 4))
    for tick in ticks:
        column = _column(tick, ticks)
        line[column] = "┴"
        text = str(tick).replace("-", "−")
        start = indent + column - len(text) // 2
        numbers[start : start + len(text)] = text
    return [" " * indent + "".join(line) + "  points", "".join(numbers).rstrip()]
