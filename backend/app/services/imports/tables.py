"""Reading tables that users import: CSV as spreadsheets write it, Excel workbooks, and Parquet.

What a file is, is told by its content where that is possible: people rename an ``.xlsx`` to ``.csv``. Every
reader gives the names of the columns and the rows below them, bounded in size: a small file can hold
a huge table.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Literal, TextIO

from app.core.errors import FieldError, InvalidInput
from app.services.imports.files import File, Report
from app.services.imports.rows import Row, Rows

Binary = Literal["xlsx", "parquet"]
Fits = Callable[[Sequence[str]], bool]
"""Says whether a header has the columns that are needed."""

MAX_UNPACKED = 1_000_000_000
"""Bytes of a workbook or a Parquet file once it is unpacked, at most."""
MAX_ROWS = 2_000_000
_MAX_COLUMNS = 500
_DELIMITERS = (",", ";", "\t")
_BATCH = 256  # rows of Parquet in memory at once
_HEADER_WITHIN = 20  # rows of a sheet in which its header is looked for

csv.field_size_limit(10_000_000)


@dataclass(slots=True)
class Table:
    """A table that is being read.

    Attributes:
        columns: names in the header, without blanks around them; those without a name are left out.
        rows: by column; cells that are empty are left out. Read as they are iterated over.
        notes: sentences on what was chosen.
    """

    columns: tuple[str, ...]
    rows: Rows
    notes: list[str] = field(default_factory=list)


def binary_kind(file: File) -> Binary | None:
    """Return what a file's content says it is; ``None`` if it may be text.

    Raises:
        InvalidInput: if it is a kind of file that cannot be read, with what would do instead.
    """
    data = file.data[:8]
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith(b"PK\x03\x04"):
        return "xlsx"
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _unreadable(file, "an Excel file of the old kind (.xls)", "Save it as .xlsx, or as CSV UTF-8.")
    if data.startswith(b"\x1f\x8b"):
        raise _unreadable(file, "compressed (gzip)", "Unpack it first.")
    if data.startswith(b"%PDF"):
        raise _unreadable(file, "a PDF", "Export the table as CSV or .xlsx.")
    return None


def _unreadable(file: File, what: str, hint: str) -> InvalidInput:
    return InvalidInput(f"{file.name} is {what}.", hint=hint, errors=[FieldError("file", f"is {what}")])


def csv_table(open_lines: Callable[[], TextIO], report: Report, fits: Fits) -> Table:
    """Return the table of a CSV file with commas, semicolons or tabs; report what is no CSV.

    A first line ``sep=;`` names the delimiter, as Excel has it. Else it is the one with which the
    header fits, or gives the most columns.

    Args:
        open_lines: opens the text, with its line ends as they are.
        report: of the file.
        fits: whether a header has the columns that are needed.
    """
    start = open_lines().read(5)
    stated = start.lower().startswith("sep=") and start[4:]
    skipped = 1 if stated else 0
    headers = {
        mark: _csv_header(_below(open_lines(), skipped), mark)
        for mark in ((stated,) if stated else _DELIMITERS)
    }
    delimiter = next((mark for mark, header in headers.items() if fits(header)), None) or max(
        headers, key=lambda mark: len(headers[mark])
    )
    header = headers[delimiter]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        report.add(1 + skipped, f"the header has a column twice: {', '.join(twice)}")
        return Table((), iter(()))
    rows = _csv_rows(_below(open_lines(), skipped), delimiter, header, report, skipped)
    return Table(tuple(name for name in header if name), rows)


def _below(lines: TextIO, skipped: int) -> TextIO:
    """Return ``lines`` without the first ``skipped``."""
    for _ in range(skipped):
        while (line := lines.readline()) and not line.endswith("\n"):
            pass  # a carriage return ends no line here
    return lines


def _csv_header(lines: TextIO, delimiter: str) -> list[str]:
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        return [name.strip() for name in next(reader, [])]
    except csv.Error:
        return []


def _csv_rows(lines: TextIO, delimiter: str, header: list[str], report: Report, skipped: int) -> Rows:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        next(reader, None)
        for cells in reader:
            line = reader.line_num + skipped
            if any(cells[len(header) :]):  # Excel writes empty cells behind the last column
                report.add(
                    line,
                    f"has more cells than the header ({len(cells)}, not {len(header)}): "
                    f"put text that holds “{delimiter}” in quotation marks",
                )
                continue
            values: Row = {name: cell for name, cell in zip(header, cells, strict=False) if name and cell}
            if values:
                yield line, values
    except csv.Error as error:
        report.add(reader.line_num + skipped, f"is not CSV: {error}")


def workbook_table(file: File, fits: Fits) -> Table:
    """Return the table of an Excel workbook: of its first sheet with a fitting header, else of its first.

    Formulas are not evaluated: their cells have the values that were stored with the file.

    Raises:
        InvalidInput: if the file is no workbook, or is too large once unpacked.
    """
    from openpyxl import load_workbook

    _check_archive(file)
    try:
        book = load_workbook(io.BytesIO(file.data), read_only=True, data_only=True)
        names = [sheet.title for sheet in book.worksheets]
        found = None
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # files state them, and may be wrong
            start, header = _sheet_header(sheet.iter_rows(max_col=_MAX_COLUMNS, values_only=True))
            if header and (found is None or fits(header)):
                found = sheet, start, header
            if header and fits(header):
                break
    except Exception as error:  # the library raises errors of many kinds for broken files
        raise _unreadable(
            file, "no Excel workbook that can be read", "Save it again as .xlsx, or as CSV UTF-8."
        ) from error
    if found is None:
        return Table((), iter(()))
    sheet, start, header = found
    notes = [f"Of the sheets {', '.join(names)} it is {sheet.title}."] if len(names) > 1 else []
    cells = sheet.iter_rows(min_row=start + 1, max_col=_MAX_COLUMNS, values_only=True)
    return Table(tuple(name for name in header if name), _sheet_rows(cells, start, header, file), notes)


def _check_archive(file: File) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
            unpacked = sum(one.file_size for one in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _unreadable(file, "a damaged archive", "Save it again as .xlsx, or as CSV UTF-8.") from error
    if unpacked > MAX_UNPACKED:
        raise _too_large(file)


def _too_large(file: File) -> InvalidInput:
    most = f"{MAX_UNPACKED // 1_000_000:,} MB or {MAX_ROWS:,} rows"
    return InvalidInput(
        f"{file.name} is larger than {most} once it is unpacked.",
        hint="Split it into several datasets.",
        errors=[FieldError("file", f"holds more than {most}")],
    )


def _sheet_header(rows: Iterator[tuple[object, ...]]) -> tuple[int, list[str]]:
    """Return the number of the first row with a text, and its texts; 0 and nothing if there is none."""
    for number, row in enumerate(islice(rows, _HEADER_WITHIN), start=1):
        names = ["" if cell is None else str(cell).strip() for cell in row]
        if any(names):
            return number, names
    return 0, []


def _sheet_rows(cells: Iterator[tuple[object, ...]], start: int, header: list[str], file: File) -> Rows:
    for number, row in enumerate(cells, start=start + 1):
        if number > MAX_ROWS:
            raise _too_large(file)
        values = {
            name: _plain(cell)
            for name, cell in zip(header, row, strict=False)
            if name and cell is not None and cell != ""
        }
        if values:
            yield number, values


def parquet_table(file: File) -> Table:
    """Return the table of a Parquet file.

    Raises:
        InvalidInput: if the file cannot be read, or is too large once unpacked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(file.data))
        about, columns = table.metadata, tuple(table.schema_arrow.names)
        size = sum(about.row_group(one).total_byte_size for one in range(about.num_row_groups))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged_parquet(file) from error
    if size > MAX_UNPACKED or about.num_rows > MAX_ROWS:
        raise _too_large(file)

    def rows() -> Rows:
        number = taken = 0
        try:
            for batch in table.iter_batches(_BATCH):
                taken += batch.nbytes
                if taken > MAX_UNPACKED:
                    raise _too_large(file)
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: _plain(value) for name, value in row.items() if value is not None}
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _damaged_parquet(file) from error

    return Table(columns, rows())


def _damaged_parquet(file: File) -> InvalidInput:
    return _unreadable(file, "a Parquet file that cannot be read", "Write it again, or as JSONL.")


def _plain(value: object) -> object:
    """Return a cell as JSON has it: dates as text, decimals as numbers, bytes as what they are not."""
    if isinstance(value, datetime):
        midnight = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if midnight else value.isoformat(" ")
    if isinstance(value, date | time | timedelta):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
