"""The command ``demo``: from nothing to a verdict, on the bundled model."""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import errors_told, say
from app.cli.comparisons import comparisons, forest_of, metric_of
from app.cli.experiments import follow_to_end
from app.cli.files import read_experiment, read_mapping
from app.cli.follow import follow
from app.cli.render import console
from app.cli.serving import dashboard_is_built, open_browser, print_addresses, serving
from app.client.api import Api
from app.core.config import PROJECT_ROOT, get_settings
from app.domain.json import JsonObject
from app.domain.rounding import fixed
from app.domain.status import ExperimentStatus
from app.schemas.comparison import ComparisonCreated, ComparisonOut, ScoreDifference
from app.schemas.comparison_wording import cells
from app.schemas.experiment import ExperimentOut

_FILES = PROJECT_ROOT / "configs" / "experiments"
_DEMO = _FILES / "worked_examples.yaml"
_SINGLE = _FILES / "demo.yaml"
_SCORE = "exact_match"
_SMALLEST_P = 0.001  # that is told as it is; below, it is "less than"


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="Stop everything after the verdict.")] = False,
    file: Annotated[Path, typer.Option(help="The comparison or experiment to run.")] = _DEMO,
) -> None:
    """Start the platform, compare two prompts on the bundled model, say which is better, and keep serving.

    Exit code 0 only if every experiment completed.
    """
    several = "variants" in read_mapping(file)
    with serving() as platform:
        with errors_told(platform.url), Api(platform.url, get_settings().client_key) as api:
            pages = _compare_all(api, file) if several else [_run_one(api, file)]
        if exit_:
            return
        for name, path in pages:
            address = f"{platform.url}{path}" if dashboard_is_built() else f"needs the dashboard: {path}"
            console.print(f"{name:<11} {address}", highlight=False, soft_wrap=True)
        print_addresses(platform.url)
        open_browser(f"{platform.url}{pages[0][1]}")
        platform.watch()


def _run_one(api: Api, file: Path) -> tuple[str, str]:
    """Run one experiment, print its result, and return the name and path of its page."""
    config = read_experiment(file, {})
    created = api.post("/experiments", ExperimentOut, json={"config": config.as_json()})
    experiment = api.post(f"/experiments/{created.id}/run", ExperimentOut)
    say(f"\n{config.name}: {config.model} answers {experiment.total:,} questions")
    follow_to_end(api, experiment, as_json=False)
    console.print()
    return "experiment", f"/experiments/view/?id={created.id}"


def _compare_all(api: Api, file: Path) -> list[tuple[str, str]]:
    """Run the comparisons of a file, print each, and return the names and paths of their pages."""
    pages = []
    for config in comparisons(file, {}):
        # One after the other: side by side they would take each other's place in the model's prompt cache.
        created = api.post("/comparisons", ComparisonCreated, json={"config": config, "run": False})
        _introduce(config, created)
        began = time.monotonic()
        _run_all(api, created)
        took_s = time.monotonic() - began
        ids = [str(one) for one in created.ids]
        found = api.get("/results/compare", ComparisonOut, ids=ids)
        _show(found, took_s)
        pages.append(("comparison", f"/compare/?ids={','.join(ids)}"))
    _say_what_is_next(file)
    return pages


def _introduce(config: JsonObject, created: ComparisonCreated) -> None:
    """Say what is asked, of which model, and what differs."""
    first = created.experiments[0]
    say(f"\n{config['name']}: {config.get('description', '')}".rstrip(": "))
    say(f"{first.model} answers {first.total:,} questions of {first.dataset} in each way:")
    for name, one in zip(_names(created), created.experiments, strict=True):
        say(f"  {name:<16} {one.description}".rstrip())
    say("")


def _names(created: ComparisonCreated) -> list[str]:
    """Return the names of the variants: an experiment's is that of the comparison, a colon, and its own."""
    return [one.name.rpartition(": ")[2] for one in created.experiments]


