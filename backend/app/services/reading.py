"""Reading files that people bring: line by line, each wrong line named, all of it or nothing."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.core.errors import FieldError, InvalidInput

MAX_REPORTED = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
MAX_ID_CHARS = 500  # ids are indexed, and an index entry has at most 2,704 bytes


@dataclass(slots=True)
class Report:
    """Collects what is wrong, line by line."""

    errors: list[FieldError] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, message: str) -> None:
        """Note what is wrong with a line."""
        self.count += 1
        if len(self.errors) < MAX_REPORTED:
            self.errors.append(FieldError(f"line {line}", message))

    def raise_if_any(self, name: str, hint: str) -> None:
        """Refuse the file ``name`` if anything is wrong with it.

        Raises:
            InvalidInput: naming each wrong line, up to a limit.
        """
        if not self.count:
            return
        more = self.count - len(self.errors)
        tail = f" (the first {MAX_REPORTED} are listed)" if more > 0 else ""
        raise InvalidInput(
            f"{name} has {self.count} wrong {'line' if self.count == 1 else 'lines'}{tail}; "
            "nothing was imported.",
            hint=hint,
            errors=self.errors,
        )


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
    # Not splitlines(): U+2028 and the like may stand unescaped inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
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
