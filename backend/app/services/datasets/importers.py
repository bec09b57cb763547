"""Reading datasets from files: JSONL, CSV, published JSON, BEIR folders, and our own JSON.

A file with a wrong line is not imported at all: the error lists every wrong line, up to a limit.
"""

import csv
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from app.core.errors import FieldError, InvalidInput
from app.domain.examples import Dataset, Example
from app.domain.scoring import SCORING_RULES, ScoringRule, scoring_rule
from app.services.datasets.beir import of_folder
from app.services.datasets.published import Published, is_gsm8k, of_hotpotqa, of_json
from app.services.evaluation.normalise import gsm8k_strict
from app.services.imports.files import File, Report, decode, json_content
from app.services.imports.published_formats import is_hotpotqa
from app.services.imports.rows import MAX_ID_CHARS, Row, Rows, jsonl_rows, peek, unstorable

FileFormat = Literal["jsonl", "csv", "json"]
_MAX_ABOUT_CHARS = 2_000
_HINT = "Each line needs a question, and an answer or a list of answers."
_MAX_QUESTION_CHARS = 100_000
_MAX_ANSWERS = 1_000
_KNOWN = frozenset({"id", "question", "answer", "answers", "cluster"})

csv.field_size_limit(10_000_000)


def format_of(filename: str) -> FileFormat:
    """Return the format of a file, by the ending of its name.

    Raises:
        InvalidInput: if the ending is unknown.
    """
    suffix = Path(filename).suffix.lower()
    if suffix in {".jsonl", ".ndjson"}:
        return "jsonl"
    if suffix == ".csv":
        return "csv"
    if suffix == ".json":
        return "json"
    raise InvalidInput(
        f"Cannot tell the format of {filename!r}.",
        hint="Name it .jsonl (one JSON object a line), .csv (with a header line), or .json.",
        errors=[FieldError("file", "must end in .jsonl, .csv or .json")],
    )


def read_dataset(name: str, files: Sequence[File], scoring: ScoringRule | None = None) -> Dataset:
    """Return the dataset of one file, or of the files of a BEIR folder.

    Args:
        name: the dataset's.
        files: the uploaded files; several are a BEIR folder.
        scoring: the rule for its answers; ``None`` for the rule that its format implies.

    Raises:
        InvalidInput: listing the wrong lines or items, or naming the missing file; if the format is
            unknown, or there are no examples.
    """
    if len(files) > 1:
        found = of_folder(files)
        return _dataset(name, found, scoring, str(Path(found.file).parent.name or found.file))
    (file,) = files
    fmt = format_of(file.name)
    if fmt == "json":
        content = json_content(file, "file")
        if isinstance(content, dict) and isinstance(content.get("examples"), list):
            return _own(name, file, scoring)
        return _dataset(name, of_json(content, file.name), scoring, file.name)
    return _dataset(name, _of_text(decode(file.data, file.name), fmt), scoring, file.name)


def _of_text(text: str, fmt: FileFormat) -> Published:
    report = Report()
    if fmt == "csv":
        return Published(_csv_rows(text, report), report)
    first, rows = peek(jsonl_rows(text, report))
    if first is not None and is_hotpotqa(first[1]):
        return of_hotpotqa(rows, report)
    return Published(rows, report, "gsm8k" if first is not None and is_gsm8k(first[1]) else "squad")


def _dataset(name: str, found: Published, scoring: ScoringRule | None, source: str) -> Dataset:
    rule = scoring or found.scoring
    examples = _collect(found.rows, found.report, rule, found.file or source)
    return Dataset(name, rule, tuple(examples), description=" ".join(found.notes), source=source)


def _own(name: str, file: File, scoring: ScoringRule | None) -> Dataset:
    """Read a file in the format of the shipped datasets: fields about the dataset, and ``examples``."""
    content = json.loads(decode(file.data, file.name))  # unlike orjson it accepts integers of any length
    about = {key: content.get(key, "") for key in ("description", "licence", "source", "scoring")}
    rule = scoring or next((one for one in SCORING_RULES if one == (about["scoring"] or "squad")), None)
    if rule is None:
        raise InvalidInput(
            f"{file.name} names an unknown scoring rule.",
            errors=[FieldError("file", f"scoring must be one of {', '.join(SCORING_RULES)}")],
        )
    for key, value in about.items():
        if not isinstance(value, str) or len(value) > _MAX_ABOUT_CHARS or unstorable([value], {}):
            raise InvalidInput(
                f"The {key} of {file.name} must be a text of at most {_MAX_ABOUT_CHARS:,} characters.",
                errors=[FieldError("file", f"{key} is not a text, or is too long")],
            )
    report = Report("item")
    rows = _objects(content["examples"], report)
    examples = _collect(rows, report, rule, file.name)
    return Dataset(
        name, rule, tuple(examples), about["description"], about["licence"], about["source"] or file.name
    )


