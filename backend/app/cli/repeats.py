"""The command ``repeats``: what varies between questions, and what when one is asked again."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected
from app.cli.comparisons import MetricOption
from app.cli.render import console, print_json
from app.core.visible import visible
from app.domain.rounding import interval, percent
from app.schemas.repeats import FlickeringQuestionOut, PassesOut, RepeatsOut

_LONGEST = 60  # characters of a question or an answer
_LISTED = 10


def repeats(
    experiment: Annotated[str, typer.Argument(help="An experiment: its id, or the first characters.")],
    metric: MetricOption = "exact_match",
    json: JsonOption = False,
) -> None:
    """Show what chance does: share of variance within questions, pass@k and pass^k, answers that flicker."""
    with connected(start=False) as api:
        found = api.get(f"/results/{api.resolve(experiment)}/repeats", RepeatsOut, score=metric)
    if json:
        print_json(found)
        return
    for line in found.message:
        console.print(escape(visible(line)), highlight=False)
    if found.passes:
        console.print(_passes(found.passes))
    if found.flickering:
        console.print(_flickering(found.flickering[:_LISTED]))


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
