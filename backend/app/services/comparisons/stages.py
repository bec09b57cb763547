"""Experiments compared by where the time of a question goes: stage by stage, on the same questions.

Runs without an answer, and those of which a call came from the cache, have no part in it. Of many runs the
questions are put into blocks, which are drawn instead of them: the means of so many blocks say as much, and a
comparison of 200,000 runs takes as long as one of some thousands.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.stages import OWN, WALL, describe_stage, stage_order
from app.models import Experiment
from app.services.comparisons.compare import QuantityComparison, compare_experiments
from app.services.comparisons.pairing import Floats, RunArrays
from app.services.comparisons.repository import RunArraysRepository
from app.services.results.service import ResultService

_MICRO_IN_MILLI = 1000.0
_SMALL_SHARE = 0.001
"""Share of the time below which a stage is not compared: a difference of it could not matter."""
_MANY_RUNS = 10_000
_BLOCKS = 2_000


@dataclass(frozen=True, slots=True)
class StageComparison:
    """Experiments compared with the first of them, stage by stage.

    Attributes:
        experiments: the baseline first.
        stages: names of what is compared: the time of a question as a whole, then the stages.
        against_baseline: of each other experiment, in the order of ``stages``.
        unmeasured: names of experiments without any stages to compare.
    """

    experiments: list[Experiment]
    stages: list[str]
    against_baseline: list[list[QuantityComparison]]
    unmeasured: list[str]


class StageComparisonService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._arrays = RunArraysRepository(session)

    async def compare(self, ids: Sequence[uuid.UUID]) -> StageComparison:
        """Compare experiments with the first of them, on the questions that both answered.

        Raises:
            InvalidInput: for fewer than two, or too many, or the same twice.
            NotFound: if one has no result.
        """
        experiments = [one.experiment for one in await self._results.compared(ids)]
        runs = [await self._read(one) for one in ids]
        names = _compared_stages(runs)
        unmeasured = [
            experiment.name
            for experiment, one in zip(experiments, runs, strict=True)
            if np.isnan(one.values[WALL]).all()
        ]
        baseline, *others = [_with(one, names) for one in runs]
        found = await asyncio.to_thread(compare_experiments, baseline, others, [], names)
        return StageComparison(experiments, names, [one.quantities for one in found], unmeasured)

    async def _read(self, experiment_id: uuid.UUID) -> RunArrays:
        parts = [_Part.of(columns) async for columns in self._arrays.stages(experiment_id)]
        return _joined(parts)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some runs of an experiment, with the milliseconds of each stage, NaN where nothing was measured."""

    columns: list[list[Any]]
    times: dict[str, Floats]

    @classmethod
    def of(cls, row: Sequence[list[Any]]) -> "_Part":
        """Return the runs of which ``RunArraysRepository.stages`` has read the columns."""
        *columns, stored = row
        measured = np.array([0.0 if one is not None else np.nan for one in stored])
        micros: dict[str, list[float]] = {}
        for place, text in enumerate(stored):
            for stage in () if text is None else orjson.loads(text):
                name = stage[0]
                if name not in micros:
                    micros[name] = [0.0] * len(stored)
                micros[name][place] += stage[1]
        times = {name: measured + np.array(one) / _MICRO_IN_MILLI for name, one in micros.items()}
        times[WALL] = measured + sum(times.values(), start=np.zeros(len(stored)))
        waits = [one for name, one in times.items() if name != WALL and describe_stage(name).waits]
        times[OWN] = np.maximum(0.0, times[WALL] - sum(waits, start=np.zeros(len(stored))))
        return cls(columns, times)


def _joined(parts: Sequence[_Part]) -> RunArrays:
    hashes, repeats, keys, clusters, failed = (
        [value for part in parts for value in part.columns[place]] for place in range(5)
    )
    names = {WALL, OWN, *(name for part in parts for name in part.times)}
    if len(hashes) > _MANY_RUNS:
        labels = zip(clusters, hashes, strict=True)
        clusters = [f"block {crc32((cluster or content).encode()) % _BLOCKS}" for cluster, content in labels]
    # A stage that no run of a part went through took them no time.
    values = {
        name: np.concatenate([part.times.get(name, 0.0 * part.times[WALL]) for part in parts])
        if parts
        else np.empty(0)
        for name in names
    }
    return RunArrays(hashes, repeats, keys, clusters, failed, values)


def _compared_stages(runs: Sequence[RunArrays]) -> list[str]:
    """Return what is compared: the times as a whole, and the stages that take a share of any."""
    found = {
        name
        for one in runs
        if (whole := np.nansum(one.values[WALL])) > 0
        for name, values in one.values.items()
        if name not in {WALL, OWN} and np.nansum(values) >= _SMALL_SHARE * whole
    }
    return [OWN, WALL, *sorted(found, key=stage_order)]


def _with(runs: RunArrays, names: Sequence[str]) -> RunArrays:
    """Return the runs with values for all of these stages: none took those that they did not go through."""
    nothing = 0.0 * runs.values[WALL]
    values = {name: runs.values.get(name, nothing) for name in names}
    return RunArrays(runs.hashes, runs.repeats, runs.keys, runs.clusters, runs.failed, values)