def _objects(items: list[object], report: Report) -> Rows:
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            yield number, item
        else:
            report.add(number, "is not an object")


def parse_examples(text: str, fmt: Literal["jsonl", "csv"], name: str, scoring: ScoringRule) -> list[Example]:
    """Return the examples of a file's ``text``.

    Raises:
        InvalidInput: listing each wrong line; or if there are no examples.
    """
    report = Report()
    rows = jsonl_rows(text, report) if fmt == "jsonl" else _csv_rows(text, report)
    return _collect(rows, report, scoring, name)


def _collect(rows: Rows, report: Report, scoring: ScoringRule, name: str) -> list[Example]:
    """Return the examples of all rows; raises ``InvalidInput`` if any row is wrong."""
    examples: list[Example] = []
    lines_by_key: dict[str, int] = {}
    for line, row in rows:
        example = _example(row, line, len(examples), report, scoring)
        if example is None:
            continue
        first = lines_by_key.setdefault(example.key, line)
        if first != line:
            report.add(line, f"the id {example.key!r} is already used by {report.place(first)}")
            continue
        examples.append(example)
    report.raise_if_any(name, _HINT.replace("line", report.unit))
    if not examples:
        raise InvalidInput(f"{name} has no examples.", errors=[FieldError("file", "is empty")])
    return examples


def _csv_rows(text: str, report: Report) -> Rows:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or []]
        if "question" not in header or not {"answer", "answers"} & set(header):
            report.add(1, "the header must have the columns question, and answer or answers")
            return
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            report.add(1, f"the header has a column twice: {', '.join(twice)}")
            return
        reader.fieldnames = header
        for row in reader:
            if None in row:
                report.add(reader.line_num, "has more cells than the header")
                continue
            values = {name: value for name, value in row.items() if value not in (None, "")}
            if not values:
                continue
            if "answers" in values:
                values["answers"] = _csv_answers(values["answers"])
            yield reader.line_num, values
    except csv.Error as error:
        report.add(reader.reader.line_num, f"is not CSV: {error}")


def _csv_answers(cell: str) -> object:
    if cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            pass
    return [part.strip() for part in cell.split("|") if part.strip()]


def _example(row: Row, line: int, position: int, report: Report, scoring: ScoringRule) -> Example | None:
    question = row.get("question")
    if not isinstance(question, str) or not question.strip():
        report.add(line, "question is missing or empty")
        return None
    if len(question) > _MAX_QUESTION_CHARS:
        report.add(line, f"question is longer than {_MAX_QUESTION_CHARS:,} characters")
        return None
    answers = _answers(row)
    if isinstance(answers, str):
        report.add(line, answers)
        return None
    key, cluster = (row.get(name) for name in ("id", "cluster"))
    metadata = {name: value for name, value in row.items() if name not in _KNOWN}
    problem = _label_problem("id", key) or _label_problem("cluster", cluster)
    problem = problem or unstorable([question, *answers, key, cluster], metadata)
    if problem is not None:
        report.add(line, problem)
        return None
    if scoring == "gsm8k" and len(answers) == 1 and (number := gsm8k_strict(answers[0])) is not None:
        metadata = {**metadata, "solution": answers[0]}
        answers = (number,)
    return Example(
        key=str(position) if key is None else str(key),
        question=question.strip(),
        answers=answers,
        cluster=None if cluster is None else str(cluster),
        metadata=metadata,
    )


def _answers(row: Row) -> tuple[str, ...] | str:
    """Return the accepted answers, or a message that says what is wrong with them."""
    given = row.get("answers")
    given = row.get("answer") if given is None else given
    if given is None:
        return "answer is missing (give answer, or a list answers)"
    values = given if isinstance(given, list) else [given]
    if any(isinstance(value, bool) or not isinstance(value, str | int | float) for value in values):
        return "answers must be texts or numbers"
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return "answers must be texts or finite numbers"
    texts = tuple(dict.fromkeys(str(value).strip() for value in values))
    texts = tuple(text for text in texts if text)
    if not texts:
        return "answer is empty"
    if len(texts) > _MAX_ANSWERS:
        return f"has more than {_MAX_ANSWERS} answers"
    return texts


def _label_problem(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return f"{name} must be a text or a number"
    if len(str(value)) > MAX_ID_CHARS:
        return f"{name} is longer than {MAX_ID_CHARS} characters"
    return None


def load_builtin(path: Path) -> Dataset:
    """Read a dataset that ships with the project.

    Raises:
        InvalidInput: naming the file and what is wrong with it.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        lines = "\n".join(json.dumps(row) for row in raw["examples"])
        rule = scoring_rule(raw["scoring"])
        return Dataset(
            name=raw["name"],
            scoring=rule,
            examples=tuple(parse_examples(lines, "jsonl", path.name, rule)),
            description=raw.get("description", ""),
            licence=raw.get("licence", ""),
            source=raw.get("source", ""),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput(f"The dataset file {path} cannot be read: {error!r}.") from error
