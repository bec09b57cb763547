"""The command ``compare``, and running comparison files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import Api, JsonOption, connected, fail, say
from app.cli.files import read_mapping, with_overrides
from app.cli.follow import follow
from app.cli.forest import ForestRow, forest_lines
from app.cli.render import console, interval, milliseconds, number, percent, print_json, short
from app.cli.stages import show_stages
from app.core.visible import visible
from app.domain.generation import total_of
from app.domain.json import JsonObject
from app.domain.rounding import fixed, format_p, interval_in_points
from app.domain.scoring import DEFAULT_MARGIN
from app.domain.status import ExperimentStatus
from app.schemas.comparison import Compared, ComparisonCreated, ComparisonOut, EquivalenceOut, ScoreDifference
from app.schemas.result import Metrics
from app.schemas.stage_comparison import StageComparisonOut

MetricOption = Annotated[str, typer.Option(help="The score to compare.")]
MarginOption = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Of equivalence: the largest difference that does not matter; .02 is 2 points."
    ),
]
_WIDE = 110
_AMOUNTS = 2
"""Columns of amounts, the last ones of the table, which is shown whole from so many characters on."""
_STYLE = {"better": "green", "worse": "red", "not_distinguishable": "default"}
_NAME_WIDTH = 16  # of a column, at least


def compare(
    ids: Annotated[list[str], typer.Argument(help="2 to 12 experiments: ids, or their first characters.")],
    baseline: Annotated[str | None, typer.Option(help="One of them; default: the first.")] = None,
    metric: MetricOption = "exact_match",
    margin: MarginOption = DEFAULT_MARGIN,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a comment.")] = False,
    stages: Annotated[bool, typer.Option("--stages", help="Compare where the time goes instead.")] = False,
    json: JsonOption = False,
) -> None:
    """Compare experiments on the questions they share, with intervals and tests."""
    with connected(start=False) as api:
        chosen = {"baseline": str(api.resolve(baseline))} if baseline else {}
        resolved = [str(api.resolve(one)) for one in ids]
        comparison = api.get("/results/compare", ComparisonOut, ids=resolved, margin=margin, **chosen)
        if stages:
            _compare_stages(api, comparison, as_json=json)
            return
    if json:
        print_json(comparison)
    elif markdown:
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


def run_comparison(file: Path, overrides: JsonObject, *, detach: bool, as_json: bool) -> None:
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
            started.append(api.post("/comparisons", ComparisonCreated, json={"config": config}))
            if detach:
                continue
            completed &= _follow_all(api, started[-1], quiet=as_json)
            chosen = {"margin": config["margin"]} if "margin" in config else {}
            ids = [str(one) for one in started[-1].ids]
            compared.append(api.get("/results/compare", ComparisonOut, ids=ids, **chosen))
            if not as_json:
                show_comparison(compared[-1], "exact_match")
    if as_json:
        printed = started if detach else compared
        print_json(printed if len(printed) > 1 else printed[0])
    elif detach:
        for created in started:
            typer.echo(" ".join(map(str, created.ids)))
    if not completed:
        raise typer.Exit(1)


def comparisons(file: Path, overrides: JsonObject) -> list[JsonObject]:
    """Return the comparisons of a file: one for each of its ``datasets``, or one if it has none.

    A dataset given on the command line replaces all of them.
    """
    raw = read_mapping(file)
    base = raw.get("base")
    if not isinstance(base, dict):
        raise fail(f"{file} has variants but no base.", "A comparison has name, base and variants.")
    names = raw.pop("datasets", None)
    if names is not None and not (
        isinstance(names, list) and names and all(isinstance(n, str) for n in names)
    ):
        raise fail(f"{file}: datasets is not a list of names.", "Example: datasets: [gsm8k, trivia_qa]")
    if names is None or overrides.get("dataset.name"):
        return [{**raw, "base": with_overrides(base, overrides)}]
    if "name" in (base.get("dataset") or {}):
        raise fail(f"{file} has both datasets and base.dataset.name.", "Leave one of them out.")
    return [
        {
            **raw,
            "name": f"{raw.get('name')}, {name}",
            "base": with_overrides(base, {**overrides, "dataset.name": name}),
        }
        for name in names
    ]


def _follow_all(api: Api, created: ComparisonCreated, *, quiet: bool) -> bool:
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


def differences_of(comparison: ComparisonOut, metric: str) -> list[ScoreDifference]:
    """Return the differences of one score.

    Raises:
        typer.Exit: if the experiments have no differences of that score.
    """
    found = [one for one in comparison.differences if one.score == metric]
    if not found:
        shared = sorted({one.score for one in comparison.differences})
        raise fail(
            f"The experiments do not share a score {metric!r}.", f"They share: {', '.join(shared) or 'none'}."
        )
    return found


def show_comparison(comparison: ComparisonOut, metric: str) -> None:
    """Print a comparison for a person: warnings, table, verdicts."""
    differences = {one.experiment_id: one for one in differences_of(comparison, metric)}
    for line in warnings_of(comparison):
        say(f"warning: {line}")
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Experiment", min_width=_NAME_WIDTH, overflow="fold")
    # In a narrow terminal names would be cut to a letter: they matter more than the amounts.
    kept = len(_columns(metric)) - (_AMOUNTS if console.width < _WIDE else 0)
    for column in _columns(metric)[:kept]:
        table.add_column(column, justify="right", no_wrap=True)
    for experiment in comparison.experiments:
        cells = _cells(experiment, differences.get(experiment.experiment_id), metric)
        table.add_row(escape(experiment.label), *cells[:kept])
    console.print(table)
    forest = forest_of(comparison, [*differences.values()])
    if forest:
        console.print(escape("\n".join(["", *forest, ""])), highlight=False, soft_wrap=True)
    for one in differences.values():
        _show_verdict(comparison, one)
    for line in _of_families(comparison):
        console.print(f"[dim]{line}[/]", highlight=False)
    tied = comparison.tied_for_best.get(metric, [])
    names = [one.label for one in comparison.experiments if one.experiment_id in tied]
    if len(comparison.experiments) > 2:
        console.print(f"best, and not distinguishable from it: {escape(', '.join(names))}", highlight=False)


def _show_verdict(comparison: ComparisonOut, one: ScoreDifference) -> None:
    """Print the verdict on one difference, and what stands beside it."""
    if one.statistics:
        style = _STYLE[one.statistics.outcome]
        pairs = f"[dim]({one.n_paired:,} {'pair' if one.n_paired == 1 else 'pairs'})[/]"
        console.print(f"[{style}]{escape(one.statistics.verdict)}[/] {pairs}", highlight=False)
    else:
        console.print(f"[yellow]{escape(one.message)}[/]", highlight=False)
    if one.missing:
        console.print(f"[yellow]{escape(one.missing.message)}[/]", highlight=False)
    for line in _beside(comparison, one):
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


def as_markdown(comparison: ComparisonOut, metric: str) -> str:
    """Return a comparison as Markdown, for a comment or a report."""
    differences = {one.experiment_id: one for one in differences_of(comparison, metric)}
    head = ["experiment", *_columns(metric)]
    rows = [
        [_cell(one.label), *_cells(one, differences.get(one.experiment_id), metric, plain=True)]
        for one in comparison.experiments
    ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    lines += ["", *(f"> **Warning:** {_cell(line)}" for line in warnings_of(comparison))]
    for one in differences.values():
        lines.append(f"- {_cell(one.statistics.verdict if one.statistics else one.message)}")
    lines += [f"- {_cell(one.missing.message)}" for one in differences.values() if one.missing]
    lines += [f"- {_cell(line)}" for one in differences.values() for line in _beside(comparison, one)]
    return "\n".join([*lines, *(f"- {line}" for line in _of_families(comparison))])


def _beside(comparison: ComparisonOut, one: ScoreDifference) -> list[str]:
    """Return what is said beside a verdict: equivalence, how many answers are the same, other means."""
    same = [each.message for each in comparison.same_answers if each.experiment_id == one.experiment_id]
    lines = [equivalence_line(one.equivalence)] if one.equivalence else []
    return [*lines, *same, *_of_pairs(comparison, one)]


def equivalence_line(found: EquivalenceOut) -> str:
    """Return whether a difference is within the margin, and by which interval."""
    sentence = f"{found.sentence[0].upper()}{found.sentence[1:]}"
    interval = f"{percent(found.level)} interval {interval_in_points(found.low, found.high)}"
    more = "" if found.needed is None else f"; about {found.needed:,} questions would show it if none differs"
    return f"{sentence}: {interval}{more}."


def _of_pairs(comparison: ComparisonOut, one: ScoreDifference) -> list[str]:
    """Return the means that the difference is of, where those of all answers are others."""
    first, *_ = comparison.experiments
    this = next(each for each in comparison.experiments if each.experiment_id == one.experiment_id)
    scores = [each.metrics.scores.get(one.score) for each in (first, this)]
    if one.this is None or one.baseline is None or all(s and s.n == one.n_paired for s in scores):
        return []
    means = f"{first.label} {percent(one.baseline)}, {this.label} {percent(one.this)}"
    return [f"On the {one.n_paired:,} pairs alone: {means}."]


def _of_families(comparison: ComparisonOut) -> list[str]:
    """Return what must be said where p and intervals allow for several comparisons."""
    if all(one.statistics is None or one.statistics.family == 1 for one in comparison.differences):
        return []
    return ["p is adjusted by Holm for all comparisons of a score, and their intervals are simultaneous"]


def warnings_of(comparison: ComparisonOut) -> list[str]:
    """Return what makes experiments less comparable, with the questions that are not paired."""
    return [*comparison.warnings, *(one.message for one in comparison.unpaired if one.message)]


def _columns(metric: str) -> tuple[str, ...]:
    return (metric.replace("_", " "), "difference", "p (Holm)", "latency p50", "tokens a run")


def _cells(
    experiment: Compared, difference: ScoreDifference | None, metric: str, *, plain: bool = False
) -> list[str]:
    metrics = experiment.metrics
    score = metrics.scores.get(metric)
    change, p = "baseline" if difference is None else "–", ""
    if difference and difference.statistics and difference.difference is not None:
        statistics = difference.statistics
        change = (
            f"{fixed(100 * difference.difference, sign=True)} "
            f"{interval_in_points(statistics.simultaneous_low, statistics.simultaneous_high)}, "
            f"n = {difference.n_paired:,}"
        )
        p = format_p(statistics.adjusted_p).removeprefix("p ").removeprefix("= ")
        if not plain:
            change = f"[{_STYLE[statistics.outcome]}]{change}[/]"
    return [
        interval(score) if score else percent(None),
        change.replace("-", "−"),
        p,
        milliseconds(metrics.latency_ms.p50),
        number(_tokens_per_answer(metrics)),
    ]


def _tokens_per_answer(metrics: Metrics) -> float | None:
    if metrics.tokens_per_answer is not None:
        return metrics.tokens_per_answer
    # Results from before this was stored have the tokens of answered runs alone.
    counted = total_of([metrics.tokens.prompt, metrics.tokens.completion])
    return counted / metrics.counts.ok if counted is not None and metrics.counts.ok else None


def _cell(text: str) -> str:
    # Users choose the names: escape what would end a cell or begin a link.
    text = visible(text)
    for character in "\\|[]<>*_`":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")
