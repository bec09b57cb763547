"""Markdown of texts by others: what they hold is shown, and never acts as markup.

Names, reasons and answers of models come from outside. In Markdown they could begin a link, an image, raw
HTML, a formula, or end the cell of a table.
"""

import re
from collections.abc import Sequence

from app.core.visible import visible

_MARKUP = re.compile(r"[\\`*_{}\[\]<>|~$&]|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\w)@(?=\w)")
"""What acts within a line, and where GitHub makes a link of a bare address."""
_AT_THE_START = re.compile(r"^([-+#=]|\d+(?=[.)](?:\s|$)))")
_SHORTEST_FENCE = 3


def plain(text: str) -> str:
    """Return a text of others as Markdown that shows it in one line."""
    line = " ".join(visible(text).split())
    escaped = _MARKUP.sub(lambda found: f"\\{found[0]}", line)
    return _AT_THE_START.sub(_start, escaped)


def _start(found: re.Match[str]) -> str:
    mark = found[0]
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def code(text: str) -> str:
    """Return a text of others as a block of code, which keeps its lines and cannot be ended by it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(_SHORTEST_FENCE, longest + 1)
    return f"{fence}text\n{visible(text)}\n{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, of cells that are Markdown already."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
