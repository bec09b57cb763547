"""The commands ``rescore`` and ``scorings``: stored outputs that are scored again."""

import time
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.experiments import IdArgument
from app.cli.render import console, print_json, short
from app.client.api import Api
from app.domain.json import JsonObject
from app.domain.rounding import percent
from app.schemas.scoring import ORIGINAL, ScoringOut, ScoringsOut

_LOOK_EVERY_S = 0.3
_ENDED = {"COMPLETED", "FAILED"}


def rescore(
    experiment_id: IdArgument,
    name: Annotated[str | None, typer.Option(help="Of the scoring; default: made from what it does.")] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(help="A scorer to add: NAME, or NAME=provider/model for one that asks a model."),
    ] = None,
    parser: Annotated[
        str | None,
        typer.Option(help="How answers are read: current, first_line, last_line or whole_output."),
    ] = None,
    judge: Annotated[
        str | None,
        typer.Option(help="Who judges faithfulness: nli, nli:MODEL, or llm:provider/model."),
    ] = None,
    dataset_version: Annotated[
        str | None,
        typer.Option(help="Version of the dataset whose accepted answers count."),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only queue it and print its name.")] = False,
    json: JsonOption = False,
) -> None:
    """Score the stored outputs of an experiment again, without asking its model.

    The scores are kept beside the original ones, under a name: `show`, `compare`, `export` and `report` take
    it as --scoring.
    """
    request: JsonObject = {"scorers": dict(map(_scorer, scorer or []))} if scorer else {}
    request |= {"faithfulness": _judge(judge)} if judge else {}
    given = {"name": name, "parser": parser, "dataset_version": dataset_version}
    request |= {field: value for field, value in given.items() if value is not None}
    with connected(start=not detach) as api:
        resolved = api.resolve(experiment_id)
        made = api.post(f"/experiments/{resolved}/scorings", ScoringOut, json=request)
        if not detach:
            made = _wait_for(api, resolved, made)
    if json:
        print_json(made)
    elif detach:
        typer.echo(made.name)
    elif made.status == "COMPLETED":
        _show(made)
    if made.status == "FAILED":
        raise fail(f"The scoring {made.name!r} failed. {made.reason}")


def scorings(experiment_id: IdArgument, json: JsonOption = False) -> None:
    """List the scorings of an experiment, and say if its dataset has a newer version."""
    with connected() as api:
        found = api.get(f"/experiments/{api.resolve(experiment_id)}/scorings", ScoringsOut)
    if json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "status", "runs", "dataset version", "made", "by"):
        table.add_column(column)
    table.add_row(ORIGINAL, *[""] * 5)
    for one in found.items:
        runs = f"{one.done:,} of {one.total:,}" if one.status != "PENDING" else ""
        made = one.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(
            escape(one.name), one.status, runs, one.dataset_version, made, escape(one.created_by or "")
        )
    console.print(table)
    for one in found.items:
        if one.missing:
            say(f"{one.name} lacks {one.missing:,} runs that were retried since; ask for it again.")
    newer = found.newer_dataset
    if newer is not None:
        say(
            f"The dataset has a newer version, in which the accepted answers to {newer.changed:,} of these "
            f"questions differ: llmforge rescore {experiment_id} --dataset-version {newer.version}"
        )


def _scorer(given: str) -> tuple[str, JsonObject]:
    name, _, model = given.partition("=")
    return name, {"model": model} if model else {}


def _judge(given: str) -> JsonObject:
    kind, _, model = given.partition(":")
    return {"judge": kind} | ({"model": model} if model else {})


def _wait_for(api: Api, experiment_id: UUID, made: ScoringOut) -> ScoringOut:
    """Return a scoring once it has ended.

    Raises:
        typer.Exit: if the user does not wait.
    """
    path = f"/experiments/{experiment_id}/scorings/{made.name}"
    try:
        with console.status("") as status:
            while made.status not in _ENDED:
                status.update(
                    f"{made.done:,} of {made.total:,} runs" if made.total else "waiting for a worker"
                )
                time.sleep(_LOOK_EVERY_S)
                made = api.get(path, ScoringOut)
    except KeyboardInterrupt:
        say(f"\nStopped waiting; the scoring goes on. `llmforge scorings {short(experiment_id)}` shows it.")
        raise typer.Exit(130) from None
    return made


def _show(made: ScoringOut) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("score")
    for column in (ORIGINAL, made.name, "runs", "higher", "lower"):
        table.add_column(escape(column), justify="right")
    for one in made.changes:
        before, after = ("–" if value is None else percent(value) for value in (one.before, one.after))
        table.add_row(escape(one.score), before, after, f"{one.n:,}", f"{one.raised:,}", f"{one.lowered:,}")
    console.print(table)
    say(f"scoring {made.name} of {short(made.experiment_id)}: {made.done:,} runs")
