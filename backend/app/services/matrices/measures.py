"""What the trials of one cell show, and how it compares with the baseline: pure functions on arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.domain.metrics import Estimate, Metrics
from app.domain.scoring import ScoringRule
from app.domain.stages import StageGroup, StageProfile, describe_stage, stage_order
from app.services.comparisons.draws import SEED, Labels, cached_paired_draws
from app.services.comparisons.pairing import Floats, RunArrays, pair
from app.services.comparisons.same_answers import same_answers
from app.services.evaluation.metrics.expense import time_statistics
from app.services.evaluation.statistics.bounds import Bounds
from app.services.evaluation.statistics.equivalence import Equivalence, equivalence, equivalence_level
from app.services.evaluation.statistics.identity import AnswerIdentity
from app.services.evaluation.statistics.means import bounded_mean, share
from app.services.evaluation.statistics.paired import PairedDifference, PairedDraws, cautious_bounds
from app.services.evaluation.statistics.rates import MeanRate, mean_rate, rate_ratio


@dataclass(frozen=True, slots=True)
class MeasuredTrial:
    """One trial that completed.

    Attributes:
        round: from 1.
        metrics: of its result.
        runs: its runs, with one score and their answers.
    """

    round: int
    metrics: Metrics
    runs: RunArrays

    @property
    def questions_per_s(self) -> float | None:
        """Answered questions a second of work, whether they came from the cache or not."""
        wall_s = self.metrics.single.get("wall_s")
        answered = self.metrics.counts.ok
        return answered / wall_s if isinstance(wall_s, float | int) and wall_s > 0 and answered else None


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a score from the baseline's, and whether it is smaller than the margin."""

    paired: PairedDifference
    equivalence: Equivalence


@dataclass(frozen=True, slots=True)
class Against:
    """A cell against the baseline of its method."""

    speed: MeanRate | None
    identical: AnswerIdentity | None
    score: Difference | None


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
    times = time_statistics(latency[~np.isnan(latency)].tolist())
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
        latency_p50_ms=times.p50,
        latency_p95_ms=times.p95,
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
    cell: Sequence[MeasuredTrial],
    baseline: Sequence[MeasuredTrial],
    score: str,
    margin: float,
    rule: ScoringRule,
) -> Against:
    """Compare a cell with the baseline of its method, on the rounds that both have.

    Args:
        cell: its trials.
        baseline: those of the baseline.
        score: that is compared.
        margin: the largest difference of it that does not matter.
        rule: by which answers are normalised, to say how many are the same.
    """
    first = {one.round: one for one in baseline}
    pairs = [(first[one.round], one) for one in cell if one.round in first]
    rates = [(a.questions_per_s, b.questions_per_s) for a, b in pairs]
    known = [(a, b) for a, b in rates if a is not None and b is not None]
    if not pairs:
        return Against(None, None, None)
    one, two = (_together(side) for side in zip(*pairs, strict=True))
    pairing = pair(one, two)
    return Against(
        speed=rate_ratio([b for _, b in known], [a for a, _ in known]) if known else None,
        identical=same_answers(one, two, pairing, rule),
        score=_difference(
            one.values[score][pairing.first], two.values[score][pairing.second], pairing.clusters, margin
        ),
    )


def _difference(first: Floats, second: Floats, clusters: Labels | None, margin: float) -> Difference | None:
    """Compare the scores of pairs, shape ``(pairs,)``; NaN where a side has none."""
    kept = ~np.isnan(first) & ~np.isnan(second)
    draws = _draws(first[kept], second[kept], None if clusters is None else clusters[kept])
    if draws is None:
        return None
    lost = None if kept.all() else _if_missing(first, second, clusters)
    return Difference(draws.difference(), equivalence(draws, margin, with_missing=lost))


def _if_missing(first: Floats, second: Floats, clusters: Labels | None) -> Bounds | None:
    """Return the lower bound if what is missing counts against the second side, the upper if for it."""
    lost_one, lost_two = np.isnan(first), np.isnan(second)
    against = _draws(np.where(lost_one, 1.0, first), np.where(lost_two, 0.0, second), clusters)
    towards = _draws(np.where(lost_one, 0.0, first), np.where(lost_two, 1.0, second), clusters)
    if against is None or towards is None:
        return None
    level = equivalence_level()
    return cautious_bounds(against, level)[0], cautious_bounds(towards, level)[1]


def _draws(first: Floats, second: Floats, clusters: Labels | None) -> PairedDraws | None:
    alone = clusters is None or np.unique(clusters).size == clusters.size
    return cached_paired_draws(first, second, None if alone else clusters)


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
        outputs=[value for one in runs for value in one.outputs],
        answers=[value for one in runs for value in one.answers],
    )


def _units(runs: RunArrays, positions: Labels) -> list[str]:
    return [runs.clusters[place] or f"hash {runs.hashes[place]}" for place in positions]


def _mean(values: Sequence[float], units: Sequence[str]) -> Estimate:
    if all(value in {0.0, 1.0} for value in values):
        return share(values, units)
    return replace(bounded_mean(values, units, SEED), n=len(values))


def _sum(values: Sequence[float | None]) -> float | None:
    """Return a sum; ``None`` if a part of it is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
