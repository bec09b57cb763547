"""Rows of files that users import: reading them line by line, and checking that they can be stored."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

import orjson

from app.services.imports.files import File, Report, open_text

T = TypeVar("T")
Row: TypeAlias = dict[str, object]
"""A JSON object of a file, not checked yet."""
Rows: TypeAlias = Iterator[tuple[int, Row]]
"""Rows, each with the number of its line or item."""

MAX_ID_CHARS = 500  # ids are indexed, and Postgres limits an index entry to 2,704 bytes


def jsonl_rows(lines: Iterable[str], report: Report) -> Rows:
    """Yield the number and object of each line that holds a JSON object; report the other lines.

    Args:
        lines: ended by line feeds alone: JSON strings may contain U+2028 and the like unescaped.
        report: of the file.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.removesuffix("\n"))
        except json.JSONDecodeError as error:
            report.add(number, f"is not JSON: {error.msg}")
            continue
        except (ValueError, RecursionError):  # an integer of thousands of digits
            report.add(number, "contains a number with too many digits, or is nested too deeply")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            report.add(number, f"is a JSON {type(row).__name__}, not an object")


def file_rows(file: File, report: Report) -> Rows:
    """Yield the rows of a JSONL file, which is read as they are asked for; see ``jsonl_rows``.

    Raises:
        InvalidInput: if it is not UTF-8, before the first row.
    """
    return jsonl_rows(open_text(file, "\n"), report)


def peek(rows: Iterator[T]) -> tuple[T | None, Iterator[T]]:
    """Return the first of ``rows`` (``None`` if there is none), and an iterator over all of them."""
    first = next(rows, None)
    return first, rows if first is None else chain([first], rows)


def unstorable(labels: Sequence[object], metadata: Row) -> str | None:
    """Return why the database could not store the values of a row unchanged; ``None`` if it can.

    Args:
        labels: texts, numbers, and ``None``.
        metadata: anything that JSON can hold.
    """
    try:
        values = list(labels)
        if metadata:
            orjson.dumps(metadata)  # raises where the nesting is too deep for the recursion below
            values += _leaves(metadata)
        texts = "".join([value for value in values if isinstance(value, str)])
        texts.encode()
    except (TypeError, UnicodeEncodeError):
        return "contains a lone surrogate, an integer of more than 64 bits, or too deep a nesting"
    if "\0" in texts:
        return "contains a NUL character"
    for value in values:
        if isinstance(value, float) and not math.isfinite(value):
            return "contains a number that is not finite"
    return None


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _leaves(item)
