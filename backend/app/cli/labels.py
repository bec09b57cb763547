"""Commands about people's labels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.comparisons import ScoringOption
from app.cli.render import console, print_json
from app.client.api import Query
from app.domain.rounding import known_interval, known_points, known_value, percent, signed_points
from app.schemas.label import MOST_LABELS, LabelIn, LabelOut, LabelSummaryOut

app = typer.Typer(help="See what people say of answers, and add their labels.", no_args_is_help=True)

IdsArgument = Annotated[
    list[str], typer.Argument(metavar="ID…", help="Experiments: ids, or their first characters.")
]


@app.command()
def show(ids: IdsArgument, scoring: ScoringOption = None, json: JsonOption = False) -> None:
    """Show accuracy corrected by people's labels, and who agrees with whom; the first is the baseline."""
    with connected() as api:
        params: dict[str, Query] = {"ids": [str(api.resolve(one)) for one in ids]}
        params |= {"scoring": scoring} if scoring else {}
        found = api.get("/labels/summary", LabelSummaryOut, **params)
    if json:
        print_json(found)
        return
    if not found.labellers:
        say("Nobody has labelled an answer of these experiments yet. The page /label/ of the dashboard asks.")
        return
    people = ", ".join(f"{name} {count:,}" for name, count in found.labellers.items())
    say(f"labels: {people}; agreement of people: {known_value(found.people)}")
    console.print(_accuracies(found))
    if found.differences:
        console.print(_differences(found))
    console.print(_agreements(found))
    for note in found.notes:
        say(note)


@app.command("list")
def list_labels(ids: IdsArgument, json: JsonOption = False) -> None:
    """List all labels of some experiments."""
    with connected() as api:
        rows = api.get("/labels", list[LabelOut], ids=[str(api.resolve(one)) for one in ids])
    if json:
        print_json(rows)
        return
    table = _table("Run", "Question", "By", "Verdict", "Lacks", "Note")
    for row in rows:
        cells = (row.key, row.labeller, row.verdict, row.failure or "", row.note)
        table.add_row(str(row.run_id), *(escape(cell) for cell in cells))
    console.print(table)


@app.command()
def add(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSONL with run_id, labeller, verdict (right, wrong, unclear), failure, note.",
        ),
    ],
) -> None:
    """Store labels from a file; each takes the place of the same person's label of the same run."""
    labels = list(_read(path))
    if not labels:
        raise fail(f"{path} holds no label.")
    with connected() as api:
        for start in range(0, len(labels), MOST_LABELS):
            part = [one.model_dump() for one in labels[start : start + MOST_LABELS]]
            api.send("PUT", "/labels", json=part)
    say(f"stored {len(labels):,} labels")


def _read(path: Path) -> Iterator[LabelIn]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise fail(f"{path} cannot be read: {error.strerror}.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield LabelIn.model_validate(orjson.loads(line))
        except orjson.JSONDecodeError:
            raise fail(f"Line {number} of {path} is no JSON; nothing was stored.") from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise fail(f"Line {number} of {path}: {where}: {first['msg']}; nothing was stored.") from None


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table


def _accuracies(found: LabelSummaryOut) -> Table:
    table = _table("Experiment", "Labelled", "By labels alone", "With", "Says", "Corrected by labels")
    for one in found.experiments:
        head = (escape(one.name), f"{one.sampled:,} of {one.answered:,}", known_interval(one.labels_alone))
        for place, score in enumerate(one.scores):
            cells = (score.score, percent(score.naive), known_interval(score.corrected))
            table.add_row(*(head if place == 0 else ("", "", "")), *cells)
    return table


def _differences(found: LabelSummaryOut) -> Table:
    names = {one.experiment_id: one.name for one in found.experiments}
    table = _table("Difference from the first", "By labels alone", "With", "Says", "Corrected by labels")
    for one in found.differences:
        head = (escape(names[one.experiment_id]), known_points(one.labels_alone))
        for place, score in enumerate(one.scores):
            says = "–" if score.naive is None else signed_points(score.naive)
            table.add_row(
                *(head if place == 0 else ("", "")), score.score, says, known_points(score.corrected)
            )
    return table


def _agreements(found: LabelSummaryOut) -> Table:
    table = _table("Score", "Agrees with people", "Too lenient", "Too strict", "Krippendorff's alpha")
    for one in found.agreements:
        total = one.both + one.only_score + one.only_people + one.neither
        if total:
            same = f"{one.both + one.neither:,} of {total:,}"
            table.add_row(
                one.score, same, f"{one.only_score:,}", f"{one.only_people:,}", known_value(one.alpha)
            )
    return table
