"""The command that shows what was spent."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import console, print_json
from app.domain.rounding import dollars
from app.schemas.spending import SpendingOut, SpendingSums
from app.services.execution.budget_wording import budget_line

_NOT_KNOWN = "not known"


def spending(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day (UTC).")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day (UTC); default: today.")
    ] = None,
    by: Annotated[Literal["model", "method", "day"], typer.Option(help="Rows of the table.")] = "model",
    csv: Annotated[
        Path | None, typer.Option(help="Write a CSV file, by day, model and method, instead.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what the runs of a period have taken, 30 days if left out: calls, tokens and US dollars."""
    params = {"since": _day(since), "until": _day(until)}
    given = {name: value for name, value in params.items() if value is not None}
    with connected() as api:
        if csv is not None:
            content = api.send("GET", "/spending/export", params=given)
            try:
                csv.write_bytes(content)
            except OSError as error:
                raise fail(f"Cannot write {csv}: {error.strerror}.") from error
            say(f"wrote {csv}")
            return
        found = api.get("/spending", SpendingOut, **given)
    if json:
        print_json(found)
        return
    console.print(_table(found, by))
    if found.budget is not None:
        console.print(budget_line(found.budget))
    for note in found.notes:
        say(note)


def _day(value: datetime | None) -> str | None:
    return None if value is None else date.isoformat(value.date())


def _table(found: SpendingOut, by: Literal["model", "method", "day"]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.title = f"{found.since} to {found.until} (UTC)"
    table.add_column(by.capitalize())
    for name in ("Calls", "Prompt tokens", "Completion tokens", "Cost", "Saved by the cache"):
        table.add_column(name, justify="right")
    rows: list[tuple[str, SpendingSums]] = (
        [(str(one.day), one) for one in found.by_day]
        if by == "day"
        else [(one.name, one) for one in (found.by_model if by == "model" else found.by_method)]
    )
    for name, sums in [*rows, ("all", found.total)]:
        table.add_row(escape(name), *_cells(sums), style="bold" if sums is found.total else None)
    return table


def _cells(sums: SpendingSums) -> list[str]:
    cost = _money(sums.usd)
    if sums.usd is not None and sums.runs_without_price:
        cost += f" + {sums.runs_without_price:,} runs {_NOT_KNOWN}"
    counts = (sums.calls, sums.prompt_tokens, sums.completion_tokens)
    return [*(f"{count:,}" for count in counts), cost, _money(sums.saved_usd)]


def _money(usd: float | None) -> str:
    return _NOT_KNOWN if usd is None else dollars(usd)
