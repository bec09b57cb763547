"""The command ``repeats``: what varies between questions, and what when one is asked again."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected
from app.cli.comparisons import OUTCOME_STYLE, MetricOption, ScoringOption
from app.cli.render import console, print_json
from app.client.api import Query
from app.core.visible import visible
from app.domain.rounding import format_p, interval, interval_in_points, percent, signed_points
from app.schemas.compared_repeats import ComparedRepeatsOut
from app.schemas.repeats import FlickeringQuestionOut, PassesOut, RepeatsOut

_LONGEST = 60  # characters of a question or an answer
_LISTED = 10


def repeats(
    experiments: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="An experiment; or several, to compare with the first of them."),
    ],
    metric: MetricOption = "exact_match",
    scoring: ScoringOption = None,
    json: JsonOption = False,
) -> None:
    """Show what chance does: variance within questions, pass@k and pass^k, answers that flicker.

    With several experiments: the paired differences of pass@k and pass^k from the first.
    """
    with connected(start=False) as api:
        ids = [str(api.resolve(one)) for one in experiments]
        params: dict[str, Query] = {"score": metric, **({"scoring": scoring} if scoring else {})}
        if len(ids) > 1:
            compared = api.get("/results/compare/repeats", ComparedRepeatsOut, ids=ids, **params)
        else:
            found = api.get(f"/results/{ids[0]}/repeats", RepeatsOut, **params)
    if json:
        print_json(compared if len(ids) > 1 else found)
    elif len(ids) > 1:
        _show_compared(compared)
    else:
        _show(found)


def _show(found: RepeatsOut) -> None:
    for line in found.message:
        console.print(escape(visible(line)), highlight=False)
    if found.passes:
        console.print(_passes(found.passes))
    if found.flickering:
        console.print(_flickering(found.flickering[:_LISTED]))


def _show_compared(found: ComparedRepeatsOut) -> None:
    names = {one.experiment_id: one.label for one in found.experiments}
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Experiment", overflow="fold")
    for head in ("of k answers", "Questions", names[found.baseline_id], "this", "Difference", "p (Holm)"):
        table.add_column(escape(visible(head)), justify="right")
    for one in found.differences:
        difference = f"{signed_points(one.difference)} {interval_in_points(one.low, one.high)}"
        table.add_row(
            escape(visible(names[one.experiment_id])),
            f"{'pass@' if one.measure == 'any' else 'pass^'}{one.k}",
            f"{one.questions:,}",
            percent(one.baseline),
            percent(one.this),
            f"[{OUTCOME_STYLE[one.outcome]}]{escape(difference)}[/]",
            format_p(one.adjusted_p),
        )
    if found.differences:
        console.print(table)
    console.print(f"[dim]{escape(found.note)}[/]", highlight=False)


def _passes(passes: list[PassesOut]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for head in ("k", "pass@k: any right", "pass^k: all right", "questions"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in passes:
        table.add_row(str(one.k), interval(one.any_right), interval(one.all_right), f"{one.questions:,}")
    return table


def _flickering(questions: list[FlickeringQuestionOut]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Question", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("answers", overflow="fold")
    for one in questions:
        answers = ", ".join(f"{_short(answer.answer or '(none)')} ×{answer.count}" for answer in one.answers)
        more = ", …" if one.distinct > len(one.answers) else ""
        table.add_row(escape(_short(one.question)), percent(one.score), escape(answers + more))
    return table


def _short(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
