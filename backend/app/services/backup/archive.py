"""The file of a backup: a ZIP of one text per table, and a manifest that says what is in it.

A table's text is what Postgres's ``COPY … TO`` writes in its text format, which every later major version
reads. The manifest is written last, with the rows, the size and the SHA-256 of each text: a file that was cut
off or changed is refused before anything is done with it. Nothing in the file is ever run as SQL, and no path
in it is used as one.
"""

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from pydantic import BaseModel

from app.core.errors import AppError

FORMAT = 1
"""Version of the file's format; raise it when an older program could not read the file any more."""
NOT_INCLUDED = (
    "settings (.env) and the keys of providers",
    "the model catalog (configs/models.yaml)",
    "model files (GGUF, and those of retrieval)",
    "indexes of knowledge bases, which are built again when they are needed",
    "the job queue, which is filled again from the database",
    "logs, and the cache of Wikipedia's answers",
)
"""What belongs to a platform and is not in its database, in words for people."""

_MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 1_000_000  # bytes
_COMPRESSION = 3  # of 9: more takes twice the time for a tenth of the size
_CHUNK = 1 << 18  # bytes
# What the library raises on damaged files, depending on where they are damaged.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError),
    *(OSError, ValueError, LookupError, OverflowError),
)

Write = Callable[[bytes], Awaitable[None]]
"""Takes the next piece of a text."""
Copy = Callable[[Write], Awaitable[int]]
"""Hands a table's text over in pieces, and returns its rows."""

Version = tuple[str, str, str]
"""Table, name and version of a dataset or a knowledge base."""


class BackupError(AppError):
    """A backup cannot be written, read or restored."""

    code = "backup"


class TableEntry(BaseModel):
    """One table of a backup: its columns in the order of the text, and what the text must be."""

    name: str
    columns: tuple[str, ...]
    rows: int
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds.

    Attributes:
        format: version of the file's format.
        program: name and version of the program that wrote it.
        created_at: when the snapshot was taken, UTC.
        revision: of the database's schema.
        postgres: version of the server.
        tables: in an order in which they can be filled.
        not_included: what belongs to the platform and is not in the file.
    """

    format: int
    program: str
    created_at: datetime
    revision: str
    postgres: str
    tables: tuple[TableEntry, ...]
    not_included: tuple[str, ...] = NOT_INCLUDED

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


@dataclass(slots=True)
class Digest:
    """Size and SHA-256 of a text that goes by in pieces."""

    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def update(self, data: bytes) -> None:
        """Add the next piece."""
        self.size += len(data)
        self._hash.update(data)

    @property
    def sha256(self) -> str:
        """SHA-256 of the pieces so far, in hexadecimal."""
        return self._hash.hexdigest()


class ArchiveWriter:
    """Writes a backup; made by ``writing``."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path

    async def add_table(self, name: str, columns: tuple[str, ...], copy: Copy) -> TableEntry:
        """Add a table, whose text ``copy`` hands over.

        Raises:
            BackupError: if the file cannot be written.
        """
        digest = Digest()
        member = self._open(_member(name))
        try:

            async def take(data: bytes) -> None:
                digest.update(data)
                with _explained(self._path):
                    member.write(data)

            rows = await copy(take)
        finally:
            with _explained(self._path):
                member.close()
        return TableEntry(name=name, columns=columns, rows=rows, size=digest.size, sha256=digest.sha256)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest, which makes the file complete.

        Raises:
            BackupError: if the file cannot be written.
        """
        with _explained(self._path), self._open(_MANIFEST) as member:
            member.write(manifest.model_dump_json(indent=2).encode())

    def _open(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        with _explained(self._path):
            return self._archive.open(info, "w", force_zip64=True)


@contextmanager
def writing(path: Path) -> Iterator[ArchiveWriter]:
    """Write a backup that gets its name only when it is complete, and that only its owner can read.

    Raises:
        BackupError: if the file cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        file = os.fdopen(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
    archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION)
    try:
        yield ArchiveWriter(archive, path)
        with _explained(path):
            archive.close()
            file.flush()
            os.fsync(file.fileno())
            partial.replace(path)
    finally:
        with suppress(OSError):  # of a full disk, again
            archive.close()
        with suppress(OSError):
            file.close()
        partial.unlink(missing_ok=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(f"The backup {path} cannot be written: {error.strerror}.") from error


class Archive:
    """A backup that is read; a context manager that closes its file.

    Raises:
        BackupError: if it is no backup, is damaged, or was written in a later format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(path)
        except _UNREADABLE as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise BackupError(f"The file {path} cannot be read: {error.strerror}.") from error
            raise BackupError(f"{path} is no backup, or it was cut off.") from error
        self.manifest = self._read_manifest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read_manifest(self) -> Manifest:
        try:
            with self._file.open(_MANIFEST) as member:
                read = member.read(_LARGEST_MANIFEST)
            manifest = Manifest.model_validate_json(read)
        except _UNREADABLE as error:
            raise BackupError(f"{self.path} is no backup of LlmForge, or it is damaged.") from error
        if manifest.format > FORMAT:
            raise BackupError(
                f"{self.path} was written by {manifest.program}, in a format that this version cannot read.",
                hint="Restore it with that version or a later one.",
            )
        return manifest

    def verify(self) -> None:
        """Read everything once.

        Raises:
            BackupError: if a table is not what the manifest says.
        """
        for table in self.manifest.tables:
            digest = Digest()
            for data in self.pieces(table):
                digest.update(data)
            if digest.sha256 != table.sha256:
                raise self._damaged(table.name)

    def pieces(self, table: TableEntry) -> Iterator[bytes]:
        """Yield the text of a table in pieces.

        Raises:
            BackupError: if it cannot be read.
        """
        try:
            with self._file.open(_member(table.name)) as member:
                while data := member.read(_CHUNK):
                    yield data
        except _UNREADABLE as error:
            raise self._damaged(table.name) from error

    def _damaged(self, table: str) -> BackupError:
        return BackupError(
            f"{self.path} is damaged: the table {table} is not as it was written.",
            hint="Nothing was changed. Use another copy of the file.",
        )


def _member(table: str) -> str:
    return f"tables/{table}.copy"
