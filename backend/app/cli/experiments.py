"""Commands about experiments: run, list, show, export, cancel, resume."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from app.cli.client import JsonOption, connected, fail, say
from app.cli.comparisons import resume_comparison, run_comparison, show_when_ended
from app.cli.estimates import Rehearsal
from app.cli.files import read_experiment, read_mapping
from app.cli.follow import follow
from app.cli.render import console, experiments_table, print_json, result_table, short
from app.client.api import Api, ApiError
from app.domain.json import JsonObject
from app.domain.status import ExperimentStatus
from app.schemas.budget import BudgetOut
from app.schemas.common import Page
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.result import ResultOut
from app.schemas.scoring import ORIGINAL
from app.services.execution.budget_wording import budget_line

IdArgument = Annotated[str, typer.Argument(help="The id, or its first characters.")]
ScoringOption = Annotated[str, typer.Option(help="Name of a scoring; `llmforge scorings` lists them.")]


def print_result(api: Api, experiment_id: UUID, *, as_json: bool, scoring: str = ORIGINAL) -> None:
    """Print the result of an ended experiment, by one of its scorings."""
    experiment = api.get(f"/experiments/{experiment_id}", ExperimentOut)
    try:
        result = api.get(f"/results/{experiment_id}", ResultOut, scoring=scoring)
    except ApiError as error:
        if error.status != 404 or scoring != ORIGINAL:
            raise
        result = None
    budgets = api.get(f"/experiments/{experiment_id}/budgets", list[BudgetOut])
    if as_json:
        print_json({"experiment": experiment, "result": result, "budgets": budgets})
        return
    if result is not None:
        console.print(result_table(experiment, result.metrics))
    else:
        console.print(f"{escape(experiment.name)}: {experiment.status}. {escape(experiment.reason or '')}")
    for budget in budgets:
        console.print(escape(budget_line(budget)))
    if experiment.tags:
        console.print(f"tags: {escape(', '.join(experiment.tags))}")
    if experiment.notes:
        console.print(f"notes: {escape(experiment.notes)}")
    console.print(f"[dim]id {experiment_id}[/]")


def follow_to_end(api: Api, experiment: ExperimentOut, *, as_json: bool) -> None:
    """Follow an experiment, print its result, and exit with 1 unless it completed."""
    try:
        status = follow(api, experiment.id, experiment.total, quiet=as_json)
    except KeyboardInterrupt:
        name = short(experiment.id)
        say(
            f"\nStopped following; the experiment goes on. `llmforge show {name}` shows its state, "
            f"`llmforge cancel {name}` ends it, `llmforge resume {name}` continues it."
        )
        raise typer.Exit(130) from None
    print_result(api, experiment.id, as_json=as_json)
    if status is not ExperimentStatus.COMPLETED:
        raise typer.Exit(1)


def run(
    file: Annotated[Path, typer.Argument(help="An experiment or a comparison, as YAML.")],
    model: Annotated[str | None, typer.Option(help="provider/model; overrides the file.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Name of a dataset; overrides the file.")] = None,
    limit: Annotated[int | None, typer.Option(help="Number of questions.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the sample and of the answers.", min=0)] = None,
    concurrency: Annotated[int | None, typer.Option(help="Most calls in flight.", min=1)] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="How calls are sent: concurrent, sequential, batched or batch_job."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Calls of a group, with --mode batched.", min=1, max=64)
    ] = None,
    schedule: Annotated[
        str | None, typer.Option(help="Order of the questions: as_sampled or by_prefix.")
    ] = None,
    prefix_cache: Annotated[
        bool | None,
        typer.Option(help="Whether the local model server reuses the beginnings of earlier prompts."),
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="To find it by; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only estimate calls, tokens, cost.")] = False,
    pilot: Annotated[
        int | None,
        typer.Option(help="Ask so many questions first, unless as many are known.", min=1),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="After a pilot, go on without asking.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Only queue it and print its id.")] = False,
    json: JsonOption = False,
) -> None:
    """Run an experiment file, or a comparison with all its variants: create, queue, follow, print.

    Exit code 0 only if every experiment completed.
    """
    overrides = {
        "model": model,
        "dataset.name": dataset,
        "dataset.n": limit,
        "seed": seed,
        "concurrency": concurrency,
        "execution.mode": mode,
        "execution.batch_size": batch_size,
        "execution.schedule": schedule,
        "execution.prefix_cache": prefix_cache,
    }
    rehearsal = Rehearsal(dry_run, pilot, yes, json)
    if "variants" in read_mapping(file):
        run_comparison(file, overrides, rehearsal, tag or [], detach=detach, as_json=json)
        return
    config = read_experiment(file, overrides).as_json()
    with connected(start=not detach) as api:
        if not rehearsal.goes_on(api, config, partial(_run_pilot, api)):
            return
        experiment = _started(api, config, tag or [])
        if detach:
            print_json(experiment) if json else typer.echo(experiment.id)
            return
        _say_started(experiment)
        follow_to_end(api, experiment, as_json=json)


def _started(api: Api, config: JsonObject, tags: Sequence[str]) -> ExperimentOut:
    created = api.post("/experiments", ExperimentOut, json={"config": config, "tags": tags})
    try:
        return api.post(f"/experiments/{created.id}/run", ExperimentOut)
    except ApiError:
        api.send("DELETE", f"/experiments/{created.id}")  # it did not start: leave nothing behind
        raise


def _say_started(experiment: ExperimentOut) -> None:
    about = f"{experiment.name} ({experiment.model}, {experiment.total} runs)"
    say(f"experiment {short(experiment.id)}: {about}")


def _run_pilot(api: Api, config: JsonObject) -> None:
    experiment = _started(api, config, [])
    _say_started(experiment)
    if follow(api, experiment.id, experiment.total) is not ExperimentStatus.COMPLETED:
        raise fail("The pilot did not complete.", f"`llmforge show {short(experiment.id)}` says why.")


def list_(
    status: Annotated[list[str] | None, typer.Option(help="Only with this status.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="Only with this method.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only with this model.")] = None,
    dataset: Annotated[list[str] | None, typer.Option(help="Only on this dataset.")] = None,
    text: Annotated[str, typer.Option(help="Only with these words.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag; repeated: with all.")] = None,
    archived: Annotated[bool, typer.Option("--archived", help="Only archived ones.")] = False,
    sort: Annotated[
        str, typer.Option(help="Field to sort by; a leading - sorts descending.")
    ] = "-created_at",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 25,
    json: JsonOption = False,
) -> None:
    """List experiments, the newest first."""
    statuses = [value.upper() for value in status or []]
    with connected() as api:
        page = api.get(
            "/experiments",
            Page[ExperimentSummary],
            status=statuses,
            method=method or [],
            model=model or [],
            dataset=dataset or [],
            text=text,
            tag=tag or [],
            archived="only" if archived else "exclude",
            sort=sort,
            limit=limit,
        )
        if json:
            print_json(page)
            return
        if not page.items:
            say("No experiments. Run one: llmforge run configs/experiments/demo.yaml")
            return
        console.print(experiments_table(page, console.width))
        if page.total > len(page.items):
            say(f"{len(page.items)} of {page.total}; use --limit to show more.")


def show(experiment_id: IdArgument, scoring: ScoringOption = ORIGINAL, json: JsonOption = False) -> None:
    """Show an experiment and its result."""
    with connected() as api:
        print_result(api, api.resolve(experiment_id), as_json=json, scoring=scoring)


def cancel(experiment_id: IdArgument, json: JsonOption = False) -> None:
    """Cancel an experiment; answers so far are kept."""
    with connected(start=False) as api:
        experiment = api.post(f"/experiments/{api.resolve(experiment_id)}/cancel", ExperimentOut)
        print_json(experiment) if json else say(f"cancelling {short(experiment.id)}")


def resume(
    experiment_id: IdArgument,
    budget_usd: Annotated[float | None, typer.Option(help="A new budget in US dollars; see below.")] = None,
    budget_calls: Annotated[int | None, typer.Option(help="A new budget in calls.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(help="A new budget in tokens.")] = None,
    whole: Annotated[
        bool,
        typer.Option("--comparison", help="All experiments of its comparison, with the budget they share."),
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Only queue it and print its id.")] = False,
    json: JsonOption = False,
) -> None:
    """Continue an experiment: the same one if it has not ended, else a new one with it as parent.

    The new experiment takes over the answers of its parent and asks only for what is missing or has failed:
    of a complete experiment, for its failed runs. A new budget replaces that of an experiment that has
    ended, and counts what was spent before.
    """
    given = {"usd": budget_usd, "calls": budget_calls, "tokens": budget_tokens}
    budget = {name: limit for name, limit in given.items() if limit is not None}
    with connected(start=not detach) as api:
        if whole:
            resumed = resume_comparison(api, api.resolve(experiment_id), budget)
            if detach:
                print_json(resumed) if json else typer.echo(" ".join(map(str, resumed.ids)))
                return
            show_when_ended(api, resumed, as_json=json)
            return
        path = f"/experiments/{api.resolve(experiment_id)}/resume"
        experiment = api.post(path, ExperimentOut, json={"budget": budget or None})
        if detach:
            print_json(experiment) if json else typer.echo(experiment.id)
            return
        follow_to_end(api, experiment, as_json=json)


def retry_failed(
    experiment_id: IdArgument,
    detach: Annotated[bool, typer.Option("--detach", help="Only queue it and print its id.")] = False,
    json: JsonOption = False,
) -> None:
    """Ask again for the failed runs of an experiment that has ended, in place; answered runs stay.

    The result is computed anew. Who did it, when, and what the runs had failed with is kept with the
    experiment. A run that fails again stays failed.
    """
    with connected(start=not detach) as api:
        path = f"/experiments/{api.resolve(experiment_id)}/retry-failed"
        experiment = api.post(path, ExperimentOut)
        if detach:
            print_json(experiment) if json else typer.echo(experiment.id)
            return
        follow_to_end(api, experiment, as_json=json)
