"""What ``compare --stages`` prints: where the time of a question goes, stage by stage."""

from collections.abc import Mapping
from uuid import UUID

from rich.markup import escape
from rich.table import Table

from app.cli.render import console
from app.domain.rounding import format_p, milliseconds, number
from app.schemas.comparison import Verdict
from app.schemas.stage_comparison import ComparedStage, StageComparisonOut, StageDifference

_STYLE: dict[Verdict, str] = {"better": "green", "worse": "red", "not_distinguishable": "default"}
_SHORT_MS = 10.0
_NOTHING_MS = 0.0005  # below the clock's resolution
_NO_DIFFERENCE = "±0 ms"


def show_stages(comparison: StageComparisonOut, names: Mapping[UUID, str]) -> None:
    """Print the mean time of each stage, and how it differs from the baseline's.

    Args:
        comparison: by stages.
        names: of the experiments by id, the baseline first.
    """
    others = [one for one in names if one != comparison.baseline_id]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Mean time of a question")
    for one in (comparison.baseline_id, *others):
        table.add_column(escape(names[one]), justify="right", overflow="fold")
    for stage in comparison.stages:
        found = {one.experiment_id: one for one in comparison.differences if one.stage == stage.name}
        first = next(iter(found.values()), None)
        table.add_row(
            _label(stage),
            _time(None if first is None else first.baseline_ms),
            *(_cell(found.get(one)) for one in others),
        )
    console.print(table)
    if comparison.message:
        console.print(f"[yellow]{escape(comparison.message)}[/]", highlight=False)
    console.print(
        "[dim]On the questions that both answered; p is adjusted by Holm, and the intervals are "
        "simultaneous[/]",
        highlight=False,
    )


def _label(stage: ComparedStage) -> str:
    return f"{escape(stage.label)} [dim](waiting for others)[/]" if stage.waits else escape(stage.label)


def _cell(one: StageDifference | None) -> str:
    if one is None:
        return "–"
    low, high = _signed(one.simultaneous_low), _signed(one.simultaneous_high)
    opening = "(" if one.simultaneous_low > 0 and low == _NO_DIFFERENCE else "\\["
    closing = ")" if one.simultaneous_high < 0 and high == _NO_DIFFERENCE else "]"
    change = f"[{_STYLE[one.outcome]}]{_signed(one.difference_ms)}[/]"
    interval = f"{opening}{low}, {high}{closing}"
    return f"{_time(one.this_ms)}, {change} [dim]{interval}, {format_p(one.adjusted_p)}[/]"


def _time(ms: float | None) -> str:
    """Return a duration; a short one in parts of a millisecond."""
    return (
        milliseconds(ms) if ms is None or ms >= _SHORT_MS else number(ms if ms >= _NOTHING_MS else 0, " ms")
    )


def _signed(ms: float) -> str:
    if abs(ms) < _NOTHING_MS:
        return _NO_DIFFERENCE
    return f"{'−' if ms < 0 else '+'}{_time(abs(ms))}"
