"""Where the time of an experiment's runs went, from the stages that each run has stored."""

from collections.abc import Iterable, Sequence

import numpy as np
import orjson

from app.domain.metrics import LatencyStatistics, RunFacts
from app.domain.stages import StageProfile, StageStatistics, describe_stage, stage_order
from app.services.evaluation.metrics.expense import time_statistics

_MICRO_IN_MILLI = 1000.0
_FIRST = "first_token"


def stage_profile(answered: Sequence[RunFacts]) -> StageProfile | None:
    """Return the profile of the answered runs none of whose calls came from the cache."""
    return _profile(run.stages for run in answered if not run.cached and run.latency_ms is not None)


def cached_stage_profile(answered: Sequence[RunFacts]) -> StageProfile | None:
    """Return the profile of the answered runs all of whose calls came from the cache."""
    return _profile(run.stages for run in answered if run.cached)


def first_token_statistics(answered: Sequence[RunFacts]) -> LatencyStatistics | None:
    """Summarise the time to the first token of the calls that were made, in ms; ``None``: not measured.

    Waiting for a slot is not in it, nor are attempts that failed.
    """
    times = [
        stage[1] / _MICRO_IN_MILLI
        for run in answered
        if run.stages is not None and _FIRST in run.stages
        for stage in orjson.loads(run.stages)
        if stage[0] == _FIRST
    ]
    return time_statistics(times) if times else None


def _profile(stored: Iterable[str | None]) -> StageProfile | None:
    """Return the profile of some runs; a stage that a run did not go through took it no time."""
    rows = [stages for stages in stored if stages is not None]
    if not rows:
        return None
    count = len(rows)
    times: dict[str, list[float]] = {}
    for place, row in enumerate(rows):
        for stage in orjson.loads(row):
            name = stage[0]
            if name not in times:
                times[name] = [0.0] * count
            times[name][place] += stage[1]
    by_stage = {name: np.array(times[name]) / _MICRO_IN_MILLI for name in sorted(times, key=stage_order)}
    wall = np.sum([*by_stage.values()], axis=0)
    waiting = [values for name, values in by_stage.items() if describe_stage(name).waits]
    own = wall - np.sum(waiting, axis=0) if waiting else wall
    whole = float(wall.sum())
    return StageProfile(
        runs=count,
        wall_p50_ms=float(np.percentile(wall, 50)),
        wall_p95_ms=float(np.percentile(wall, 95)),
        own_p50_ms=float(np.percentile(own, 50)),
        own_p95_ms=float(np.percentile(own, 95)),
        stages=tuple(
            StageStatistics(
                name=name,
                p50_ms=float(np.percentile(values, 50)),
                p95_ms=float(np.percentile(values, 95)),
                mean_ms=float(values.mean()),
                share=float(values.sum()) / whole if whole else 0.0,
            )
            for name, values in by_stage.items()
        ),
    )