def _run_all(api: Api, created: ComparisonCreated) -> None:
    """Run the experiments in their order and show progress until all have ended.

    Raises:
        typer.Exit: with code 1 if one did not complete, after saying why.
    """
    completed = True
    for name, experiment in zip(_names(created), created.experiments, strict=True):
        api.post(f"/experiments/{experiment.id}/run", ExperimentOut)
        say(f"{name}: waiting for {experiment.total:,} answers")
        if follow(api, experiment.id, experiment.total) is not ExperimentStatus.COMPLETED:
            ended = api.get(f"/experiments/{experiment.id}", ExperimentOut)
            say(f"{name}: {ended.status}. {ended.reason or ''}")
            completed = False
    if not completed:
        raise typer.Exit(1)


def _show(comparison: ComparisonOut, took_s: float) -> None:
    """Print the scores, the differences as a forest plot, the verdict, and what it means."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    for column in ("right answers [95 % interval]", "median time", "tokens a question"):
        table.add_column(column, justify="right")
    for one in comparison.experiments:
        score, _, _, latency, tokens = cells(one, None, _SCORE)  # differences and p follow in words
        table.add_row(escape(one.label), score, latency, tokens)
    counts = [one.metrics.counts for one in comparison.experiments]
    cached = sum(one.cached for one in counts)
    kept = f", {cached:,} of them kept from earlier runs" if cached else ""
    console.print()
    console.print(f"{sum(one.ok for one in counts):,} answers in {took_s:.0f} s{kept}", highlight=False)
    console.print()
    console.print(table)
    differences = metric_of(comparison, _SCORE)
    forest = forest_of(comparison, differences)
    if forest:
        baseline = comparison.experiments[0].label
        console.print(f"\nDifference from {escape(baseline)}, with its 95 % interval:", highlight=False)
        console.print(escape("\n".join(forest)), highlight=False, soft_wrap=True)
    labels = {one.experiment_id: one.label for one in comparison.experiments}
    for each in differences:
        console.print()
        verdict = each.statistics.verdict if each.statistics else each.message
        console.print(f"[bold]Verdict: {escape(verdict)}[/]", highlight=False)
        for line in _in_words(each, labels[each.experiment_id], comparison.experiments[0].label):
            console.print(escape(line), highlight=False)
    console.print()


def _in_words(one: ScoreDifference, this: str, baseline: str) -> Sequence[str]:
    """Return what a difference and its p mean, for whoever does not know the terms."""
    lines: list[str] = []
    if one.only_this is not None and one.only_baseline is not None:
        lines.append(
            f"Answered right only with {this}: {_questions(one.only_this)}; "
            f"only with {baseline}: {_questions(one.only_baseline)}."
        )
    if one.statistics and one.statistics.outcome != "not_distinguishable":
        found = one.statistics
        lines.append(
            "If neither were better, chance alone would give a difference as large as this "
            f"{how_often(found.adjusted_p)}."
        )
    return lines


def _questions(count: int) -> str:
    return f"{f'{count:,}' if count else 'no'} {'question' if count == 1 else 'questions'}"


def how_often(p: float) -> str:
    """Return a probability as a number of comparisons, as people say it."""
    if p < _SMALLEST_P:
        return f"in fewer than 1 of {1 / _SMALLEST_P:,.0f} comparisons"
    return f"in about {fixed(1000 * p, 0)} of 1,000 comparisons"


def _say_what_is_next(file: Path) -> None:
    """Say which commands lead on from here."""
    command = _command()
    steps = {
        "the same for another model (`models` lists them)": f"run {_short_path(file)} --model PROVIDER/MODEL",
        "one experiment alone": f"run {_short_path(_SINGLE)}",
        "your own questions": "datasets add --help",
    }
    console.print("Next, in another terminal:", highlight=False)
    for what, arguments in steps.items():
        console.print(f"  {what}\n    {command} {arguments}", highlight=False, soft_wrap=True)
    console.print()


def _command() -> str:
    """Return what calls this program: its name if the shell finds it, else its path."""
    program = Path(sys.executable).with_name("llmforge")
    return "llmforge" if shutil.which("llmforge") else _short_path(program)


def _short_path(path: Path) -> str:
    """Return a path as seen from the working folder, if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
