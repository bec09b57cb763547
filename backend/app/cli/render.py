"""What commands print: tables for people, JSON for programs."""

import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from app.core.visible import escaped_json, visible
from app.domain.rounding import dollars, fixed, interval, milliseconds, number, percent
from app.schemas.common import Page
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.result import AgentStatistics, Figure, Metrics


class SafeConsole(Console):
    """A console on which texts of others cannot act on the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text as it is printed; every string that is printed comes through here."""
        return super().render_str(visible(text), **options)


console = SafeConsole()
_WORTH_A_ROW = 0.005  # share of the time

_STATUS_STYLE = {
    "COMPLETED": "green",
    "RUNNING": "cyan",
    "PENDING": "dim",
    "QUEUED": "dim",
    "FAILED": "red",
    "CANCELLED": "yellow",
}


def print_json(value: object) -> None:
    """Print models, and what is made of them, as JSON for programs."""
    plain = to_jsonable_python(value)
    sys.stdout.write(escaped_json(orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()) + "\n")


def short(experiment_id: UUID) -> str:
    """Return the first characters of an id, which are enough for every command."""
    return str(experiment_id)[:8]


def status_text(experiment: ExperimentSummary) -> str:
    """Return an experiment's status in its colour; one that waits for a worker is *queued*."""
    status = "QUEUED" if experiment.queued else str(experiment.status)
    return f"[{_STATUS_STYLE.get(status, 'white')}]{status}[/]"


_WIDE = 120
"""Characters from which on each fact of an experiment has a column; below, two share one."""


