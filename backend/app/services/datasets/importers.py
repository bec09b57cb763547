"""Reading datasets from files: JSONL, CSV, Excel, Parquet, published JSON, BEIR folders, and our own JSON.

A file with a wrong line is not imported at all: the error lists every wrong line, up to a limit.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import orjson

from app.core.errors import FieldError, InvalidInput
from app.domain.examples import Dataset
from app.domain.scoring import SCORING_RULES, ScoringRule, scoring_rule
from app.services.datasets.beir import of_folder
from app.services.datasets.columns import Columns
from app.services.datasets.published import Published, is_gsm8k, of_hotpotqa, of_json
from app.services.datasets.reading import Reading
from app.services.imports.files import File, Report, decode, json_content, open_text
from app.services.imports.published_formats import is_hotpotqa
from app.services.imports.rows import Rows, file_rows, peek, unstorable
from app.services.imports.tables import Table, binary_kind, csv_table, parquet_table, workbook_table

FileFormat = Literal["jsonl", "csv", "json", "xlsx", "parquet"]
_BY_SUFFIX: dict[str, FileFormat] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
_MAX_ABOUT_CHARS = 2_000
_START = 1_000_000  # bytes in which the first two lines of a file are looked for
_OUR_COLUMNS = Columns()


@dataclass(frozen=True, slots=True)
class Imported:
    """A dataset that was read from files.

    Attributes:
        dataset: complete and storable.
        warnings: sentences on what may be wrong with it.
    """

    dataset: Dataset
    warnings: tuple[str, ...] = ()


def format_of(file: File) -> FileFormat:
    """Return the format of a file: by its content where that tells, else by the ending of its name.

    Raises:
        InvalidInput: if it is unknown.
    """
    found = binary_kind(file) or _BY_SUFFIX.get(Path(file.name).suffix.lower())
    if found is None or (found in {"xlsx", "parquet"} and binary_kind(file) is None):
        raise InvalidInput(
            f"Cannot tell the format of {file.name!r}.",
            hint="Name it .jsonl (one JSON object a line), .csv or .tsv (with a header line), .xlsx, "
            ".parquet, or .json.",
            errors=[FieldError("file", f"must be one of {', '.join(_BY_SUFFIX)}")],
        )
    return _json_by_content(file.data[:_START], found)


def _json_by_content(data: bytes, named: FileFormat) -> FileFormat:
    """Return the format of a text that begins as JSON: people name JSONL ``.json``, and JSON ``.jsonl``."""
    start = data.removeprefix(BOM_UTF8).lstrip()
    if named == "jsonl" and start.startswith((b'[{"', b"[\n", b"[\r\n")):
        return "json"
    if named in {"json", "csv"} and start.startswith(b"{"):
        first, end, rest = start.partition(b"\n")
        if (end and rest.lstrip().startswith(b"{")) or named == "csv":
            with suppress(orjson.JSONDecodeError):
                return "jsonl" if isinstance(orjson.loads(first), dict) else named
    return named


def read_dataset(
    name: str, files: Sequence[File], scoring: ScoringRule | None = None, columns: Columns = _OUR_COLUMNS
) -> Imported:
    """Return the dataset of one file, or of the files of a BEIR folder; see ``open_dataset``.

    Raises:
        InvalidInput: listing the wrong lines or items, or naming the missing file; if the format is
            unknown, or there are no examples.
    """
    reading = open_dataset(name, files, scoring, columns)
    examples = tuple(reading)
    warnings = reading.warnings({one: examples[one].key for one in reading.checks.shown_keys()})
    about = (reading.description, reading.licence, reading.source)
    return Imported(Dataset(name, reading.scoring, examples, *about), warnings)


def open_dataset(
    name: str, files: Sequence[File], scoring: ScoringRule | None = None, columns: Columns = _OUR_COLUMNS
) -> Reading:
    """Return the dataset of one file, or of the files of a BEIR folder, to be read.

    Args:
        name: the dataset's.
        files: the uploaded files; several are a BEIR folder.
        scoring: the rule for its answers; ``None`` for the rule that its format implies.
        columns: where question and answers are, if a file is in none of the published formats.

    Raises:
        InvalidInput: if the format is unknown or the file cannot be read; for wrong rows, as they are read.
    """
    if len(files) > 1:
        found = of_folder(files)
        return _reading(name, found, scoring, str(Path(found.file).parent.name or found.file))
    (file,) = files
    fmt = format_of(file)
    if fmt == "json":
        content = json_content(file, "file")
        if isinstance(content, dict) and isinstance(content.get("examples"), list):
            return _own(name, file, scoring, columns)
        found = _of_list(content, columns) or of_json(content, file.name)
    else:
        found = _of_rows(file, fmt, columns)
    return _reading(name, found, scoring, file.name, columns)


def _reading(
    name: str, found: Published, scoring: ScoringRule | None, source: str, columns: Columns = _OUR_COLUMNS
) -> Reading:
    rule, file = scoring or found.scoring, found.file or source
    return Reading(name, rule, found.rows, found.report, file, columns, found.notes, source=source)


def _of_list(content: object, columns: Columns) -> Published | None:
    """Return the examples of a JSON file that is a list of objects like the lines of JSONL."""
    if not isinstance(content, list) or not content or not isinstance(content[0], dict):
        return None
    if not columns.given and (is_hotpotqa(content[0]) or not columns.fits(tuple(content[0]))):
        return None
    report = Report("item")
    return _of_own_rows(_objects(content, report), report, columns)


def _of_rows(file: File, fmt: FileFormat, columns: Columns) -> Published:
    report = Report("line" if fmt in {"jsonl", "csv"} else "row")
    if fmt != "jsonl":
        table = _table(file, fmt, report, columns)
        return _of_own_rows(_table_rows(table, report, columns), report, columns, table.notes)
    first, rows = peek(file_rows(file, report))
    if first is not None and not columns.given and is_hotpotqa(first[1]):
        return of_hotpotqa(rows, report)
    return _of_own_rows(rows, report, columns)


def _of_own_rows(rows: Rows, report: Report, columns: Columns, notes: Sequence[str] = ()) -> Published:
    """Return the dataset of rows in no published format, unless their answers are written as GSM8K's."""
    first, rows = peek(rows)
    fields = {} if first is None else columns.apply(first[1])[0]
    return Published(rows, report, "gsm8k" if is_gsm8k(fields) else "squad", list(notes))


