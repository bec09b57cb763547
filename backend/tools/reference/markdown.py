"""Pieces of Markdown that the pages are made of."""

from collections.abc import Iterable, Sequence

MADE = "<!-- Made by `python -m tools.reference`; a test holds this page to the code. -->\n"


def cell(text: str) -> str:
    """Return text as the cell of a table: on one line, with its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return text as a span of code in a table's cell."""
    return f"`{cell(text)}`" if text else ""


def plain(text: str) -> str:
    """Return text in which nothing is read as HTML or as a place of emphasis."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are as they shall be."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(line.replace("|  |", "| |") for line in lines) + "\n"


def page(title: str, about: str, parts: Iterable[str]) -> str:
    """Return a whole page."""
    return "\n".join([MADE, f"# {title}\n", f"{about}\n", *parts]).rstrip() + "\n"
