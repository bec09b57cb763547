"""Commands about datasets."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import console, print_json

app = typer.Typer(help="List and add datasets.", no_args_is_help=True)


@app.command("list")
def list_datasets(json: JsonOption = False) -> None:
    """List all versions of all datasets."""
    with connected() as api:
        rows = api.get("/datasets")
        if json:
            print_json(rows)
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in ("Name", "Version", "Size", "Scoring", "Licence", "Description"):
            table.add_column(column, justify="right" if column == "Size" else "left")
        for row in rows:
            cells = (row["version"], f"{row['size']:,}", row["scoring"], row["licence"], row["description"])
            table.add_row(row["name"], *(escape(cell) for cell in cells))
        console.print(table)


@app.command("add")
def add_dataset(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, and . _ -")],
    file: Annotated[Path, typer.Argument(help="JSONL or CSV: question, answer or answers, id, cluster.")],
    scoring: Annotated[str, typer.Option(help="squad, triviaqa, hotpotqa or gsm8k.")] = "squad",
    json: JsonOption = False,
) -> None:
    """Import a JSONL or CSV file; a file with a wrong line is refused whole."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise fail(f"Cannot read {file}: {error.strerror}.") from error
    with connected() as api:
        form = {"name": name, "scoring": scoring}
        added = api.call("POST", "/datasets", data=form, files={"file": (file.name, data)}, timeout=300)
        if json:
            print_json(added)
            return
        what = "added" if added["created"] else "is there already:"
        say(f"{what} {added['name']} {added['version']} ({added['size']:,} examples, {added['scoring']})")