def experiments_table(page: Page[ExperimentSummary], width: int) -> Table:
    """Return a table of experiments for a terminal of ``width`` characters."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    if width >= _WIDE:
        for column in ("ID", "Name", "Model", "Method", "Dataset", "Status"):
            table.add_column(column, no_wrap=column in {"ID", "Status"})
        table.add_column("Done", justify="right", no_wrap=True)
        table.add_column("Exact match", justify="right", no_wrap=True)
        for one in page.items:
            facts = (escape(one.model), _method_text(one), escape(one.dataset))
            score = f"{_score_text(one)}, {_counts_text(one)}".removesuffix(", ")
            table.add_row(short(one.id), _name_text(one), *facts, status_text(one), _done_text(one), score)
        return table
    for column in ("ID", "Experiment", "Status"):
        table.add_column(column, no_wrap=column != "Experiment")
    table.add_column("Exact match", justify="right", no_wrap=True)
    for one in page.items:
        about = f"{escape(one.model)} · {_method_text(one)} · {escape(one.dataset)}"
        table.add_row(
            short(one.id),
            f"{_name_text(one)}\n[dim]{about}[/]",
            f"{status_text(one)}\n[dim]{_done_text(one)}[/]",
            f"{_score_text(one)}\n[dim]{_counts_text(one)}[/]",
        )
    return table


def _name_text(experiment: ExperimentSummary) -> str:
    tags = f" [dim]{escape(', '.join(f'#{tag}' for tag in experiment.tags))}[/]" if experiment.tags else ""
    return f"{escape(experiment.name)}{tags}"


def _method_text(experiment: ExperimentSummary) -> str:
    return f"{experiment.method} {experiment.variant}".rstrip()


def _done_text(experiment: ExperimentSummary) -> str:
    return f"{experiment.progress.done if experiment.progress else 0}/{experiment.total}"


def _score_text(experiment: ExperimentSummary) -> str:
    score = experiment.scores.get("exact_match")
    return interval(score) if score else "–"


def _counts_text(experiment: ExperimentSummary) -> str:
    """Return what the score is the mean of, and how many runs failed."""
    score = experiment.scores.get("exact_match")
    counts = [f"n = {score.n:,}"] if score else []
    counts += [f"{experiment.failed_runs:,} failed"] if experiment.failed_runs else []
    return ", ".join(counts)


def result_table(experiment: ExperimentOut, metrics: Metrics) -> Table:
    """Return the metrics of one experiment as a table: a row for each figure, or figures that share one."""
    table = Table(box=None, show_header=False, pad_edge=False, title_justify="left")
    table.title = f"[bold]{escape(experiment.name)}[/]  {status_text(experiment)}"
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, figures in groupby(metrics.figures, key=lambda one: one.row or one.label):
        table.add_row(escape(label.lower()), _figures_text(list(figures)))
        if label == "runs":
            table.add_row("answers", _counted(metrics.counts.parse_outcomes))
    if metrics.agent is not None:
        _agent_rows(table, metrics.agent)
    _stage_rows(table, metrics)
    for warning in metrics.warnings:
        table.add_row("warning", f"[yellow]{escape(warning)}[/]")
    if experiment.reason:
        table.add_row("reason", f"[yellow]{escape(experiment.reason)}[/]")
    return table


def _figures_text(figures: Sequence[Figure]) -> str:
    """Return the figures of one row, what they are based on, and their warnings."""
    alone = len(figures) == 1
    text = ", ".join(_figure_text(one, alone=alone) for one in figures)
    first = figures[0]
    basis = ", ".join(filter(None, ["" if first.n is None else f"n = {first.n}", first.basis]))
    warnings = dict.fromkeys(one.warning for one in figures if one.warning)
    return (
        text
        + (f"  [dim]{escape(basis)}[/]" if basis else "")
        + (f" ({escape(first.note)})" if alone and first.note else "")
        + "".join(f"  [yellow]{escape(warning)}[/]" for warning in warnings)
    )


def _figure_text(figure: Figure, *, alone: bool) -> str:
    write = _FORMATS[figure.format]
    text = write(figure.value)
    if figure.low is not None:
        text += f" [{_bare(write(figure.low))}, {_bare(write(figure.high))}]"
    if figure.unit and figure.value is not None:
        text += f" {figure.unit}"
    if not alone:
        first = figure.format in {"milliseconds", "share"}
        text = f"{figure.short} {text}" if first else f"{text} {figure.short}"
        if figure.note:
            text += f" ({figure.note})"
    return escape(text)


def _bare(text: str) -> str:
    return text.removesuffix(" %")


def _count(value: float | None) -> str:
    return "–" if value is None else f"{int(fixed(value, 0)):,}"


_FORMATS: dict[str, Callable[[float | None], str]] = {
    "share": percent,
    "milliseconds": milliseconds,
    "usd": dollars,
    "count": _count,
    "number": number,
}


def _stage_rows(table: Table, metrics: Metrics) -> None:
    """Add where the time went; stages too short to matter are summed up."""
    for row, profile in (("time", metrics.stages), ("time from the cache", metrics.cached_stages)):
        if profile is None:
            continue
        table.add_row(row, f"{escape(profile.bottleneck)}  [dim]n = {profile.runs:,}[/]")
        shown = [one for one in profile.stages if one.share >= _WORTH_A_ROW]
        for one in shown:
            times = f"p50 {milliseconds(one.p50_ms)}, p95 {milliseconds(one.p95_ms)}"
            table.add_row(f"  {escape(one.label.lower())}", f"{percent(one.share)}, {times}")
        if len(shown) < len(profile.stages):
            left = 1 - sum(one.share for one in shown)
            table.add_row(f"  {len(profile.stages) - len(shown)} shorter stages", percent(max(0.0, left)))


def _agent_rows(table: Table, agent: AgentStatistics) -> None:
    table.add_row("agent", f"{_counted(agent.outcomes)}; {agent.repairs} repairs")
    for tool, uses in agent.tools.items():
        parts = (f"{uses.successful} successful", f"{uses.failed} failed", f"{uses.unneeded} unneeded")
        table.add_row(escape(tool), ", ".join(parts))


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "–"
