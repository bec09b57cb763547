"""Reading the files that users import: every wrong line is reported, and then nothing is imported."""

import codecs
import io
import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from mmap import mmap
from typing import BinaryIO, TextIO

import orjson

from app.core.errors import FieldError, InvalidInput

MAX_REPORTED = 20
_PART = 1_000_000  # bytes whose encoding is checked at a time
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was uploaded.

    Attributes:
        name: with the folders above it where they matter.
        data: its content; of a large file mapped into memory, so that only what is being read is there.
    """

    name: str
    data: bytes | mmap


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
    """Return ``data`` as text, without a byte order mark: UTF-8, or UTF-16 that begins with that mark.

    Raises:
        InvalidInput: naming the line of the first byte that is not UTF-8.
    """
    try:
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # Excel's "Unicode text"
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{name} is not UTF-8 text.",
            hint="Save it as UTF-8: in Excel as “CSV UTF-8”, or as a workbook (.xlsx).",
            errors=[
                FieldError(
                    f"line {line}", f"byte 0x{data[error.start]:02x} at offset {error.start} is not UTF-8"
                )
            ],
        ) from error


def open_text(file: File, newline: str) -> TextIO:
    """Return the text of a file to be read in parts, without a byte order mark; see ``decode``.

    Args:
        file: of any size; no more than a part of it is in memory at once.
        newline: where lines end, as for ``open``.

    Raises:
        InvalidInput: naming the line of the first byte that is not UTF-8, wherever that is.
    """
    wide = file.data[:2] in {BOM_UTF16_LE, BOM_UTF16_BE}
    encoding = "utf-16" if wide else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)()
    size = len(file.data)
    try:
        for start in range(0, size, _PART):
            decoder.decode(file.data[start : start + _PART], start + _PART >= size)
    except UnicodeDecodeError:
        decode(file.data[:], file.name)  # raises, and names the place
    return io.TextIOWrapper(open_binary(file), encoding, newline=newline)


def open_binary(file: File) -> BinaryIO:
    """Return the content of a file to be read in parts; what is mapped into memory is not copied."""
    if isinstance(file.data, bytes):
        return io.BytesIO(file.data)
    return io.BufferedReader(_Mapped(file.data))


class _Mapped(io.RawIOBase):
    """Reads a file that is mapped into memory, from its beginning."""

    def __init__(self, data: mmap) -> None:
        self._data = data
        self._read = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read from any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._read, io.SEEK_END: len(self._data)}[whence]
        self._read = max(0, start + offset)
        return self._read

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read the next bytes into ``buffer``, and return their number."""
        part = self._data[self._read : self._read + len(buffer)]
        buffer[: len(part)] = part
        self._read += len(part)
        return len(part)


def json_content(file: File, where: str) -> object:
    """Return the content of a JSON file.

    The bytes are parsed directly, so that a file of 600 MB is not held in memory as text, too.

    Raises:
        InvalidInput: for the field ``where`` if it is not JSON; naming the line of a byte that is not UTF-8.
    """
    marked = file.data[: len(BOM_UTF8)] == BOM_UTF8
    data = memoryview(file.data)[len(BOM_UTF8) * marked :]
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass  # the standard library accepts more (NaN, say), and its errors name the place
    try:
        return json.loads(decode(file.data[:], file.name))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{file.name} is not JSON: {error}.", errors=[FieldError(where, "not JSON")]
        ) from error
