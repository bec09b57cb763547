"""Reading the model catalog: ``configs/models.yaml``, and GGUF files beside it."""

import time
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.services.inference.catalog import Catalog, CatalogError, ModelSpec, Price
from app.services.inference.engines.registry import ENGINES

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_KEPT = 8  # catalogs; a process has one
_EDITED_NS = 2 * 10**9  # file systems that tell times of changes least exactly do so to two seconds


def load_catalog(path: Path, gguf_dir: Path | None = None) -> Catalog:
    """Return the catalog, with each ``*.gguf`` of ``gguf_dir`` as ``local/<file name>``.

    An edit counts at the next call. A file that has stayed the same is not parsed again. What is returned
    belongs to the caller.

    Raises:
        CatalogError: if the file is missing or invalid; the message says where.
    """
    catalog = _current(path)
    found = sorted(gguf_dir.glob("*.gguf")) if gguf_dir and gguf_dir.is_dir() else []
    listed = {model.name for model in catalog.models}
    extra = [
        ModelSpec(name=f"local/{file.stem}", path=str(file), usd_per_1m=Price(input=0, output=0))
        for file in found
        if f"local/{file.stem}" not in listed and " " not in file.stem
    ]
    return catalog.model_copy(update={"models": [*catalog.models, *extra]})


def read_catalog(path: Path) -> Catalog:
    """Read and check the catalog's file.

    Raises:
        CatalogError: if it is missing or invalid; the message says where.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        catalog = Catalog.model_validate(raw)
    except OSError as error:
        raise _unreadable(path, error) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError(f"The model catalog {path} is not valid YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its top level"
        raise CatalogError(f"The model catalog {path} is wrong at {where}: {first['msg']}.") from error
    _check_engines(catalog, path)
    return catalog


def _current(path: Path) -> Catalog:
    """Return what the file says now, from memory if it has stayed the same."""
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    if time.time_ns() - found.st_mtime_ns < _EDITED_NS:
        return read_catalog(path)  # it could change once more without a new time
    return Catalog.model_validate_json(
        _as_json(path, (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size))
    )


@lru_cache(maxsize=_KEPT)
def _as_json(path: Path, _version: tuple[int, ...]) -> str:
    """Return the catalog as JSON: as text, so that no caller can change what others get."""
    return read_catalog(path).model_dump_json()


def _unreadable(path: Path, error: OSError) -> CatalogError:
    return CatalogError(f"Cannot read the model catalog {path}: {error.strerror}.")


def _check_engines(catalog: Catalog, path: Path) -> None:
    for name, provider in catalog.providers.items():
        if provider.engine not in ENGINES:
            known = ", ".join(ENGINES)
            raise CatalogError(
                f"The model catalog {path} is wrong at providers.{name}.engine: there is no engine "
                f"{provider.engine!r}.",
                f"Engines: {known}.",
            )
