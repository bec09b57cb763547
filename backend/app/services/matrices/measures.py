"""What the trials of one cell show, and how it compares with the baseline: pure functions on arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from app.domain.metrics import Estimate, Metrics
from app.domain.stages import StageGroup, StageProfile, describe_stage, stage_order
from app.services.comparisons.draws import SEED
from app.services.comparisons.pairing import RunArrays, pair
from app.services.evaluation.statistics.means import bounded_mean, share
from app.services.evaluation.statistics.noninferiority import FEWEST_TO_DECIDE
from app.services.evaluation.statistics.paired import paired_draws
from app.services.evaluation.statistics.rates import MeanRate, mean_rate, rate_ratio
from app.services.evaluation.statistics.resampling import TooFewUnits

Equivalence = Literal["equivalent", "better", "worse", "cannot_tell"]
_TEST_LEVEL = 0.90
"""Two one-sided tests at 5 % are one 90 % interval within the margins (Schuirmann 1987)."""


@dataclass(frozen=True, slots=True)
class MeasuredTrial:
    """One trial that completed.

    Attributes:
        round: from 1.
        metrics: of its result.
        runs: its runs, with one score.
        answers: of each run, a hash of the answer's text; ``None`` where there is none.
    """

    round: int
    metrics: Metrics
    runs: RunArrays
    answers: Sequence[str | None]

    @property
    def questions_per_s(self) -> float | None:
        """Answered questions a second of work, whether they came from the cache or not."""
        wall_s = self.metrics.single.get("wall_s")
        answered = self.metrics.counts.ok
        return answered / wall_s if isinstance(wall_s, float | int) and wall_s > 0 and answered else None


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """See ``schemas.matrix.ScoreEquivalence``."""

    difference: float
    low: float
    high: float
    test_low: float
    test_high: float
    n: int
    units: int
    outcome: Equivalence


@dataclass(frozen=True, slots=True)
class Against:
    """A cell against the baseline of its method."""

    speed: MeanRate | None
    identical: Estimate | None
    score: ScoreDifference | None


@dataclass(frozen=True, slots=True)
class MeanStage:
    """See ``schemas.matrix.CellStage``."""

    name: str
    label: str
    group: StageGroup
    waits: bool
    mean_ms: float


@dataclass(frozen=True, slots=True)
class CellMeasures:
    """One cell over its rounds; see ``schemas.matrix.MatrixCellOut``."""

    score: Estimate | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    questions_per_s: MeanRate | None
    tokens_per_question: float | None
    usd_per_1000: float | None
    hit_rate: float | None
    prompt_cache_rate: float | None
    failed_runs: int
    stages: tuple[MeanStage, ...] = ()


def measure(trials: Sequence[MeasuredTrial], score: str) -> CellMeasures:
    """Return what the trials of one cell show together; rounds of one question are a cluster."""
    runs = _together(trials)
    values = runs.values[score]
    scored = ~np.isnan(values)
    latency = runs.values["latency_ms"]
    latency = latency[~np.isnan(latency)]
    metrics = [one.metrics for one in trials]
    rates = [rate for one in trials if (rate := one.questions_per_s) is not None]
    stored = sum(one.counts.stored for one in metrics)
    tokens = _sum([part for one in metrics for part in (one.tokens.prompt, one.tokens.completion)])
    cost = _sum([one.cost_usd.total for one in metrics])
    caches = [one.cache for one in metrics if one.cache is not None]
    queried = _sum([one.queried_tokens for one in caches])
    read = _sum([one.read_tokens for one in caches])
    calls = sum(one.calls for one in caches)
    return CellMeasures(
        score=_mean(values[scored].tolist(), _units(runs, np.flatnonzero(scored))) if scored.any() else None,
        latency_p50_ms=float(np.quantile(latency, 0.5)) if latency.size else None,
        latency_p95_ms=float(np.quantile(latency, 0.95)) if latency.size else None,
        questions_per_s=mean_rate(rates) if rates else None,
        tokens_per_question=tokens / stored if tokens is not None and stored else None,
        usd_per_1000=1000 * cost / stored if cost is not None and stored else None,
        hit_rate=sum(one.hits for one in caches) / calls if calls else None,
        prompt_cache_rate=read / queried if read is not None and queried else None,
        failed_runs=sum(one.counts.failed for one in metrics),
        stages=_stages([one.stages or one.cached_stages for one in metrics]),
    )


def _stages(profiles: Sequence[StageProfile | None]) -> tuple[MeanStage, ...]:
    """Return the mean of each stage over the runs of several trials."""
    known = [one for one in profiles if one is not None]
    runs = sum(one.runs for one in known)
    sums: dict[str, float] = {}
    for profile in known:
        for stage in profile.stages:
            sums[stage.name] = sums.get(stage.name, 0.0) + stage.mean_ms * profile.runs
    found = [(describe_stage(name), sums[name] / runs) for name in sorted(sums, key=stage_order)]
    return tuple(MeanStage(one.name, one.label, one.group, one.waits, mean) for one, mean in found)


def against_baseline(
    cell: Sequence[MeasuredTrial], baseline: Sequence[MeasuredTrial], score: str, margin: float
) -> Against:
    """Compare a cell with the baseline of its method, on the rounds that both have."""
    first = {one.round: one for one in baseline}
    pairs = [(first[one.round], one) for one in cell if one.round in first]
    rates = [(a.questions_per_s, b.questions_per_s) for a, b in pairs]
    known = [(a, b) for a, b in rates if a is not None and b is not None]
    if not pairs:
        return Against(None, None, None)
    one, two = (_together(side) for side in zip(*pairs, strict=True))
    pairing = pair(one, two)
    given = [([answer for trial in side for answer in trial.answers]) for side in zip(*pairs, strict=True)]
    both = [
        (given[0][a], given[1][b], place)
        for place, (a, b) in enumerate(zip(pairing.first, pairing.second, strict=True))
    ]
    same = [(float(a == b), place) for a, b, place in both if a is not None and b is not None]
    units = _units(one, pairing.first)
    return Against(
        speed=rate_ratio([b for _, b in known], [a for a, _ in known]) if known else None,
        identical=share([hit for hit, _ in same], [units[place] for _, place in same]) if same else None,
        score=_difference(
            one.values[score][pairing.first], two.values[score][pairing.second], pairing.clusters, margin
        ),
    )


def _difference(
    first: np.ndarray, second: np.ndarray, clusters: np.ndarray | None, margin: float
) -> ScoreDifference | None:
    kept = ~np.isnan(first) & ~np.isnan(second)
    labels = None if clusters is None else clusters[kept]
    if labels is not None and np.unique(labels).size == labels.size:
        labels = None
    if not kept.any():
        return None
    try:
        draws = paired_draws(first[kept], second[kept], labels, seed=SEED)
    except TooFewUnits:
        return None
    found, test = draws.difference(), draws.difference(level=_TEST_LEVEL)
    return ScoreDifference(
        difference=found.difference,
        low=found.low,
        high=found.high,
        test_low=test.low,
        test_high=test.high,
        n=found.n,
        units=found.units,
        outcome=_outcome((found.low, found.high), (test.low, test.high), found.units, margin),
    )


def _outcome(
    interval: tuple[float, float], test: tuple[float, float], units: int, margin: float
) -> Equivalence:
    if units < FEWEST_TO_DECIDE:
        return "cannot_tell"
    if -margin < test[0] and test[1] < margin:
        return "equivalent"
    if interval[0] > 0:
        return "better"
    return "worse" if interval[1] < 0 else "cannot_tell"


def _together(trials: Sequence[MeasuredTrial]) -> RunArrays:
    """Return the runs of several rounds as one experiment's, whose repeats the rounds are."""
    runs = [one.runs for one in trials]
    names: Mapping[str, object] = runs[0].values
    return RunArrays(
        hashes=[value for one in runs for value in one.hashes],
        repeats=[one.round for one in trials for _ in one.runs.hashes],
        keys=[value for one in runs for value in one.keys],
        clusters=[value for one in runs for value in one.clusters],
        failed=[value for one in runs for value in one.failed],
        values={name: np.concatenate([one.values[name] for one in runs]) for name in names},
    )


def _units(runs: RunArrays, positions: np.ndarray) -> list[str]:
    return [runs.clusters[place] or f"hash {runs.hashes[place]}" for place in positions]


def _mean(values: Sequence[float], units: Sequence[str]) -> Estimate:
    if all(value in {0.0, 1.0} for value in values):
        return share(values, units)
    return replace(bounded_mean(values, units, SEED), n=len(values))


def _sum(values: Sequence[float | None]) -> float | None:
    """Return a sum; ``None`` if a part of it is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
