"""A file in memory from which what was written is taken out at once: for formats that libraries write."""

import io

from typing_extensions import Buffer


class Sink(io.RawIOBase):
    """A file whose bytes are taken out while it is being written; nobody can go back in it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def write(self, data: Buffer) -> int:
        """Keep bytes until they are taken."""
        piece = bytes(data)
        self._parts.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how many bytes were written, those that were taken included."""
        return self._written

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
