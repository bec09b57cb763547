"""All commands with their arguments and options, from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from app.cli import app
from app.core.config import PROJECT_ROOT
from tools.reference.markdown import cell, code, page, plain, table

_ABOUT = """\
`llmforge COMMAND --help` shows the same in the terminal. Commands that find no platform start one, and stop it
afterwards. Commands with `--json` print data for programs to stdout; messages go to stderr."""


def command_line() -> str:
    """Return the page."""
    return page("Command line", _ABOUT, (_section(path, command) for path, command in commands()))


def commands() -> Iterator[tuple[str, Any]]:
    """Yield each command with all words that call it."""
    yield from _below("llmforge", typer.main.get_command(app))


def _below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name, each in getattr(command, "commands", {}).items():
        below = f"{path} {name}"
        if hasattr(each, "commands"):
            yield from _below(below, each)
        else:
            yield below, each


def _section(path: str, command: Any) -> str:
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    arguments = [each for each in shown if not each.opts[0].startswith("-")]
    usage = " ".join([path, *(_argument(each) for each in arguments)])
    rows = [_row(each) for each in shown]
    parts = table(["", "default", "meaning"], rows) if rows else ""
    return f"## {path}\n\n```text\n{usage}\n```\n\n{plain(command.help or '')}\n\n{parts}"


def _argument(argument: Any) -> str:
    name = (argument.metavar or argument.name).upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _row(parameter: Any) -> list[str]:
    is_option = parameter.opts[0].startswith("-")
    names = [*parameter.opts, *parameter.secondary_opts] if is_option else [parameter.name.upper()]
    return [", ".join(map(code, names)), _default(parameter), cell(plain(parameter.help or ""))]


def _default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value in (None, False, "", (), []) or callable(value):
        return ""
    if value is True:
        return "on"
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return code(text.replace(f"{PROJECT_ROOT}/", ""))  # the page is the same wherever the project lies
