"""Reading the files that users import: every wrong line is reported, and then nothing is imported."""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias, TypeVar

import orjson

from app.core.errors import FieldError, InvalidInput

T = TypeVar("T")
Row: TypeAlias = dict[str, object]
"""A JSON object of a file, not checked yet."""
Rows: TypeAlias = Iterator[tuple[int, Row]]
"""Rows, each with the number of its line or item."""

MAX_REPORTED = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
MAX_ID_CHARS = 500  # ids are indexed, and Postgres limits an index entry to 2,704 bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was uploaded: its name, with the folders above it where they matter, and its content."""

    name: str
    data: bytes


@dataclass(slots=True)
class Report:
    """Collects the errors of a file by line, or by item in JSON, where line numbers mean nothing."""

    unit: str = "line"
    errors: list[FieldError] = field(default_factory=list)
    count: int = 0

    def place(self, place: int | str) -> str:
        """Return a place for a message: a number becomes "line 3" or "item 3"."""
        return f"{self.unit} {place}" if isinstance(place, int) else place

    def add(self, place: int | str, message: str) -> None:
        """Add an error of a line or item."""
        self.count += 1
        if len(self.errors) < MAX_REPORTED:
            self.errors.append(FieldError(self.place(place), message))

    def raise_if_any(self, name: str, hint: str) -> None:
        """Raise if there are errors.

        Args:
            name: of the file.
            hint: what a correct line looks like.

        Raises:
            InvalidInput: listing each wrong line or item, up to a limit.
        """
        if not self.count:
            return
        more = self.count - len(self.errors)
        tail = f" (the first {MAX_REPORTED} are listed)" if more > 0 else ""
        raise InvalidInput(
            f"{name} has {self.count} wrong {self.unit}{'' if self.count == 1 else 's'}{tail}; "
            "nothing was imported.",
            hint=hint,
            errors=self.errors,
        )


def clean_filename(name: str) -> str:
    """Return the name of an uploaded file, with its folders, in a form that can be stored."""
    return name.replace("\0", "").replace("\\", "/").lstrip("/")


def require_name(name: str, of_what: str) -> None:
    """Raise unless ``name`` can be the name of ``of_what``, a dataset or a knowledge base.

    Raises:
        InvalidInput: for the field ``name``.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is not a valid name for {of_what}.",
            hint="Use lower-case letters, digits, and . _ - (at most 100 characters).",
            errors=[FieldError("name", "must match [a-z0-9][a-z0-9_.-]*")],
        )


def decode(data: bytes, name: str) -> str:
    """Return UTF-8 ``data`` as text, without a byte order mark.

    Raises:
        InvalidInput: naming the line of the first byte that is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{name} is not UTF-8 text.",
            hint="Save it as UTF-8.",
            errors=[
                FieldError(
                    f"line {line}", f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8"
                )
            ],
        ) from error


def jsonl_rows(text: str, report: Report) -> Rows:
    """Yield the number and object of each line that holds a JSON object; report the other lines."""
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
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


def _lines(text: str) -> Iterator[str]:
    """Yield the lines one by one: a list of all of them would double the memory of a large text.

    ``splitlines()`` would also split at U+2028 and the like, which JSON strings may contain unescaped.
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def peek(rows: Iterator[T]) -> tuple[T | None, Iterator[T]]:
    """Return the first of ``rows`` (``None`` if there is none), and an iterator over all of them."""
    first = next(rows, None)
    return first, rows if first is None else chain([first], rows)


def json_content(file: File, where: str) -> object:
    """Return the content of a JSON file.

    The bytes are parsed directly, so that a file of 600 MB is not held in memory as text, too.

    Raises:
        InvalidInput: for the field ``where`` if it is not JSON; naming the line of a byte that is not UTF-8.
    """
    data = memoryview(file.data)[len(BOM_UTF8) :] if file.data.startswith(BOM_UTF8) else file.data
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # the standard library accepts more (NaN, say), and its errors name the place
    try:
        return json.loads(decode(file.data, file.name))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{file.name} is not JSON: {error}.", errors=[FieldError(where, "not JSON")]
        ) from error


def unstorable(labels: Sequence[object], metadata: Row) -> str | None:
    """Return why the database could not store the values of a row unchanged; ``None`` if it can."""
    try:
        orjson.dumps(metadata)  # raises where the nesting is too deep for the recursion below
        values = [value for part in (list(labels), metadata) for value in _leaves(part)]
        texts = "".join(value for value in values if isinstance(value, str))
        texts.encode()
    except (TypeError, UnicodeEncodeError):
        return "contains a lone surrogate, an integer of more than 64 bits, or too deep a nesting"
    if "\0" in texts:
        return "contains a NUL character"
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return "contains a number that is not finite"
    return None


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _leaves(item)
