"""Files that are sent to the API."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from app.client.errors import UnusableInput

TIMEOUT_S = 600.0
"""Seconds that an answer may take: the API reads and stores the whole file before it."""

Upload = tuple[str, tuple[str, BinaryIO]]
"""A form field, and the name and the content of its file."""


@contextmanager
def opened(parts: Sequence[tuple[str, str, Path]]) -> Iterator[list[Upload]]:
    """Open files for an upload, which streams them.

    Args:
        parts: form field, name and path of each.

    Raises:
        UnusableInput: if one of them cannot be read; nothing is sent then.
    """
    with ExitStack() as stack:
        files: list[Upload] = []
        for field, name, path in parts:
            try:
                files.append((field, (name, stack.enter_context(path.open("rb")))))
            except OSError as error:
                raise UnusableInput(
                    f"Cannot read {path}: {error.strerror}.", hint="Check the path."
                ) from error
        yield files


def log_files(paths: Sequence[Path]) -> list[tuple[str, str, Path]]:
    """Return the parts of an upload of harnesses' logs; of a folder, the logs in it."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.json*")) if path.is_dir() else [path]
    return [("files", path.name, path) for path in found]
