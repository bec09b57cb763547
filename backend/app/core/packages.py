"""Installed packages: their versions, and the folders of the files that they carry."""

import importlib.util
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache  # reading a distribution's metadata takes half a millisecond, and each experiment asks for several
def package_version(name: str) -> str | None:
    """Return the version of an installed distribution; ``None`` if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def package_folder(name: str) -> Path | None:
    """Return the folder of an installed package, without importing it; ``None`` if there is none."""
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # the parent of a dotted name
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])
