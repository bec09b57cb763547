"""Reading the model catalog: ``configs/models.yaml``, and GGUF files beside it."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from app.services.inference.catalog import Catalog, CatalogError, ModelSpec, Price
from app.services.inference.engines.registry import ENGINES

# The catalog is read at each use, so that edits count at once; libyaml makes that cheap.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_catalog(path: Path, gguf_dir: Path | None = None) -> Catalog:
    """Read the catalog, and add each ``*.gguf`` of ``gguf_dir`` as ``local/<file name>``.

    Raises:
        CatalogError: if the file is missing or invalid; the message says where.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
        catalog = Catalog.model_validate(raw)
    except OSError as error:
        raise CatalogError(f"Cannot read the model catalog {path}: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogError(f"The model catalog {path} is not valid YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its top level"
        raise CatalogError(f"The model catalog {path} is wrong at {where}: {first['msg']}.") from error
    _check_engines(catalog, path)
    found = sorted(gguf_dir.glob("*.gguf")) if gguf_dir and gguf_dir.is_dir() else []
    listed = {model.name for model in catalog.models}
    extra = [
        ModelSpec(name=f"local/{file.stem}", path=str(file), usd_per_1m=Price(input=0, output=0))
        for file in found
        if f"local/{file.stem}" not in listed and " " not in file.stem
    ]
    return catalog.model_copy(update={"models": [*catalog.models, *extra]})


def _check_engines(catalog: Catalog, path: Path) -> None:
    for name, provider in catalog.providers.items():
        if provider.engine not in ENGINES:
            known = ", ".join(ENGINES)
            raise CatalogError(
                f"The model catalog {path} is wrong at providers.{name}.engine: there is no engine "
                f"{provider.engine!r}.",
                f"Engines: {known}.",
            )
