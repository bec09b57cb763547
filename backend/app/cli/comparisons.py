"""The command ``compare``, and running comparison files."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.annotations import tag_all
from app.cli.client import JsonOption, connected, fail, input_told, say
from app.cli.estimates import Rehearsal
from app.cli.files import read_mapping
from app.cli.follow import follow
from app.cli.forest import ForestRow, forest_lines
from app.cli.render import console, print_json, short
from app.cli.slices import show_slices
from app.cli.stages import show_stages
from app.client.api import Api
from app.client.files import comparisons_of
from app.domain.json import JsonObject
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.domain.status import ExperimentStatus
from app.schemas.comparison import ComparisonCreated, ComparisonOut, ScoreDifference
from app.schemas.comparison_wording import (
    about_families,
    about_scores,
    about_settling,
    cells,
    columns,
    differences_of,
    ordinary_verdict,
    said_beside,
    warnings_of,
)
from app.schemas.experiment import ExperimentOut
from app.schemas.slice_comparison import SlicedComparisonOut
from app.schemas.stage_comparison import StageComparisonOut
from app.services.comparisons.markdown import as_markdown
from app.services.comparisons.slice_markdown import slice_table

MetricOption = Annotated[str, typer.Option(help="The score to compare.")]
MarginOption = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Of equivalence: the largest difference that does not matter; .02 is 2 points."
    ),
]
ScoringOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scoring", help="Name of a scoring: once for all experiments, or once for each, in their order."
    ),
]
FamilyOption = Annotated[
    ScoreFamily,
    typer.Option(help="What p allows for: the comparisons of one score, or those of all scores (page)."),
]
_WIDE = 110
_AMOUNTS = 2
"""Columns of amounts, the last ones of the table, which is shown whole from so many characters on."""
OUTCOME_STYLE = {"better": "green", "worse": "red", "not_distinguishable": "default"}
_NAME_WIDTH = 16  # of a column, at least


def compare(
    ids: Annotated[list[str], typer.Argument(help="2 to 12 experiments: ids, or their first characters.")],
    baseline: Annotated[str | None, typer.Option(help="One of them; default: the first.")] = None,
    metric: MetricOption = "exact_match",
    margin: MarginOption = DEFAULT_MARGIN,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a comment.")] = False,
    stages: Annotated[bool, typer.Option("--stages", help="Compare where the time goes instead.")] = False,
    scoring: ScoringOption = None,
    family: FamilyOption = "score",
    by: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="Compare slice by slice: by a field of the questions, such as topic, or question_length.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare experiments on the questions they share, with intervals and tests."""
    with connected(start=False) as api:
        chosen: dict[str, Any] = {"baseline": str(api.resolve(baseline))} if baseline else {}
        resolved = [str(api.resolve(one)) for one in ids]
        chosen |= {"scoring": scoring} if scoring else {}
        if by is not None:
            params = {"ids": resolved, "score": metric, "by": by, "margin": margin, **chosen}
            found = api.get("/results/compare/slices", SlicedComparisonOut, **params)
            _print_slices(found, as_json=json, markdown=markdown)
            return
        chosen |= {"ids": resolved, "margin": margin, "family": family}
        comparison = api.get("/results/compare", ComparisonOut, **chosen)
        if stages:
            _compare_stages(api, comparison, as_json=json)
            return
    if json:
        print_json(comparison)
    elif markdown:
        metric_of(comparison, metric)
        typer.echo(as_markdown(comparison, metric))
    else:
        show_comparison(comparison, metric)


def _compare_stages(api: Api, comparison: ComparisonOut, *, as_json: bool) -> None:
    names = {one.experiment_id: one.label for one in comparison.experiments}
    found = api.get("/results/compare/stages", StageComparisonOut, ids=[*map(str, names)])
    if as_json:
        print_json(found)
    else:
        show_stages(found, names)


def _print_slices(found: SlicedComparisonOut, *, as_json: bool, markdown: bool) -> None:
    if as_json:
        print_json(found)
    elif markdown:
        typer.echo("\n".join([*slice_table(found), "", found.note]))
    else:
        show_slices(found)


