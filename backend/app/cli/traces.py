"""The command that prints what agents did, step by step."""

from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from app.cli.client import JsonOption, connected, say
from app.cli.render import console, print_json
from app.client.api import Api
from app.schemas.common import KeysetPage
from app.schemas.result import RunOut, RunSummary
from app.schemas.trace import StepOut, TraceOut

_OBSERVATION = 600  # characters that are printed
_PAGE = 200
_KIND_STYLE = {"successful": "green", "failed": "red", "unneeded": "yellow"}


def traces(
    experiment_id: Annotated[str, typer.Argument(help="The id, or its first characters.")],
    where: Annotated[
        str, typer.Option("--runs", help="all, correct, partial, wrong, failed, cached or unscored.")
    ] = "all",
    outcome: Annotated[
        str | None, typer.Option(help="Only traces with this outcome: answered, stuck, iteration_limit, …")
    ] = None,
    limit: Annotated[int, typer.Option(help="Most traces to print.", min=1)] = 10,
    json: JsonOption = False,
) -> None:
    """Print the traces of an agent's runs: thoughts, actions, observations, and the outcome."""
    with connected() as api:
        found = _traced(api, api.resolve(experiment_id), where, outcome, limit)
    if json:
        print_json(found)
        return
    if not found:
        say("No run has such a trace.")
    for run in found:
        if run.trace is not None:
            _show(run, run.trace)


def _traced(api: Api, experiment_id: UUID, where: str, outcome: str | None, limit: int) -> list[RunOut]:
    found: list[RunOut] = []
    following: str | None = None
    while True:
        cursor = {"cursor": following} if following else {}
        page = KeysetPage[RunSummary]
        runs = api.get(f"/results/{experiment_id}/runs", page, filter=where, limit=_PAGE, **cursor)
        for one in runs.items:
            run = api.get(f"/results/{experiment_id}/runs/{one.id}", RunOut)
            if run.trace is None or (outcome and run.trace.summary.outcome != outcome):
                continue
            found.append(run)
            if len(found) == limit:
                return found
        following = runs.next
        if following is None:
            return found


def _show(run: RunOut, trace: TraceOut) -> None:
    exact = run.scores.get("exact_match")
    right = None if exact is None else exact.value
    mark = {1.0: "[green]right[/]", 0.0: "[red]wrong[/]", None: "[dim]unscored[/]"}.get(right, "[dim]–[/]")
    console.print(f"[bold]{escape(run.question)}[/]  [dim]{escape(run.example_key)}[/]")
    for place, step in enumerate(trace.steps, start=1):
        _show_step(place, step)
    summary = trace.summary
    ending = summary.outcome + (f": {summary.reason}" if summary.reason else "")
    console.print(f"  [dim]{escape(ending)}[/]")
    gold = " | ".join(run.gold[:3])
    console.print(f"  answer: {escape(run.answer or '–')}  ({mark}; accepted: {escape(gold)})\n")


def _show_step(place: int, step: StepOut) -> None:
    label = "asked for an answer" if step.last else step.thought or "(no thought)"
    console.print(f"  {place}. {escape(label)}" + ("  [yellow](repaired)[/]" if step.repaired else ""))
    use = step.use
    if use is not None:
        arguments = ", ".join(f"{value}" for value in use.arguments.values())
        style = _KIND_STYLE[use.kind]
        console.print(f"     [{style}]{escape(f'{use.tool}[{arguments}]')}[/]  [dim]{use.kind}[/]")
        cut = " …" if len(use.observation) > _OBSERVATION else ""
        console.print(f"     → {escape(use.observation[:_OBSERVATION] + cut)}")
    if step.answer is not None:
        console.print(f"     = {escape(step.answer)}")
