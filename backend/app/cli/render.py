"""What commands print: tables for people, JSON for programs."""

import sys
from typing import Any, Protocol
from uuid import UUID

import orjson
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.schemas.common import Page
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.result import Metrics


class WithInterval(Protocol):
    """Any estimate with its interval, as fractions."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102


console = Console()

_SCORES = ("exact_match", "contains", "f1")
_STATUS_STYLE = {
    "COMPLETED": "green",
    "RUNNING": "cyan",
    "PENDING": "dim",
    "FAILED": "red",
    "CANCELLED": "yellow",
}


def print_json(value: object) -> None:
    """Print models, and what is made of them, as JSON for programs."""
    plain = to_jsonable_python(value)
    sys.stdout.write(orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode() + "\n")


def number(value: float | None, unit: str = "") -> str:
    """Return a number with three significant digits, a dash if there is none."""
    if value is None:
        return "–"
    if value == 0:
        return f"0{unit}"
    digits = f"{value:.3g}"
    if "e" in digits:
        digits = f"{value:,.0f}" if abs(value) >= 1 else f"{value:.2g}"
    return f"{digits}{unit}"


def milliseconds(value: float | None) -> str:
    """Return a duration: milliseconds below a second, seconds above."""
    if value is None:
        return "–"
    return f"{value:.0f} ms" if value < 999.5 else number(value / 1000, " s")


def percent(value: float | None) -> str:
    """Return a share as a percentage with one decimal."""
    return "–" if value is None else f"{100 * value:.1f} %"


def interval(score: WithInterval) -> str:
    """Return a share with its interval."""
    return f"{percent(score.value)} [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def short(experiment_id: UUID) -> str:
    """Return the first characters of an id, which are enough for every command."""
    return str(experiment_id)[:8]


def status_text(status: str) -> str:
    """Return a status in its colour."""
    return f"[{_STATUS_STYLE.get(status, 'white')}]{status}[/]"


def experiments_table(page: Page[ExperimentSummary]) -> Table:
    """Return a table of experiments."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("ID", "Name", "Model", "Method", "Dataset", "Status"):
        table.add_column(column, no_wrap=column in {"ID", "Status"})
    table.add_column("Done", justify="right", no_wrap=True)
    table.add_column("Exact match", justify="right", no_wrap=True)
    for one in page.items:
        score = one.scores.get("exact_match")
        table.add_row(
            short(one.id),
            escape(one.name),
            escape(one.model),
            one.method,
            escape(one.dataset),
            status_text(one.status),
            f"{one.progress.done if one.progress else 0}/{one.total}",
            interval(score) if score else "–",
        )
    return table


def result_table(experiment: ExperimentOut, found: Metrics) -> Table:
    """Return the metrics of one experiment as a table."""
    metrics = found.model_dump()
    table = Table(box=None, show_header=False, pad_edge=False, title_justify="left")
    table.title = f"[bold]{escape(experiment.name)}[/]  {status_text(experiment.status)}"
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for name, score in sorted(found.scores.items(), key=_by_importance):
        table.add_row(name.replace("_", " "), f"{interval(score)}  [dim]n = {score.n}, {score.method}[/]")
    if metrics["agent"] is not None:
        _agent_rows(table, metrics["agent"])
    counts, latency = metrics["counts"], metrics["latency_ms"]
    table.add_row("runs", _runs_text(counts))
    outcomes = ", ".join(f"{count} {kind}" for kind, count in counts["parse_outcomes"].items())
    table.add_row("answers", outcomes or "–")
    table.add_row(
        "latency",
        f"p50 {milliseconds(latency['p50'])}, p95 {milliseconds(latency['p95'])}, "
        f"max {milliseconds(latency['max'])}  [dim]n = {latency['n']}, uncached[/]",
    )
    table.add_row("throughput", number(metrics["throughput_per_s"], " answers/s"))
    tokens = metrics["tokens"]
    unknown = tokens["runs_without_counts"]
    table.add_row(
        "tokens",
        f"{_count(tokens['prompt'])} prompt, {_count(tokens['completion'])} completion"
        + (f"  [yellow]{unknown} runs without counts[/]" if unknown else ""),
    )
    table.add_row("cost", _cost_text(metrics["cost_usd"]))
    if experiment.reason:
        table.add_row("reason", f"[yellow]{escape(experiment.reason)}[/]")
    return table


def _agent_rows(table: Table, agent: dict[str, Any]) -> None:
    outcomes = ", ".join(f"{count} {name}" for name, count in agent["outcomes"].items() if count)
    steps = agent["iterations"]
    table.add_row("agent", f"{outcomes}; {agent['repairs']} repairs")
    table.add_row("steps", f"{steps['value']:.2f} [{steps['low']:.2f}, {steps['high']:.2f}]")
    for tool, uses in agent["tools"].items():
        table.add_row(escape(tool), ", ".join(f"{count} {kind}" for kind, count in uses.items()))
    if agent["failed_uses"] is not None:
        uses = agent["failed_uses"]
        share = f"{percent(uses['value'])} [{100 * uses['low']:.1f}, {100 * uses['high']:.1f}]"
        table.add_row("failed uses", f"{share}  [dim]n = {uses['n']}[/]")


def _by_importance(item: tuple[str, Any]) -> int:
    # JSON objects have no order in the database.
    name = item[0]
    return _SCORES.index(name) if name in _SCORES else len(_SCORES)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _runs_text(counts: dict[str, Any]) -> str:
    text = f"{counts['ok']} answered, {counts['failed']} failed"
    if counts["failures"]:
        text += " (" + ", ".join(f"{n} {kind}" for kind, n in counts["failures"].items()) + ")"
    if counts["missing"]:
        text += f", {counts['missing']} not run"
    if counts["cached"]:
        text += f", {counts['cached']} from the cache"
    return text


def _cost_text(cost: dict[str, Any]) -> str:
    if cost["total"] is None:
        return "unknown (no price or no token counts)"
    return f"${cost['total']:.4f}"
