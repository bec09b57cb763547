"""Writes the pages of ``docs/reference`` that are made from the code: ``python -m tools.reference``.

With ``--check`` nothing is written: the exit code says whether the pages are what the code makes.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tools.reference.api import api
from tools.reference.command_line import command_line
from tools.reference.configuration import configuration
from tools.reference.messages import messages
from tools.reference.metrics import metrics
from tools.reference.settings import settings

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "configuration.md": configuration,
    "command-line.md": command_line,
    "settings.md": settings,
    "metrics.md": metrics,
    "api.md": api,
    "messages.md": messages,
}


def main(arguments: Sequence[str] = ()) -> int:
    """Write or check the pages; return the exit code."""
    stale = []
    for name, make in PAGES.items():
        file, text = FOLDER / name, make()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                FOLDER.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    if "--check" in arguments and stale:
        sys.stderr.write(f"docs/reference is not what the code makes: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
