"""Zip archives that are sent while they are written."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.services.results.sink import Sink

_PART = 1 << 16  # bytes of a file that are compressed at once
_EARLIEST, _LATEST = 1980, 2107  # years that a zip can write


class StreamedZip:
    """A zip archive whose bytes are taken while its entries are added.

    What grows with it is its list of entries: some hundred bytes for each.

    Args:
        when: the time that its entries get: equal exports are equal files.
    """

    def __init__(self, when: datetime) -> None:
        self._sink = Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_DEFLATED)
        year = min(max(when.year, _EARLIEST), _LATEST)
        self._date = (year, when.month, when.day, when.hour, when.minute, when.second)

    def add(self, name: str, content: bytes) -> None:
        """Add an entry."""
        self._zip.writestr(self._entry(name), content)

    def open(self, name: str) -> IO[bytes]:
        """Return an entry to write; it is complete once it is closed, and none can be added before."""
        return self._zip.open(self._entry(name), "w", force_zip64=True)

    def add_parts(self, name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Add an entry part by part, however long it gets; yield the archive's bytes meanwhile."""
        with self.open(name) as entry:
            for part in parts:
                entry.write(part)
                yield self.take()

    def take(self) -> bytes:
        """Return the bytes that are new since the last time."""
        return self._sink.take()

    def finish(self) -> bytes:
        """Write the list of entries, and return the last bytes."""
        self._zip.close()
        return self.take()

    def _entry(self, name: str) -> ZipInfo:
        entry = ZipInfo(name, self._date)
        entry.compress_type = ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        return entry


class JsonList:
    """A list in JSON that is written to a file, element by element.

    Args:
        file: a temporary one, which the caller closes.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b"["

    def add(self, element: bytes) -> None:
        """Add an element, which is JSON."""
        self._file.write(self._before + element)
        self._before = b","

    def parts(self) -> Iterator[bytes]:
        """Yield the whole list; it can be read again, and added to no more."""
        if self._before != b"]":
            self._file.write(b"[]" if self._before == b"[" else b"]")
            self._before = b"]"
        self._file.seek(0)
        while part := self._file.read(_PART):
            yield part
