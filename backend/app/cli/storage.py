"""The command that shows and removes what nothing needs any more."""

import re
from typing import Annotated, get_args

import typer
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import console, print_json
from app.schemas.storage import PruneKind, PruneOut

_TIMEOUT_S = 3600
_KINDS: tuple[str, ...] = get_args(PruneKind)
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.0}


def prune(
    older_than: Annotated[str, typer.Option(help="Age: 12h, 30d, 8w or 1y.")],
    what: Annotated[str, typer.Option(help=f"Any of {', '.join(_KINDS)}, separated by commas.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove what is old and not needed, for good: says first what it would free, by kind, and asks.

    What an experiment that is shown needs always stays: its runs, its dataset, what it continues.
    """
    days = _days(older_than)
    kinds = [kind.strip() for kind in what.split(",") if kind.strip()]
    for kind in kinds:
        if kind not in _KINDS:
            raise fail(f"There is no kind {kind!r}.", f"Choose from {', '.join(_KINDS)}.")
    body = {"older_than_days": days, "what": kinds}
    with connected() as api:
        planned = api.post(
            "/storage/prune", PruneOut, json={**body, "dry_run": True}, timeout=float(_TIMEOUT_S)
        )
        if dry_run and json:
            print_json(planned)
            return
        if not json:
            _print(planned)
        if dry_run:
            return
        if not any(part.count for part in planned.parts):
            say("Nothing to remove.")
            return
        if not yes:
            typer.confirm("Remove all this for good?", abort=True, err=True)
        done = api.post(
            "/storage/prune", PruneOut, json={**body, "dry_run": False}, timeout=float(_TIMEOUT_S)
        )
    if json:
        print_json(done)
    else:
        say(f"removed {sum(part.count for part in done.parts):,}, about {_size(done.total_bytes)}")


def _days(age: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([hdwy])", age.strip())
    if match is None:
        raise fail(f"{age!r} is no age.", "Write 12h, 30d, 8w or 1y.")
    return float(match[1]) * _DAYS[match[2]]


def _print(planned: PruneOut) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("What")
    table.add_column("Number", justify="right")
    table.add_column("About", justify="right")
    for part in planned.parts:
        table.add_row(f"{part.label} ({part.name})", f"{part.count:,}", _size(part.bytes))
    console.print(table)


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
