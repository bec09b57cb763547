"""Reading answers that people have labelled as faithful or unfaithful to a text."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

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
_HINT = (
    'JSONL: "context", "question", "answer", and "label" (faithful or unfaithful); '
    "TSV with a header: knowledge, message, response, begin_label."
)


def read_labelled(path: Path) -> list[Labelled]:
    """Return the labelled answers of a file.

    Raises:
        InvalidInput: listing each wrong line.
        OSError: if the file cannot be read.
    """
    text, report = decode(path.read_bytes(), path.name), Report()
    rows = _tsv_rows(text) if path.suffix.lower() == ".tsv" else jsonl_rows(text.split("\n"), report)
    found = []
    for line, row in rows:
        context, question, answer = (row.get(name) for name in ("context", "question", "answer"))
        faithful = _FAITHFUL.get(str(row.get("label", "")).strip().lower())
        if not all(isinstance(one, str) for one in (context, question, answer)) or faithful is None:
            report.add(line, "needs context, question, answer, and a label that is faithful or unfaithful")
            continue
        found.append(Labelled(Claim(str(question), str(answer), (str(context),)), faithful))
    report.raise_if_any(path.name, _HINT)
    return found


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