def run_comparison(
    file: Path,
    overrides: JsonObject,
    rehearsal: Rehearsal,
    tags: Sequence[str],
    *,
    detach: bool,
    as_json: bool,
) -> None:
    """Run all variants of a comparison file on each of its datasets, and print the comparisons.

    Raises:
        typer.Exit: with code 1 if the file is wrong, or an experiment did not complete.
    """
    configs = comparisons(file, overrides)
    started: list[ComparisonCreated] = []
    compared: list[ComparisonOut] = []
    completed = True
    with connected(start=not detach) as api:
        for config in configs:
            if not rehearsal.goes_on(api, config, partial(_run_pilot, api)):
                continue
            started.append(api.post("/comparisons", ComparisonCreated, json={"config": config}))
            tag_all(api, started[-1].experiments, tags)
            if detach:
                continue
            completed &= follow_all(api, started[-1], quiet=as_json)
            chosen = {"margin": config["margin"]} if "margin" in config else {}
            ids = [str(one) for one in started[-1].ids]
            compared.append(api.get("/results/compare", ComparisonOut, ids=ids, **chosen))
            if not as_json:
                show_comparison(compared[-1], "exact_match")
    if rehearsal.dry_run:
        return
    if as_json:
        printed = started if detach else compared
        print_json(printed if len(printed) > 1 else printed[0])
    elif detach:
        for created in started:
            typer.echo(" ".join(map(str, created.ids)))
    if not completed:
        raise typer.Exit(1)


def _run_pilot(api: Api, config: JsonObject) -> None:
    created = api.post("/comparisons", ComparisonCreated, json={"config": config})
    if not follow_all(api, created, quiet=False):
        raise fail("The pilot did not complete.", "`llmforge list` shows why.")


def resume_comparison(api: Api, experiment_id: UUID, budget: JsonObject) -> ComparisonCreated:
    """Continue the comparison that an experiment belongs to, with this budget if it has any limit.

    Raises:
        typer.Exit: with code 1 if the experiment shares no budget.
    """
    experiment = api.get(f"/experiments/{experiment_id}", ExperimentOut)
    if experiment.budget_id is None:
        raise fail(
            f"{short(experiment_id)} shares no budget with other experiments.",
            "Resume it without --comparison.",
        )
    path = f"/comparisons/budgets/{experiment.budget_id}/resume"
    return api.post(path, ComparisonCreated, json={"budget": budget or None})


def show_when_ended(api: Api, created: ComparisonCreated, *, as_json: bool) -> None:
    """Follow a comparison to its end, print it, and exit with 1 unless all its experiments completed."""
    completed = follow_all(api, created, quiet=as_json)
    found = api.get("/results/compare", ComparisonOut, ids=[str(one) for one in created.ids])
    print_json(found) if as_json else show_comparison(found, "exact_match")
    if not completed:
        raise typer.Exit(1)


def comparisons(file: Path, overrides: JsonObject) -> list[JsonObject]:
    """Return the comparisons of a file: one for each of its ``datasets``, or one if it has none.

    A dataset given on the command line replaces all of them.

    Raises:
        typer.Exit: after printing what is wrong.
    """
    with input_told():
        return comparisons_of(read_mapping(file), file, overrides)


def follow_all(api: Api, created: ComparisonCreated, *, quiet: bool) -> bool:
    """Follow the experiments of a comparison until they end; return whether all completed."""
    statuses = []
    for experiment in created.experiments:
        say(f"{short(experiment.id)}  {experiment.name} ({experiment.total} runs)")
        try:
            statuses.append(follow(api, experiment.id, experiment.total, quiet=quiet))
        except KeyboardInterrupt:
            names = " ".join(short(one) for one in created.ids)
            say(f"\nStopped following; the experiments go on. When they have ended: llmforge compare {names}")
            raise typer.Exit(130) from None
    return all(status is ExperimentStatus.COMPLETED for status in statuses)