def _table(file: File, fmt: FileFormat, report: Report, columns: Columns) -> Table:
    if fmt == "xlsx":
        return workbook_table(file, columns.fits)
    if fmt == "parquet":
        return parquet_table(file)
    return csv_table(partial(open_text, file, ""), report, columns.fits)


def _table_rows(table: Table, report: Report, columns: Columns) -> Rows:
    """Yield the rows of a table in which answers may stand in one cell: ``a|b``, or a JSON list."""
    if not columns.fits(table.columns):
        if not report.count:
            found = columns.of(table.columns)
            missing = "question" if found.get("question") not in table.columns else "answer"
            report.add(
                1,
                "the header must name the columns question, and answer or answers; "
                + columns.missing(table.columns, missing),
            )
        return
    several = columns.of(table.columns).get("answers")
    for place, row in table.rows:
        cell = row.get(several) if several else None
        yield place, {**row, several: _answers_in(cell)} if several and isinstance(cell, str) else row


def _answers_in(cell: str) -> object:
    if cell.lstrip().startswith("["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            pass
    return [part.strip() for part in cell.split("|") if part.strip()]


def _own(name: str, file: File, scoring: ScoringRule | None, columns: Columns) -> Reading:
    """Read a file in the format of the shipped datasets: fields about the dataset, and ``examples``."""
    content = json.loads(decode(file.data[:], file.name))  # unlike orjson it accepts integers of any length
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
    reading = Reading(name, rule, _objects(content["examples"], report), report, file.name, columns)
    reading.about, reading.licence = about["description"], about["licence"]
    reading.source = about["source"] or file.name
    return reading


def _objects(items: list[object], report: Report) -> Rows:
    for number, item in enumerate(items, start=1):
        if isinstance(item, dict):
            yield number, item
        else:
            report.add(number, "is not an object")


def load_builtin(path: Path) -> Dataset:
    """Read a dataset that ships with the project.

    Raises:
        InvalidInput: naming the file and what is wrong with it.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rule, report = scoring_rule(raw["scoring"]), Report("item")
        return Dataset(
            name=raw["name"],
            scoring=rule,
            examples=tuple(Reading(raw["name"], rule, _objects(raw["examples"], report), report, path.name)),
            description=raw.get("description", ""),
            licence=raw.get("licence", ""),
            source=raw.get("source", ""),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InvalidInput(f"The dataset file {path} cannot be read: {error!r}.") from error
