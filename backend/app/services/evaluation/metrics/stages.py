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
    names = sorted(times, key=stage_order)
    ms = np.array([times[name] for name in names]) / _MICRO_IN_MILLI
    is_own = np.array([not describe_stage(name).waits for name in names])
    sums = np.array([ms.sum(axis=0), ms[is_own].sum(axis=0)])
    p50, p95 = np.percentile(np.vstack([sums, ms]), [50, 95], axis=1).tolist()
    means = ms.mean(axis=1).tolist()
    whole = sum(means)
    return StageProfile(
        runs=count,
        wall_p50_ms=p50[0],
        wall_p95_ms=p95[0],
        own_p50_ms=p50[1],
        own_p95_ms=p95[1],
        stages=tuple(
            StageStatistics(name, p50[place + 2], p95[place + 2], mean, mean / whole if whole else 0.0)
            for place, (name, mean) in enumerate(zip(names, means, strict=True))
        ),
    )