def metric_of(comparison: ComparisonOut, metric: str) -> list[ScoreDifference]:
    """Return the differences of one score.

    Raises:
        typer.Exit: if the experiments have no differences of that score.
    """
    found = differences_of(comparison, metric)
    if not found:
        shared = sorted({one.score for one in comparison.differences})
        raise fail(
            f"The experiments do not share a score {metric!r}.", f"They share: {', '.join(shared) or 'none'}."
        )
    return found


def show_comparison(comparison: ComparisonOut, metric: str) -> None:
    """Print a comparison for a person: warnings, table, verdicts."""
    differences = {one.experiment_id: one for one in metric_of(comparison, metric)}
    for line in warnings_of(comparison):
        say(f"warning: {line}")
    console.print(_comparison_table(comparison, differences, metric))
    forest = forest_of(comparison, [*differences.values()])
    if forest:
        console.print(escape("\n".join(["", *forest, ""])), highlight=False, soft_wrap=True)
    for line in about_settling(comparison):
        console.print(f"[bold]{escape(line)}[/]", highlight=False)
    for one in differences.values():
        _show_verdict(comparison, one)
    for line in [*about_families(comparison), *about_scores(comparison)]:
        console.print(f"[dim]{line}[/]", highlight=False)
    if any(one.n_paired > one.n_questions for one in differences.values()):
        console.print("[dim]pass@k and pass^k of the repeats: llmforge repeats ID ID[/]", highlight=False)
    tied = comparison.tied_for_best.get(metric, [])
    names = [one.label for one in comparison.experiments if one.experiment_id in tied]
    if len(comparison.experiments) > 2:
        console.print(f"best, and not distinguishable from it: {escape(', '.join(names))}", highlight=False)


def _comparison_table(
    comparison: ComparisonOut, differences: Mapping[UUID, ScoreDifference], metric: str
) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Experiment", min_width=_NAME_WIDTH, overflow="fold")
    # In a narrow terminal names would be cut to a letter: they matter more than the amounts.
    kept = len(columns(metric)) - (_AMOUNTS if console.width < _WIDE else 0)
    for column in columns(metric)[:kept]:
        table.add_column(column, justify="right", no_wrap=True)
    for experiment in comparison.experiments:
        difference = differences.get(experiment.experiment_id)
        score, change, *others = cells(experiment, difference, metric)
        if difference and difference.statistics:
            change = f"[{OUTCOME_STYLE[difference.statistics.outcome]}]{escape(change)}[/]"
        table.add_row(escape(experiment.label), *[escape(score), change, *others][:kept])
    return table


def _show_verdict(comparison: ComparisonOut, one: ScoreDifference) -> None:
    """Print the verdict on one difference, and what stands beside it."""
    if one.statistics:
        style = OUTCOME_STYLE[one.statistics.outcome]
        pairs = f"[dim]({one.n_paired:,} {'pair' if one.n_paired == 1 else 'pairs'})[/]"
        verdict = ordinary_verdict(comparison, one)
        console.print(f"[{style}]{escape(verdict)}[/] {pairs}", highlight=False)
    else:
        console.print(f"[yellow]{escape(one.message)}[/]", highlight=False)
    if one.missing:
        console.print(f"[yellow]{escape(one.missing.message)}[/]", highlight=False)
    for line in said_beside(comparison, one):
        console.print(f"[dim]{escape(line)}[/]", highlight=False)


def forest_of(comparison: ComparisonOut, differences: Sequence[ScoreDifference]) -> list[str]:
    """Return the differences as a forest plot in characters; no lines if none has an interval.

    The intervals are the simultaneous ones, which agree with the verdicts.
    """
    labels = {one.experiment_id: one.label for one in comparison.experiments}
    rows = [
        ForestRow(
            labels[one.experiment_id],
            one.difference,
            statistics.simultaneous_low,
            statistics.simultaneous_high,
        )
        for one in differences
        if (statistics := one.statistics) is not None and one.difference is not None
    ]
    return forest_lines(rows) if rows else []
