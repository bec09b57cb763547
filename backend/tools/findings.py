"""Numbers and pictures in documents, from the committed data: ``python -m tools.findings [--write]``.

Every ``<!--= FILE / WHAT / … -->`` in README.md and below ``docs/`` is compared with
``docs/findings/data/FILE.jsonl.gz``, or with the judges that were measured on its labelled answers; with
``--write``, it is written anew. The pictures of these marks are drawn into ``docs/images/findings/``.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from app.schemas.comparison import ComparisonOut
from app.services.report.data import read
from app.services.report.figures.draw import draw_all
from app.services.report.numbers import PICTURE, forest_of, picture_name, pictures_in, refreshed, value_of
from tools.judges import LABELS, judge_value

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "docs" / "findings" / "data"
PICTURES = ROOT / "docs" / "images" / "findings"
COMMAND = "python -m tools.findings --write"


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


def stale(files: list[Path], *, write: bool = False, pictures: Path = PICTURES) -> Iterator[str]:
    """Yield a line for each document whose numbers or pictures differ from the data, or name no data.

    Args:
        files: Markdown.
        write: write numbers and pictures anew instead.
        pictures: folder of the pictures.
    """
    for file in files:
        text = file.read_text(encoding="utf-8")
        try:
            anew = refreshed(text, partial(_value_in, os.path.relpath(pictures, file.parent)))
            drawn = {picture_name(*one): _drawn(*one) for one in pictures_in(text)}
        except ValueError as error:
            yield f"{file}: {error}"
            continue
        stored = {pictures / name: content for name, content in drawn.items()}
        differing = {path for path, content in stored.items() if not _holds(path, content)}
        if write:
            pictures.mkdir(parents=True, exist_ok=True)
            for path in differing:
                path.write_bytes(stored[path])
            file.write_text(anew, encoding="utf-8")
        elif anew != text or differing:
            yield f"{file}: numbers or pictures differ from the data; `{COMMAND}` writes them anew"


def _value_in(pictures: str, name: str, path: Sequence[str]) -> str:
    """Return a value for a document from which the folder of pictures has this address."""
    written = value(name, path)
    if path[0] != "forest":
        return written
    return written.replace(PICTURE, f"]({pictures}/{picture_name(name, path[1])})", 1)


@cache
def _drawn(name: str, score: str) -> bytes:
    figure = forest_of(comparison_of(name), score)
    return draw_all([figure]).files[f"{figure.name}-light.svg"]


def _holds(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def main() -> int:
    """Run the check and return the exit code."""
    found = list(stale(documents(), write="--write" in sys.argv[1:]))
    sys.stdout.write("\n".join(found or ["Numbers in documents: nothing to mend."]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
