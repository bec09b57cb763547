"""Reading answers that people have labelled as faithful or unfaithful to a text."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from app.core.errors import InvalidInput
from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.validation import Labelled
from app.services.imports.files import Report, decode
from app.services.imports.rows import jsonl_rows

_FAITHFUL = {
    "faithful": True,
    "unfaithful": False,
    "fully attributable": True,
    "not fully attributable": False,
}
_NO_CLAIM = "no claim"
"""Label of an answer that says nothing that could be unfaithful; such a line is left out."""
_HINT = (
    'JSONL: "context" (or a list "passages"), "question", "answer", and "label" (faithful, unfaithful or '
    "no claim); TSV with a header: knowledge, message, response, begin_label."
)


def read_labelled(path: Path) -> list[Labelled]:
    """Return the labelled answers of a file, which may be compressed (``.gz``).

    Raises:
        InvalidInput: listing each wrong line.
        OSError: if the file cannot be read.
    """
    text, report = decode(_content(path), path.name), Report()
    rows = _tsv_rows(text) if path.suffix.lower() == ".tsv" else jsonl_rows(text.split("\n"), report)
    found = []
    for line, row in rows:
        texts = row.get("passages", [row.get("context")])
        question, answer, label = (
            row.get("question"),
            row.get("answer"),
            str(row.get("label")).strip().lower(),
        )
        if label == _NO_CLAIM:
            continue
        faithful = _FAITHFUL.get(label)
        if not _are_texts(texts) or not _are_texts([question, answer]) or faithful is None:
            report.add(line, "needs context, question, answer, and a label that is faithful or unfaithful")
            continue
        found.append(Labelled(Claim(str(question), str(answer), tuple(texts)), faithful))
    report.raise_if_any(path.name, _HINT)
    return found


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix.lower() != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise InvalidInput(f"{path.name} is cut off or damaged, or not compressed with gzip.") from error


def _are_texts(values: object) -> TypeGuard[list[str]]:
    return isinstance(values, list) and bool(values) and all(isinstance(one, str) for one in values)


def _tsv_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a file of BEGIN, a benchmark of attribution in dialogue.

    Answers labelled as generic are left out: they make no claim that could be unfaithful.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    for row in reader:
        label = (row.get("begin_label") or "").strip()
        if label.lower() in _FAITHFUL:
            names = {"context": "knowledge", "question": "message", "answer": "response"}
            yield reader.line_num, {name: row.get(of) or "" for name, of in names.items()} | {"label": label}
