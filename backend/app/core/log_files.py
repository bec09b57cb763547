"""Rotation of log files that child processes write: ``api.log``, then ``api.log.1`` (newer) to ``api.log.4``.

A child keeps its file open, so the file is copied and then emptied. Children append (``O_APPEND``), so that
they go on at the beginning. What a child writes between the last read and the emptying, about a millisecond,
is lost.
"""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LARGEST = 10_000_000
"""Bytes at which a log is rotated."""
KEPT = 5
"""Files of one log, the present one included."""


def rotate(path: Path, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Move the content of a log that is too large to ``<name>.1``; return whether it was.

    A log that cannot be rotated now, since the disk is full for example, stays as it is.

    Args:
        path: of the log; it may not exist.
        largest: bytes below which nothing is done.
        kept: files to keep, this one included.
    """
    with suppress(OSError):
        if path.stat().st_size < largest:
            return False
        # The oldest first, which makes room for the copy.
        rotated(path, kept - 1).unlink(missing_ok=True)
        for number in range(kept - 2, 0, -1):
            with suppress(FileNotFoundError):
                rotated(path, number).rename(rotated(path, number + 1))
        _copy_and_empty(path, rotated(path, 1))
        return True
    return False


def rotate_all(folders: Iterable[Path]) -> None:
    """Rotate the logs that are too large in these folders, which may not exist."""
    for folder in folders:
        for path in folder.glob("*.log"):
            rotate(path)


def rotated(path: Path, number: int) -> Path:
    """Return the name of the rotated log with this number; 1 is the newest."""
    return path.with_name(f"{path.name}.{number}")


def _copy_and_empty(path: Path, copy: Path) -> None:
    try:
        with path.open("r+b", buffering=0) as source, copy.open("wb") as target:
            shutil.copymode(path, copy)
            shutil.copyfileobj(source, target)
            target.flush()
            # What has come meanwhile, read as shortly before the file is emptied as can be.
            newest = source.read()
            os.ftruncate(source.fileno(), 0)
            target.write(newest)
    except OSError:
        copy.unlink(missing_ok=True)
        raise
