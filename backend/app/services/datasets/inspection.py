"""Looking at the first rows of a file before it is imported: its columns, and which would be read."""

import io
import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TextIO

from app.services.datasets.columns import Columns
from app.services.datasets.importers import format_of
from app.services.imports.files import File, Report, json_content
from app.services.imports.published_formats import is_hotpotqa
from app.services.imports.rows import Row, jsonl_rows
from app.services.imports.tables import csv_table, parquet_table, workbook_table

_ROWS = 20
_VALUES = 3
_VALUE_CHARS = 60
_MOST_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column with its first values, as short texts."""

    name: str
    values: list[str]


@dataclass(frozen=True, slots=True)
class FoundColumns:
    """The columns of a file.

    Attributes:
        columns: in the order of the file.
        fields: column of each field that an import would read without being told.
        published: the file is in a published format, which names its columns itself.
    """

    columns: list[FoundColumn]
    fields: dict[str, str]
    published: bool


def is_text(name: str, start: bytes) -> bool:
    """Return whether the beginning of a file is enough for ``columns_of``.

    Raises:
        InvalidInput: if its format is unknown.
    """
    return format_of(File(name, start)) in {"jsonl", "csv"}


def columns_of(file: File) -> FoundColumns:
    """Return the columns of a file, of which the end may be missing if it is text.

    Raises:
        InvalidInput: if its format is unknown, or it cannot be read.
    """
    fmt, columns = format_of(file), Columns()
    if fmt == "json":
        content = json_content(file, "file")
        if not isinstance(content, list) or not content or not isinstance(content[0], dict):
            return FoundColumns([], {}, published=True)
        return _found([one for one in content[:_ROWS] if isinstance(one, dict)])
    if fmt == "jsonl":
        return _found([row for _, row in islice(jsonl_rows(_text(file, "\n"), Report()), _ROWS)])
    if fmt == "csv":
        table = csv_table(partial(_text, file, ""), Report(), columns.fits)
    else:
        table = workbook_table(file, columns.fits) if fmt == "xlsx" else parquet_table(file)
    return _found([row for _, row in islice(table.rows, _ROWS)], table.columns)


def _text(file: File, newline: str) -> TextIO:
    wide = file.data[:2] in {BOM_UTF16_LE, BOM_UTF16_BE}
    text = file.data[:].decode("utf-16" if wide else "utf-8-sig", "replace")
    return io.StringIO(text, newline=newline)


def _found(rows: Sequence[Row], names: Sequence[str] = ()) -> FoundColumns:
    names = (tuple(names) or tuple(dict.fromkeys(str(name) for row in rows for name in row)))[:_MOST_COLUMNS]
    values = {name: [_short(row[name]) for row in rows if name in row][:_VALUES] for name in names}
    return FoundColumns(
        [FoundColumn(name, values[name]) for name in names],
        Columns().of(names),
        published=bool(rows) and is_hotpotqa(rows[0]),
    )


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"
