"""The data of a report as one small file: what was compared, run by run, and what came of it.

Lines of JSON, compressed: first the comparison with its numbers, then each experiment with its runs. The
numbers can be computed from the runs again, and documents take them from here by name (``numbers``).
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from app.domain.json import JsonObject
from app.schemas.comparison import ComparisonOut
from app.services.comparisons.pairing import RunArrays

_LISTS = ("hashes", "repeats", "keys", "clusters", "failed", "outputs", "answers")


@dataclass(frozen=True, slots=True)
class ReportData:
    """What a data file holds.

    Attributes:
        comparison: with all of its numbers.
        configs: of each experiment.
        runs: of each experiment, as the comparison has read them.
    """

    comparison: ComparisonOut
    configs: list[JsonObject]
    runs: list[RunArrays]


def written(data: ReportData) -> bytes:
    """Return a data file; the same data gives the same bytes."""
    lines: list[JsonObject] = [{"comparison": data.comparison.model_dump(mode="json")}]
    for config, runs in zip(data.configs, data.runs, strict=True):
        lines.append({"config": config, "runs": _columns(runs)})
    return gzip.compress(b"\n".join(map(orjson.dumps, lines)) + b"\n", mtime=0)


def read(file: Path) -> ReportData:
    """Return what a data file holds.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no such file.
    """
    first, *others = [orjson.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    known = {
        "settling": None,
        "family": "score",
        **first["comparison"],
    }  # files from before comparisons had it
    comparison = ComparisonOut.model_validate(known, by_alias=False, by_name=True)
    return ReportData(comparison, [one["config"] for one in others], [_runs(one["runs"]) for one in others])


def _columns(runs: RunArrays) -> JsonObject:
    columns: JsonObject = {name: list(getattr(runs, name)) for name in _LISTS}
    values = {
        name: [None if np.isnan(value) else value for value in column.tolist()]
        for name, column in runs.values.items()
    }
    return {**columns, "values": values}


def _runs(columns: Mapping[str, Any]) -> RunArrays:
    values: dict[str, Sequence[float | None]] = columns["values"]
    # None becomes NaN.
    arrays = {name: np.array(column, dtype=np.float64) for name, column in values.items()}
    return RunArrays(**{name: columns[name] for name in _LISTS}, values=arrays)
