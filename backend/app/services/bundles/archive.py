"""Reads the file of a bundle: whatever somebody sends."""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from app.core.errors import InvalidInput
from app.domain.json import JsonObject
from app.domain.readable_errors import sentence_of
from app.services.bundles import layout
from app.services.bundles.layout import Manifest

_LARGEST = 1 << 28  # bytes of a file that is read as a whole, and of a line of one that is not
_CHUNK = 1 << 20  # bytes
# What the library raises on damaged files, depending on where they are damaged.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, NotImplementedError),
    *(OSError, ValueError, LookupError, OverflowError, TypeError, AttributeError),
)
_Model = TypeVar("_Model", bound=BaseModel)


class BrokenBundle(InvalidInput):
    """A file that is no bundle, or one that cannot be read."""


class Archive:
    """The files of a bundle.

    Args:
        archive: that is open.
        sums: the digest of each file, as the bundle states it.
        manifest: what it says of itself.
    """

    def __init__(self, archive: zipfile.ZipFile, sums: dict[str, str], manifest: Manifest) -> None:
        self._archive = archive
        self.sums = sums
        self.manifest = manifest

    @classmethod
    @contextmanager
    def opened(cls, file: Path) -> Iterator[Self]:
        """Open a bundle.

        Raises:
            BrokenBundle: if it is none, or damaged; also while it is used.
        """
        try:
            with zipfile.ZipFile(file) as archive:
                sums = layout.read_sums(_whole(archive, layout.SUMS).decode())
                manifest = _parsed(Manifest, layout.MANIFEST, _whole(archive, layout.MANIFEST))
                if manifest.format != layout.FORMAT:
                    raise BrokenBundle(
                        f"{file.name} is a bundle of format {manifest.format}; this version reads "
                        f"{layout.FORMAT}.",
                        hint=f"It was written by LlmForge {manifest.llmforge}: verify it with that version.",
                    )
                yield cls(archive, sums, manifest)
        except BrokenBundle:
            raise
        except FileNotFoundError as error:
            raise BrokenBundle(f"There is no file {file}.") from error
        except _UNREADABLE as error:
            raise BrokenBundle(
                f"{file.name} is no bundle, or is damaged: {sentence_of(error)}",
                hint="`llmforge export ID … -f bundle -o FILE` writes one.",
            ) from error

    def names(self) -> list[str]:
        """Return the names of all files."""
        return self._archive.namelist()

    def digest(self, name: str) -> str:
        """Return the digest of a file as it is."""
        found = hashlib.sha256()
        with self._archive.open(name) as file:
            while piece := file.read(_CHUNK):
                found.update(piece)
        return found.hexdigest()

    def json(self, name: str) -> JsonObject:
        """Return a file that is one object of JSON."""
        return _object(name, _whole(self._archive, name))

    def lines(self, name: str) -> Iterator[JsonObject]:
        """Yield the objects of a file that has one in each line."""
        with self._archive.open(name) as file:
            number = 0
            while line := file.readline(_LARGEST):
                number += 1
                yield _object(f"{name}, line {number}", line)


def _whole(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        size = archive.getinfo(name).file_size
    except KeyError as error:
        raise BrokenBundle(
            f"The file has no {name}: it is no bundle, or not a whole one.",
            hint="`llmforge export ID … -f bundle -o FILE` writes one.",
        ) from error
    if size > _LARGEST:
        raise BrokenBundle(f"{name} is too large: {size:,} bytes.")
    return archive.read(name)


def _object(where: str, content: bytes) -> JsonObject:
    found: Any = orjson.loads(content)
    if not isinstance(found, dict):
        raise BrokenBundle(f"{where} is no object of JSON.")
    return found


def _parsed(model: type[_Model], name: str, content: bytes) -> _Model:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise BrokenBundle(f"{name} is not that of a bundle: {sentence_of(error)}") from error
