"""The command ``bench``: run an optimisation matrix trial by trial, and show what each cell is worth."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from app.cli.client import Api, JsonOption, connected, fail, say
from app.cli.files import read_mapping, with_overrides
from app.cli.follow import follow
from app.cli.matrix_tables import matrix_table, plan_table
from app.cli.render import console, print_json, short
from app.domain.json import JsonObject
from app.domain.status import ExperimentStatus
from app.schemas.common import readable_problem
from app.schemas.matrix import MatrixOut, MatrixPlanOut, MatrixSummary, NextTrialOut
from app.schemas.matrix_config import MatrixConfig


def bench(
    file: Annotated[Path, typer.Argument(help="A matrix, as YAML.")],
    n: Annotated[int | None, typer.Option("--n", help="Number of questions of each trial.", min=1)] = None,
    rounds: Annotated[int | None, typer.Option(help="How often each cell is run.", min=1)] = None,
    methods: Annotated[str | None, typer.Option(help="Only these of the file, with commas.")] = None,
    optimisations: Annotated[str | None, typer.Option(help="Only these of the file, with commas.")] = None,
    model: Annotated[str | None, typer.Option(help="provider/model; overrides the file.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the sample and of the order.", min=0)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print cells, calls, tokens, cost and time.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin again, instead of continuing what is there.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run trials that failed once more.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Run methods in several ways on the same questions, and compare speed, answers and accuracy.

    Run again with the same file and options, it continues with the trials that are missing. Exit code 0
    only if every trial completed.
    """
    config = read_matrix(file, n, rounds, methods, optimisations, model, seed)
    with connected() as api:
        if dry_run:
            plan = api.post("/matrices/plan", MatrixPlanOut, json={"config": config.as_json()})
            print_json(plan) if json else console.print(plan_table(plan))
            return
        body = {"config": config.as_json(), "anew": anew}
        matrix = api.post("/matrices", MatrixSummary, json=body)
        if retry_failed:
            matrix = api.post(f"/matrices/{matrix.id}/retry", MatrixSummary)
        say(
            f"matrix {short(matrix.id)}: {matrix.name} ({matrix.model}, {matrix.total} trials"
            + (f", {matrix.ended} of them done" if matrix.ended else "")
            + ")"
        )
        _run_all(api, matrix, quiet=json)
        found = api.get(f"/matrices/{matrix.id}", MatrixOut)
        if json:
            print_json(found)
        else:
            _show(found)
        if found.failed:
            raise typer.Exit(1)


def read_matrix(
    file: Path,
    n: int | None = None,
    rounds: int | None = None,
    methods: str | None = None,
    optimisations: str | None = None,
    model: str | None = None,
    seed: int | None = None,
) -> MatrixConfig:
    """Return the matrix in ``file`` with what the command line changes of it.

    Raises:
        typer.Exit: after printing what is wrong, with line or field.
    """
    overrides = {"base.dataset.n": n, "base.model": model, "base.seed": seed, "rounds": rounds}
    raw = with_overrides(read_mapping(file), overrides)
    raw = _only(_only(raw, "methods", methods), "optimisations", optimisations)
    try:
        return MatrixConfig.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"]) or "file"
            say(f"  {where}: {readable_problem(problem['type'], problem['msg'])}")
        raise fail(f"{file} is not a valid matrix.") from error


def _only(raw: JsonObject, field: str, chosen: str | None) -> JsonObject:
    """Return the matrix with some of its methods or optimisations, in the order of the file.

    The baseline stays, as well as the cold cache that a warm one needs.
    """
    given = raw.get(field)
    if chosen is None or not isinstance(given, list):
        return raw
    wanted = {name.strip().casefold() for name in chosen.split(",")}
    there = {str(one.get("name")).casefold(): one for one in given if isinstance(one, dict)}
    unknown = sorted(wanted - set(there))
    if unknown:
        raise fail(f"There is no {unknown[0]!r} among the {field}.", f"There are: {', '.join(there)}.")
    if field == "optimisations":
        wanted.add(str(raw.get("baseline")).casefold())
        if any(there[name].get("cache") == "warm" for name in wanted & set(there)):
            wanted |= {name for name, one in there.items() if one.get("cache") == "cold"}
    return {**raw, field: [one for name, one in there.items() if name in wanted]}


def _run_all(api: Api, matrix: MatrixSummary, *, quiet: bool) -> None:
    """Run the trials that are left, one at a time."""
    while True:
        found = api.post(f"/matrices/{matrix.id}/next", NextTrialOut)
        experiment = found.experiment
        if experiment is None:
            return
        place = f"{found.ended + 1}/{found.total}"
        say(f"{place}  round {found.round}  {found.method}, {found.optimisation}  ({short(experiment.id)})")
        try:
            status = follow(api, experiment.id, experiment.total, quiet=quiet)
        except KeyboardInterrupt:
            say("\nStopped; the trial that is at work goes on. The same command continues with the others.")
            raise typer.Exit(130) from None
        if status is not ExperimentStatus.COMPLETED:
            say(f"  {status}; `llmforge show {short(experiment.id)}` shows why")


def _show(matrix: MatrixOut) -> None:
    """Print a matrix for a person."""
    for line in matrix.warnings:
        say(f"warning: {line}")
    for method in matrix.methods:
        table: Table = matrix_table(matrix, method)
        console.print(table)
    for cell in matrix.cells:
        for reason in cell.reasons:
            where = f"{cell.method}, {cell.optimisation}"
            console.print(f"[yellow]{escape(where)}: {escape(reason)}[/]", highlight=False)
    console.print(f"[dim]id {matrix.id}[/]")
