"""Commands about datasets."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, input_told, say
from app.cli.comparisons import ScoringOption
from app.cli.render import console, print_json
from app.client.api import Api
from app.client.uploads import TIMEOUT_S, opened
from app.domain.comparison_filter import AgreementFilter
from app.domain.json import JsonObject
from app.domain.run_selection import RunFilter
from app.schemas.catalog import DatasetAdded, DatasetOut
from app.schemas.scoring import ORIGINAL
from app.services.imports.published_formats import CORPUS, QRELS, QUERIES

app = typer.Typer(help="List and add datasets.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="Lower-case letters, digits, and . _ -")]


@app.command("list")
def list_datasets(json: JsonOption = False) -> None:
    """List all versions of all datasets."""
    with connected() as api:
        rows = api.get("/datasets", list[DatasetOut])
        if json:
            print_json(rows)
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("Name", "Version", "Size", "Scoring", "Licence", "Description"):
            table.add_column(column, justify="right" if column == "Size" else "left")
        for row in rows:
            cells = (row.version, f"{row.size:,}", row.scoring, row.licence, row.description)
            table.add_row(row.name, *(escape(cell) for cell in cells))
        console.print(table)


@app.command("add")
def add_dataset(
    name: NameArgument,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSONL, CSV, .xlsx or Parquet with question, answer or answers, id, cluster. Or a published "
            "file of TriviaQA, HotpotQA, SQuAD or GSM8K, or a BEIR folder.",
        ),
    ],
    scoring: Annotated[
        str, typer.Option(help="squad, triviaqa, hotpotqa, gsm8k or multilingual; default: by the format.")
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Where a field is, if its column has another name: --map question=input.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Import a file or a BEIR folder; if a line or item is wrong, nothing is imported."""
    form = {"name": name, "scoring": scoring, "map": columns or []}
    with input_told(), opened(_parts(path)) as files, connected() as api:
        added = api.post("/datasets", DatasetAdded, data=form, files=files, timeout=TIMEOUT_S)
    _show_added(added, as_json=json)


@app.command("from-runs")
def from_runs(
    name: NameArgument,
    experiment: Annotated[str, typer.Argument(metavar="ID", help="An experiment: id, or its beginning.")],
    outcome: Annotated[
        RunFilter, typer.Option("--filter", help="correct, partial, wrong, unscored, failed, cached or all.")
    ] = "all",
    metric: Annotated[str, typer.Option(help="The score that --filter is about.")] = "exact_match",
    text: Annotated[str, typer.Option(help="Words in question, answer or output.")] = "",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", metavar="KEY=VALUE", help="Such as topic=music.")
    ] = None,
    failure_kinds: Annotated[
        list[str] | None, typer.Option("--failure-kind", help="Such as rate_limit or timeout.")
    ] = None,
    attributions: Annotated[
        list[str] | None,
        typer.Option("--attribution", help="supported, unsupported, misread or not_retrieved."),
    ] = None,
    scoring: Annotated[str, typer.Option(help="By which scoring --filter goes.")] = ORIGINAL,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", help="What people's labels say: right, wrong, unclear or none."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a dataset of the questions of an experiment's runs that pass all filters."""
    filters = {
        "filter": outcome,
        "score": metric,
        "scoring": scoring,
        "text": text,
        "slice": slices or [],
        "failure_kind": failure_kinds or [],
        "attribution": attributions or [],
        "label": labels or [],
    }
    with connected(start=False) as api:
        selection = {"kind": "runs", "experiment_id": str(api.resolve(experiment)), "filters": filters}
        _select(api, name, selection, as_json=json)


@app.command("from-comparison")
def from_comparison(
    name: NameArgument,
    ids: Annotated[list[str], typer.Argument(help="2 to 12 experiments: ids, or their first characters.")],
    outcome: Annotated[
        AgreementFilter,
        typer.Option(
            help="only_second: wrong in the first, right in the second; only_first, both, neither, differ, "
            "same, failed, misread, labelled_wrong or all."
        ),
    ] = "differ",
    metric: Annotated[str, typer.Option(help="The score that --outcome is about.")] = "exact_match",
    scoring: ScoringOption = None,
    json: JsonOption = False,
) -> None:
    """Make a dataset of the questions of a comparison, such as those that only one answers right."""
    with connected(start=False) as api:
        resolved = [str(api.resolve(one)) for one in ids]
        selection = {"kind": "comparison", "ids": resolved, "score": metric, "outcome": outcome}
        selection |= {"scorings": scoring} if scoring else {}
        _select(api, name, selection, as_json=json)


def _select(api: Api, name: str, selection: JsonObject, *, as_json: bool) -> None:
    body = {"name": name, "selection": selection}
    _show_added(api.post("/datasets/selections", DatasetAdded, json=body), as_json=as_json)


def _show_added(added: DatasetAdded, *, as_json: bool) -> None:
    if as_json:
        print_json(added)
        return
    what = "added" if added.created else "exists already:"
    say(f"{what} {added.name} {added.version} ({added.size:,} examples, {added.scoring})")
    if added.description:
        say(added.description)
    for warning in added.warnings:
        say(f"warning: {warning}")


def _parts(path: Path) -> list[tuple[str, str, Path]]:
    """Return form field, name and path of each file to upload."""
    if not path.is_dir():
        return [("file", path.name, path)]
    names = [name for name in (CORPUS, QUERIES, *QRELS) if (path / name).is_file()]
    judged = [name for name in names if name in QRELS][:1]
    if not judged or not {CORPUS, QUERIES} <= set(names):
        raise fail(
            f"The folder {path} is not a BEIR folder.",
            f"It needs {CORPUS}, {QUERIES}, and {' or '.join(QRELS)}.",
        )
    folder = path.resolve().name
    return [("files", f"{folder}/{name}", path / name) for name in (CORPUS, QUERIES, *judged)]
