"""Reading files that people bring: line by line, each wrong line named, all of it or nothing."""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import orjson

from app.core.errors import FieldError, InvalidInput

Row = TypeVar("Row")

MAX_REPORTED = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
MAX_ID_CHARS = 500  # ids are indexed, and an index entry has at most 2,704 bytes


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was given: its name (with the folders that matter) and content."""

    name: str
    data: bytes


@dataclass(slots=True)
class Report:
    """Collects what is wrong, line by line, or item by item where lines say nothing, as in JSON."""

    unit: str = "line"
    errors: list[FieldError] = field(default_factory=list)
    count: int = 0

    def place(self, place: int | str) -> str:
        """Return a place as it is named: a number is that of a line or item."""
        return f"{self.unit} {place}" if isinstance(place, int) else place

    def add(self, place: int | str, message: str) -> None:
        """Note what is wrong with a line or item."""
        self.count += 1
        if len(self.errors) < MAX_REPORTED:
            self.errors.append(FieldError(self.place(place), message))

    def raise_if_any(self, name: str, hint: str) -> None:
        """Refuse the file ``name`` if anything is wrong with it.

        Raises:
            InvalidInput: naming each wrong line or item, up to a limit.
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
    """Return the name of an uploaded file, with the folders it was in, as it can be stored."""
    return name.replace("\0", "").replace("\\", "/").lstrip("/")


def require_name(name: str, of_what: str) -> None:
    """Refuse what cannot be the name of a dataset or a knowledge base.

    Raises:
        InvalidInput: for the field ``name``.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name!r} is no name for {of_what}.",
            hint="Use lower-case letters, digits, and . _ - (100 at most).",
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


def jsonl_rows(text: str, report: Report) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number and object of each line that holds one; report the others."""
    for number, line in enumerate(_lines(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            report.add(number, f"is not JSON: {error.msg}")
            continue
        except (ValueError, RecursionError):  # an integer of thousands of digits
            report.add(number, "holds a number that is too long, or is nested too deeply")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            report.add(number, f"is a JSON {type(row).__name__}, not an object")


def _lines(text: str) -> Iterator[str]:
    """Yield line after line, of which a large text has too many to hold them all.

    Not splitlines(): U+2028 and the like may stand unescaped inside a JSON string.
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def peek(rows: Iterator[Row]) -> tuple[Row | None, Iterator[Row]]:
    """Return the first of ``rows``, and all of them."""
    first = next(rows, None)
    return first, rows if first is None else chain([first], rows)


def json_content(file: File, where: str) -> Any:
    """Return what a JSON file holds.

    The bytes are parsed as they are, once: a file of 600 MB is never held as text, too.

    Raises:
        InvalidInput: for the field ``where``, if it is not JSON; naming a byte that is not UTF-8.
    """
    data = memoryview(file.data)[len(BOM_UTF8) :] if file.data.startswith(BOM_UTF8) else file.data
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # the slower reader takes more, NaN for one, and says where it is wrong
    try:
        return json.loads(decode(file.data, file.name))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{file.name} is not JSON: {error}.", errors=[FieldError(where, "not JSON")]
        ) from error


def unstorable(labels: list[Any], metadata: dict[str, Any]) -> str | None:
    """Return what the database could not take of a row, or would take changed."""
    try:
        orjson.dumps(metadata)  # refuses what is nested too deeply for the walk below
        values = [value for part in (labels, metadata) for value in _leaves(part)]
        texts = "".join(value for value in values if isinstance(value, str))
        texts.encode()
    except (TypeError, UnicodeEncodeError):
        return "holds half of a surrogate pair, an integer of over 64 bits, or too deep a nesting"
    if "\0" in texts:
        return "holds a NUL character"
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return "holds a number that is not finite"
    return None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value
        value = value.values()
    elif not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _leaves(item)
