"""A bar for wherever this runs: a notebook, a terminal, or nothing where nobody looks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from app.client.progress import Show, terminal_bar
from llmforge import markup


@contextmanager
def progress_bar(total: int) -> Iterator[Show]:
    """Give what shows how many runs are done, and a line beside that."""
    display = _notebook_display()
    if display is not None:
        yield _html_bar(display, total)
        return
    with terminal_bar(total, shown=sys.stderr.isatty()) as show:
        yield show


def _notebook_display() -> Any | None:
    """Return IPython's ``display`` module if this runs in a notebook, else ``None``."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if not getattr(shell, "kernel", None):  # a terminal's IPython has none
        return None
    return import_module("IPython.display")


def _html_bar(display: Any, total: int) -> Show:
    def html(done: int, line: str) -> Any:
        return display.HTML(markup.bar(done, total, line))

    handle = display.display(html(0, ""), display_id=True)
    return lambda done, line: handle.update(html(done, line))
