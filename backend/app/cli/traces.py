"""The command that prints what agents did, step by step."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.client import Api, JsonOption, connected, say
from app.cli.render import console, print_json

_OBSERVATION = 600  # characters of one that are printed
_PAGE = 200
_KIND_STYLE = {"successful": "green", "failed": "red", "unneeded": "yellow"}


def traces(
    experiment_id: Annotated[str, typer.Argument(help="The id, or its first characters.")],
    where: Annotated[
        str, typer.Option("--runs", help="all, correct, wrong, failed, cached or unscored.")
    ] = "all",
    outcome: Annotated[
        str | None, typer.Option(help="Only of agents that ended so: answered, stuck, iteration_limit, …")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 10,
    json: JsonOption = False,
) -> None:
    """Print the traces of an agent's runs: thoughts, actions, observations, and how it ended."""
    with connected() as api:
        found = _traced(api, api.resolve(experiment_id), where, outcome, limit)
    if json:
        print_json(found)
        return
    if not found:
        say("No run with such a trace.")
    for run in found:
        _show(run)


def _traced(
    api: Api, experiment_id: str, where: str, outcome: str | None, limit: int
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    following: str | None = None
    while True:
        page = {"filter": where, "limit": _PAGE, **({"cursor": following} if following else {})}
        runs = api.get(f"/results/{experiment_id}/runs", **page)
        for one in runs["items"]:
            run = api.get(f"/results/{experiment_id}/runs/{one['id']}")
            trace = run["trace"]
            if trace is None or (outcome and trace["summary"]["outcome"] != outcome):
                continue
            found.append(run)
            if len(found) == limit:
                return found
        following = runs["next"]
        if following is None:
            return found


def _show(run: dict[str, Any]) -> None:
    right = run["scores"].get("exact_match", {}).get("value")
    mark = {1.0: "[green]right[/]", 0.0: "[red]wrong[/]"}.get(right, "[dim]unscored[/]")
    console.print(f"[bold]{escape(run['question'])}[/]  [dim]{escape(run['example_key'])}[/]")
    for place, step in enumerate(run["trace"]["steps"], start=1):
        _show_step(place, step)
    summary = run["trace"]["summary"]
    ending = summary["outcome"] + (f": {summary['reason']}" if summary["reason"] else "")
    console.print(f"  [dim]{escape(ending)}[/]")
    gold = " | ".join(run["gold"][:3])
    console.print(f"  answer: {escape(run['answer'] or '–')}  ({mark}; accepted: {escape(gold)})\n")


def _show_step(place: int, step: dict[str, Any]) -> None:
    label = "asked for an answer" if step["last"] else step["thought"] or "(no thought)"
    console.print(f"  {place}. {escape(label)}" + ("  [yellow](repaired)[/]" if step["repaired"] else ""))
    use = step["use"]
    if use is not None:
        arguments = ", ".join(f"{value}" for value in use["arguments"].values())
        called = f"{use['tool']}[{arguments}]"
        style = _KIND_STYLE[use["kind"]]
        console.print(f"     [{style}]{escape(called)}[/]  [dim]{use['kind']}[/]")
        shown = use["observation"]
        cut = " …" if len(shown) > _OBSERVATION else ""
        console.print(f"     → {escape(shown[:_OBSERVATION] + cut)}")
    if step["answer"] is not None:
        console.print(f"     = {escape(step['answer'])}")
