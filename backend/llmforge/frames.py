"""Tables of pandas or polars; each is imported when the first one is asked for."""

import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import BytesIO
from typing import Any, Literal

from llmforge.errors import LabError

Library = Literal["pandas", "polars"]


def of_runs(parquet: bytes, library: Library) -> Any:
    """Return an export of runs as a frame; ``gold`` is a list of texts, other nested columns are JSON.

    Raises:
        LabError: if the library is not installed, or is not one of the two.
    """
    module = _library(library)
    if library == "polars":
        frame = module.read_parquet(BytesIO(parquet))
        return frame.with_columns(module.col("gold").str.json_decode(module.List(module.String)))
    frame = _pandas_from(module, parquet)
    frame["gold"] = frame["gold"].map(json.loads)
    return frame


def of_rows(rows: Sequence[Mapping[str, object]], library: Library) -> Any:
    """Return rows with the same columns as a frame.

    Raises:
        LabError: as ``of_runs`` does.
    """
    module = _library(library)
    # polars else takes the types of a column from its first rows, which may all be empty.
    return module.DataFrame(rows, infer_schema_length=None) if library == "polars" else module.DataFrame(rows)


def _library(library: Library) -> Any:
    if library not in {"pandas", "polars"}:
        raise LabError(f"There are no frames of {library!r}.", hint="There are: pandas, polars.")
    try:
        return import_module(library)
    except ImportError:
        raise _missing(library) from None


def _pandas_from(module: Any, parquet: bytes) -> Any:
    try:
        return module.read_parquet(BytesIO(parquet))
    except ImportError:
        raise _missing("pyarrow") from None


def _missing(package: str) -> LabError:
    return LabError(f"{package} is not installed here.", hint=f"Install it: pip install {package}")
