"""Commands about the platform: up, worker, api, models, doctor."""

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.client import JsonOption, connected, fail, say
from app.cli.render import console, print_json
from app.cli.serving import open_browser, print_addresses, serving
from app.core.config import get_settings
from app.schemas.catalog import CatalogOut, ModelOut, ProviderOut

_STATE_STYLE = {
    "ready": "green",
    "not_checked": "dim",
    "key_missing": "yellow",
    "address_missing": "dim",
    "file_missing": "red",
    "unreachable": "red",
}


def up() -> None:
    """Start the platform (API, workers, embedded servers) and keep it running."""
    with serving(patient=True) as platform:
        say("")
        print_addresses(platform.url)
        open_browser(f"{platform.url}/")
        platform.watch()


def worker() -> None:
    """Run a worker with DATABASE_URL and REDIS_URL; any number may run, on any machine."""
    if not get_settings().redis_url.get_secret_value():
        raise fail("A worker needs REDIS_URL and DATABASE_URL.", "`llmforge up` starts its own workers.")
    os.execv(sys.executable, [sys.executable, "-m", "app.tasks.worker"])


def api() -> None:
    """Run only the API, with DATABASE_URL and REDIS_URL."""
    settings = get_settings()
    from app.launcher import api_command

    os.environ["LLMFORGE_EPHEMERAL"] = "0"  # its database is no embedded one
    command = api_command(settings.host, settings.port)
    os.execv(command[0], command)


def models(
    check: Annotated[
        bool, typer.Option("--check", help="Ask each provider that has what it needs whether it answers.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """List the models of the catalog, and what is missing to use them.

    A model behind an endpoint is "not checked" until the endpoint was asked, and "ready" once it answered.
    """
    with connected() as client:
        catalog = client.get("/models", CatalogOut, check=check)
    if json:
        print_json(catalog)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("Model", no_wrap=True)
    table.add_column("State", no_wrap=True)
    for column in ("$/1M in", "out", "Context"):
        table.add_column(column, justify="right")
    for model in catalog.models:
        price, context = model.usd_per_1m, model.context_window
        table.add_row(
            escape(model.name),
            _state(model),
            f"{price.input:g}" if price else "–",
            f"{price.output:g}" if price else "–",
            f"{context:,}" if context else "–",
        )
    listed = {model.provider for model in catalog.models}
    for provider in catalog.providers:
        if provider.open and provider.name not in listed:
            table.add_row(f"{provider.name}/…", _state(provider), "–", "–", "–")
    console.print(table)
    free = ", ".join(f"{provider.name}/…" for provider in catalog.providers if provider.open)
    console.print(f"[dim]These providers accept models that are not listed, too: {free}[/]")
    for provider in catalog.providers:
        if check and provider.message and provider.state == "unreachable":
            console.print(f"[red]{escape(provider.name)}[/]: {escape(provider.message)}")


def _state(one: ModelOut | ProviderOut) -> str:
    """Return a state in its colour; for a missing key, the variable to set."""
    refused = one.state == "key_missing" and "refused" in one.message
    text = one.state.replace("_", " ")
    if one.state == "address_missing":
        text = f"set {one.base_url_env}" if isinstance(one, ProviderOut) else text
    if one.state == "key_missing":
        text = f"{one.api_key_env} refused" if refused else f"set {one.api_key_env}"
    return f"[{_STATE_STYLE[one.state]}]{text}[/]"


def doctor(json: JsonOption = False) -> None:
    """Check the installation: what is configured, what answers, and what to do if something does not.

    Exit code 1 if a check fails.
    """
    from app.cli.doctor import diagnose

    checks = diagnose(get_settings())
    if json:
        print_json([check.as_dict() for check in checks])
    else:
        marks = {"ok": "[green]✓[/]", "note": "[dim]·[/]", "bad": "[red]✗[/]"}
        table = Table(box=None, show_header=False, pad_edge=False)
        for check in checks:
            table.add_row(marks[check.state], check.name, escape(check.message))
            if check.advice:
                table.add_row("", "", f"[yellow]{escape(check.advice)}[/]")
        console.print(table)
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)
