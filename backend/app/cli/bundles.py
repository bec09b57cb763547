"""The command that verifies a bundle."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, fail, say
from app.cli.render import console, print_json
from app.core.errors import AppError
from app.core.visible import visible

if TYPE_CHECKING:
    from app.services.bundles.verify import Difference, Verified

_SHOWN = 40
"""Differences of a part that are shown."""
_LONGEST = 60
"""Characters of a value that are shown."""


def verify(
    file: Annotated[Path, typer.Argument(help="What `llmforge export ID … -f bundle` wrote.")],
    json: JsonOption = False,
) -> None:
    """Compute the numbers of a bundle again, from its runs alone, and list what differs.

    No database, no network and no running platform are needed. The exit code is 1 if something differs.
    """
    from app.services.bundles.verify import verify as verified  # it imports what no other command needs

    try:
        parts = asyncio.run(verified(file))
    except AppError as error:
        raise fail(error.message, error.hint or "") from error
    if json:
        print_json(parts)
    else:
        for part in parts:
            _show(part)
    differences = sum(len(part.differences) for part in parts)
    if differences:
        say(f"{differences:,} values differ from what the runs say.")
        raise typer.Exit(1)
    say("The bundle says what its runs say.")


def _show(part: "Verified") -> None:
    counts = (
        (part.files, "files"),
        (part.runs, "runs"),
        (part.scores, "scores computed again"),
        (part.numbers, "numbers computed again"),
    )
    said = ", ".join(f"{count:,} {words}" for count, words in counts if count)
    outcome = f"{len(part.differences):,} differ" if part.differences else "all as stated"
    console.print(f"{escape(visible(part.name))}: {said}; {outcome}", soft_wrap=True)
    for line in part.taken:
        console.print(f"  {escape(visible(line))}", soft_wrap=True)
    if part.differences:
        console.print(_table(part.differences[:_SHOWN]))
        if len(part.differences) > _SHOWN:
            console.print(f"  and {len(part.differences) - _SHOWN:,} more; --json has all")


def _table(differences: "list[Difference]") -> Table:
    table = Table("where", "stated", "by the runs", box=None, pad_edge=True)
    for one in differences:
        table.add_row(*(_cell(text) for text in (one.where, one.stated, one.found)))
    return table


def _cell(text: str) -> str:
    shown = visible(text)
    return escape(shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…")
