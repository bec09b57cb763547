"""The command ``history``: the experiments of one configuration over time."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, say
from app.cli.comparisons import MarginOption, MetricOption
from app.cli.render import console, print_json, short
from app.client.api import Query
from app.domain.rounding import format_p, interval, interval_in_points, signed_points
from app.domain.scoring import DEFAULT_MARGIN
from app.schemas.history import HistoryOut, HistoryStepOut, StepDifference

_STYLE = {"better": "green", "worse": "red", "equivalent": "cyan", "cannot_tell": "dim"}


def history(
    experiment: Annotated[str, typer.Argument(metavar="ID", help="An experiment: id, or its beginning.")],
    reference: Annotated[
        str | None, typer.Option(help="One of the same configuration; default: the first.")
    ] = None,
    metric: MetricOption = "exact_match",
    margin: MarginOption = DEFAULT_MARGIN,
    scoring: Annotated[
        str | None, typer.Option(help="Name of a scoring: of the experiments that have it.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show the experiments of the same configuration over time, each against a reference."""
    with connected(start=False) as api:
        params: dict[str, Query] = {"score": metric, "margin": margin}
        if scoring is not None:
            params["scoring"] = scoring
        if reference is not None:
            params["reference"] = str(api.resolve(reference))
        found = api.get(f"/results/{api.resolve(experiment)}/history", HistoryOut, **params)
    if json:
        print_json(found)
    else:
        _show(found)


def _show(found: HistoryOut) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Run", "Created"):
        table.add_column(column)
    for column in (found.score, "From cache", "Against the reference", "Against the one before"):
        table.add_column(escape(column), justify="right")
    for step in found.steps:
        is_reference = step.experiment_id == found.reference_id
        table.add_row(
            short(step.experiment_id),
            f"{step.created_at:%Y-%m-%d %H:%M}",
            escape(_score(step)),
            f"{step.cached:,} of {step.answered:,}" if step.cached else "",
            "[dim]reference[/]" if is_reference else _cell(step.against_reference),
            _cell(step.against_previous),
        )
    console.print(table)
    for line in found.warnings:
        say(f"warning: {line}")
    for step in found.steps:
        if step.changes:
            console.print(f"{short(step.experiment_id)}: {escape('; '.join(step.changes))}", highlight=False)
    console.print(f"[dim]{escape(found.note)}[/]", highlight=False)


def _score(step: HistoryStepOut) -> str:
    one = step.score
    return "not scored" if one is None else interval(one)


def _cell(one: StepDifference | None) -> str:
    if one is None:
        return ""
    verdict = f"[{_STYLE[one.verdict]}]{one.verdict.replace('_', ' ')}[/]"
    if one.difference is None or one.low is None or one.high is None or one.adjusted_p is None:
        return verdict
    bounds = escape(interval_in_points(one.low, one.high))
    return f"{verdict} {signed_points(one.difference)} {bounds}, {format_p(one.adjusted_p)}"
