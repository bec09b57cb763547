"""The command ``bench``: run an optimisation matrix trial by trial, and show what each cell is worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from pydantic_core import to_json
from rich.markup import escape

from app.cli.client import JsonOption, connected, fail, say
from app.cli.files import read_mapping
from app.cli.follow import follow
from app.cli.matrix_tables import ADVICE_STYLES, matrix_table, plan_table
from app.cli.render import console, print_json, short
from app.client.api import Api
from app.client.files import with_overrides
from app.domain.json import JsonObject
from app.domain.status import ExperimentStatus
from app.schemas.common import readable_problem
from app.schemas.matrix import MatrixOut, MatrixPlanOut, MatrixSummary, NextTrialOut
from app.schemas.matrix_config import MatrixConfig

_HEAD = """# Optimisation: what each way to run a model is worth

Written by `llmforge bench FILE --out`; do not edit. `docs/guides/optimisation.md` says what to make of it.
"""


def bench(
    file: Annotated[Path, typer.Argument(help="A matrix, as YAML.")],
    n: Annotated[int | None, typer.Option("--n", help="Number of questions of each trial.", min=1)] = None,
    rounds: Annotated[int | None, typer.Option(help="How often each cell is run.", min=1)] = None,
    methods: Annotated[str | None, typer.Option(help="Only these of the file, with commas.")] = None,
    optimisations: Annotated[str | None, typer.Option(help="Only these of the file, with commas.")] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="provider/model; overrides the file. Several: a matrix each.")
    ] = None,
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
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the result to a file: .md or .json.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run methods in several ways on the same questions, and compare speed, answers and accuracy.

    Run again with the same file and options, it continues with the trials that are missing. Exit code 0
    only if every trial completed.
    """
    if out is not None and out.suffix not in {".md", ".json"}:
        raise fail(f"{out} is neither .md nor .json.")
    chosen: list[str | None] = [*model] if model else [None]
    configs = [read_matrix(file, n, rounds, methods, optimisations, one, seed) for one in chosen]
    with connected() as api:
        if dry_run:
            plans = [
                api.post("/matrices/plan", MatrixPlanOut, json={"config": one.as_json()}) for one in configs
            ]
            _print([*plans], as_json=json)
            return
        started = [_started(api, one, anew=anew, retry_failed=retry_failed) for one in configs]
        for matrix in started:
            _run_all(api, matrix, quiet=json)
        found = [api.get(f"/matrices/{matrix.id}", MatrixOut) for matrix in started]
        _print([*found], as_json=json)
        if out is not None:
            _write(api, found, out)
        if any(matrix.failed for matrix in found):
            raise typer.Exit(1)


def _started(api: Api, config: MatrixConfig, *, anew: bool, retry_failed: bool) -> MatrixSummary:
    matrix = api.post("/matrices", MatrixSummary, json={"config": config.as_json(), "anew": anew})
    if retry_failed:
        matrix = api.post(f"/matrices/{matrix.id}/retry", MatrixSummary)
    done = f", {matrix.ended} of them done" if matrix.ended else ""
    say(f"matrix {short(matrix.id)}: {matrix.name} ({matrix.model}, {matrix.total} trials{done})")
    return matrix


def _print(found: Sequence[MatrixOut | MatrixPlanOut], *, as_json: bool) -> None:
    if as_json:
        print_json(found if len(found) > 1 else found[0])
        return
    for one in found:
        if isinstance(one, MatrixOut):
            _show(one)
        else:
            console.print(plan_table(one))


def _write(api: Api, found: Sequence[MatrixOut], out: Path) -> None:
    if out.suffix == ".md":
        texts = [api.send("GET", f"/matrices/{one.id}/markdown").decode() for one in found]
        content = "\n".join([_HEAD, *texts])
    else:
        content = to_json(found if len(found) > 1 else found[0], indent=2).decode()
    try:
        out.write_text(content, encoding="utf-8")
    except OSError as error:
        raise fail(f"Cannot write {out}: {error.strerror}.") from error
    say(f"wrote {out}")


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
        console.print(matrix_table(matrix, method, console.width))
    for cell in matrix.cells:
        for reason in cell.reasons:
            where = f"{cell.method}, {cell.optimisation}"
            console.print(f"[yellow]{escape(where)}: {escape(reason)}[/]", highlight=False)
    for one in matrix.advice:
        console.print(f"[{ADVICE_STYLES[one.kind]}]{escape(one.text)}[/]", highlight=False)
    console.print(f"[dim]id {matrix.id}[/]")
