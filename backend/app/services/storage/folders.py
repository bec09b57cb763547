"""The files that a platform leaves on its machine: their sizes, and those that nothing needs."""

import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from app.core.config import Settings
from app.services.backup.upgrades import backups_dir
from app.services.runtime import local_options

_ROTATED = re.compile(r".+\.log\.\d+")
_BUILDING = ".building"


@dataclass(frozen=True, slots=True)
class Removable:
    """A file or folder that may be removed."""

    path: Path
    bytes: int


def folders_of(settings: Settings) -> dict[str, list[Path]]:
    """Return where a platform keeps files, by the kind of what is kept."""
    return {
        "indexes": [settings.index_dir],
        "logs": [settings.home / "logs"],
        "backups": [backups_dir(settings)],
        "models": [settings.gguf_dir],
        "wikipedia": [settings.wikipedia_dir],
    }


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 if there is none."""
    if not path.is_dir():
        with suppress(OSError):
            return path.stat().st_size
        return 0
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                total += os.lstat(Path(folder) / name).st_size
    return total


def unused_indexes(settings: Settings, versions: Collection[str], age_s: float) -> list[Removable]:
    """Return the indexes of other versions than these, and what killed builds have left.

    Args:
        settings: of the platform.
        versions: of knowledge bases whose indexes are wanted.
        age_s: seconds for which nothing was written to them.
    """
    found = []
    for folder in _entries(settings.index_dir):
        if folder.is_dir() and _is_old(folder, age_s):
            version = _version_of(folder)
            if folder.name.endswith(_BUILDING) or (version is not None and version not in versions):
                found.append(Removable(folder, size_of(folder)))
    return found


def rotated_logs(settings: Settings, age_s: float) -> list[Removable]:
    """Return the rotated logs that are older than ``age_s`` seconds."""
    folders = (settings.home / "logs", local_options(settings).state_dir)
    return [
        Removable(path, size_of(path))
        for folder in folders
        for path in _entries(folder)
        if _ROTATED.fullmatch(path.name) and _is_old(path, age_s)
    ]


def old_backups(settings: Settings, age_s: float) -> list[Removable]:
    """Return the backups of before upgrades that are older than ``age_s`` seconds, but for the newest."""
    by_age = sorted(backups_dir(settings).glob("before-*.zip"), key=lambda path: path.stat().st_mtime)
    return [Removable(path, size_of(path)) for path in by_age[:-1] if _is_old(path, age_s)]


def remove(one: Removable) -> None:
    """Remove a file or a folder; an index that is being built or opened for the first time stays."""
    if not one.path.is_dir():
        one.path.unlink(missing_ok=True)
        return
    with suppress(Timeout), FileLock(_lock_of(one.path), timeout=0):
        # Under another name first: a folder with the name of an index is complete.
        leaving = one.path.with_name(f"{one.path.name}.removed")
        with suppress(FileNotFoundError):
            one.path.rename(leaving)
        shutil.rmtree(leaving, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name.removesuffix(_BUILDING)}.lock")


def _version_of(folder: Path) -> str | None:
    with suppress(OSError, ValueError, LookupError, TypeError):
        return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["version"])
    return None


def _entries(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from sorted(folder.iterdir())


def _is_old(path: Path, age_s: float) -> bool:
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime >= age_s
    return False
