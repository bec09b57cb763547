"""Imports of large files, each in a process of its own: this one stays small, and answers meanwhile.

An upload beyond a megabyte lies in a temporary file without a name. The process gets its open file
descriptor, reads it a part at a time and stores what it finds in one transaction: if it dies, or this
process does, nothing is stored. See ``worker.py`` for what runs there.
"""

import asyncio
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO

import orjson

from app.core.config import Settings
from app.core.errors import AppError, FieldError, InvalidInput, Unavailable
from app.core.logging import get_logger
from app.domain.json import JsonObject

log = get_logger(__name__)

LARGE = 1_000_000
"""Bytes from which on files are imported by a process of their own: it takes half a second to start."""
_LARGE_BINARY = 100_000  # bytes of a workbook or Parquet file, which are compressed
_LARGE_UNPACKED = 10_000_000
_AT_ONCE = 2
_APP_ERRORS: dict[str, type[AppError]] = {kind.code: kind for kind in (InvalidInput, Unavailable)}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded: in memory up to a megabyte, beyond that in a temporary file."""

    name: str
    file: BinaryIO
    size: int

    async def read(self, most: int = -1) -> bytes:
        """Return its content, or up to ``most`` bytes of its beginning."""
        return await asyncio.to_thread(self._read, most)

    def _read(self, most: int) -> bytes:
        self.file.seek(0)
        return self.file.read(most)

    async def sha256(self) -> str:
        """Return the hash of its content, which is read in parts."""
        return await asyncio.to_thread(self._sha256)

    def _sha256(self) -> str:
        self.file.seek(0)
        return hashlib.file_digest(self.file, "sha256").hexdigest()  # type: ignore[arg-type]

    def descriptor(self) -> int:
        """Return the descriptor of the temporary file, which is made if the content is in memory."""
        if isinstance(self.file, SpooledTemporaryFile):
            self.file.rollover()
        self.file.flush()
        return self.file.fileno()

    def is_large_table(self) -> bool:
        """Return whether it is a compressed table that may hold more than a megabyte of text does."""
        start = self._read(4)
        if start not in {b"PK\x03\x04", b"PAR1"}:
            return False
        if self.size > _LARGE_BINARY:
            return True
        with (
            suppress(zipfile.BadZipFile, ValueError, OSError),
            zipfile.ZipFile(io.BytesIO(self._read(-1))) as archive,
        ):
            return sum(one.file_size for one in archive.infolist()) > _LARGE_UNPACKED
        return False


def are_large(uploads: Sequence[Upload]) -> bool:
    """Return whether files are too large to be imported by the process that answers requests."""
    return sum(one.size for one in uploads) > LARGE or any(one.is_large_table() for one in uploads)


class ImportProcesses:
    """The processes of large imports; one object for the whole API.

    Args:
        settings: of the platform: the database.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def run(self, module: str, request: JsonObject, uploads: Sequence[Upload]) -> JsonObject:
        """Run the import worker ``module`` on uploads, and return its answer; waits while others import.

        Args:
            module: that calls ``worker.serve``.
            request: what it is asked for, as JSON.
            uploads: that it reads.

        Raises:
            InvalidInput: as the worker raises it.
            Unavailable: if the database does not answer or has no room, or the process dies.
        """
        async with self._turn:
            descriptors = [await asyncio.to_thread(one.descriptor) for one in uploads]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=descriptors,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
            try:
                files = [
                    {"name": one.name, "descriptor": number}
                    for one, number in zip(uploads, descriptors, strict=True)
                ]
                answer, _ = await process.communicate(self._message(request, files))
            finally:
                await _end(process)  # if this request is cancelled, when the API stops
        return _content(answer, process.returncode)

    def _message(self, request: JsonObject, files: Sequence[JsonObject]) -> bytes:
        settings = self._settings
        return orjson.dumps(
            {
                "database_url": settings.database_url.get_secret_value(),
                "log_level": settings.log_level,
                "log_format": settings.log_format,
                "files": files,
                "request": request,
            }
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _content(answer: bytes, code: int | None) -> JsonObject:
    """Return what the process has answered.

    Raises:
        AppError: that it has answered with.
        Unavailable: if it has not answered.
    """
    try:
        given: JsonObject = orjson.loads(answer)
    except orjson.JSONDecodeError:
        log.error("import_process_died", code=code)  # noqa: TRY400 - what it wrote says more
        raise Unavailable(
            "The process that imports has died; nothing was imported.",
            hint="Try again; the API's log may say why. A killed one has often run out of memory: JSONL, CSV "
            "and Parquet are read in parts, JSON and .xlsx as a whole.",
        ) from None
    error = given.get("error")
    if error is None:
        content: JsonObject = given["content"]
        return content
    kind = _APP_ERRORS.get(error["code"], AppError)
    fields = [FieldError(*pair) for pair in error["errors"]]
    raise kind(error["message"], hint=error["hint"], errors=fields)
