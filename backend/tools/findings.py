"""Numbers in documents, from the committed data: ``python -m tools.findings [--write]``.

Every ``<!--= FILE / WHAT / … -->`` in README.md and below ``docs/`` is compared with
``docs/findings/data/FILE.jsonl.gz``, or with the judges that were measured on its labelled answers; with
``--write``, it is written anew.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from app.schemas.comparison import ComparisonOut
from app.services.report.data import read
from app.services.report.numbers import refreshed, value_of
from tools.judges import LABELS, judge_value

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "docs" / "findings" / "data"


@cache
def comparison_of(name: str) -> ComparisonOut:
    """Return the comparison of a committed data file.

    Raises:
        ValueError: if there is no file of that name.
    """
    file = DATA / f"{name}.jsonl.gz"
    if file not in DATA.glob("*.jsonl.gz"):
        raise ValueError(f"There is no {file.relative_to(ROOT)}.")
    return read(file).comparison


def value(name: str, path: Sequence[str]) -> str:
    """Return a value of a committed data file as Markdown.

    Raises:
        ValueError: if there is no such file, or no such value in it.
    """
    if name == LABELS:
        return judge_value(DATA / f"{name}.jsonl.gz", path)
    return value_of(comparison_of(name), path)


def documents() -> list[Path]:
    """Return the documents whose numbers are checked."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def stale(files: list[Path], *, write: bool = False) -> Iterator[str]:
    """Yield a line for each document whose numbers differ from the data, or name what is not there."""
    for file in files:
        text = file.read_text(encoding="utf-8")
        try:
            anew = refreshed(text, value)
        except ValueError as error:
            yield f"{file}: {error}"
            continue
        if anew == text:
            continue
        if write:
            file.write_text(anew, encoding="utf-8")
        else:
            yield f"{file}: numbers differ from the data; `python -m tools.findings --write` writes them anew"


def main() -> int:
    """Run the check and return the exit code."""
    found = list(stale(documents(), write="--write" in sys.argv[1:]))
    sys.stdout.write("\n".join(found or ["Numbers in documents: nothing to mend."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
