"""From the stored runs of an experiment to its metrics: one pure function, used at the end of an
experiment and by the test that recomputes every aggregate.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any

import numpy as np

from app.services.evaluation.agents import agent_metrics
from app.services.evaluation.measures import MEASURES
from app.services.evaluation.retrieval import ATTRIBUTIONS, attribution
from app.services.evaluation.statistics.intervals import bca_mean, wilson

REFERENCE_GPU_FLOPS = 312e12 * 0.4
"""A100's peak in bf16 (NVIDIA's data sheet) at 40 % utilisation; see ``estimated_gpu_seconds``."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the aggregation needs of one run; ``scores`` by scorer name, ``trace`` the summary of one."""

    ok: bool
    failure_kind: str | None
    parse_outcome: str | None
    scores: dict[str, float | None]
    cached: bool
    attempts: int
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    trace: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the aggregation needs beside the runs.

    Attributes:
        planned: runs that the experiment consists of.
        wall_s: seconds between its first and last run, over all sessions of work; ``None`` unknown.
        parameters: weights of the model, if the catalog says.
        seed: of the bootstrap.
    """

    planned: int
    wall_s: float | None
    parameters: float | None
    seed: int


def compute_metrics(runs: Sequence[RunFacts], context: RunContext) -> dict[str, Any]:
    """Return all metrics as plain JSON; what cannot be known is ``None``."""
    answered = [run for run in runs if run.ok]
    return {
        "counts": _counts(runs, answered, context.planned),
        "scores": _scores(runs, answered, context.seed),
        "attribution": _attribution(answered),
        "hallucination_rate": _hallucination_rate(answered),
        "agent": agent_metrics([run.trace for run in runs if run.trace is not None], context.seed),
        "latency_ms": _latency(answered),
        "throughput_per_s": _throughput(answered, context.wall_s),
        "wall_s": context.wall_s,
        "tokens": _tokens(answered),
        "cost_usd": _cost(answered),
        "gpu_seconds_estimate": estimated_gpu_seconds(answered, context.parameters),
    }


def _counts(runs: Sequence[RunFacts], answered: Sequence[RunFacts], planned: int) -> dict[str, Any]:
    return {
        "planned": planned,
        "stored": len(runs),
        "ok": len(answered),
        "failed": len(runs) - len(answered),
        "missing": planned - len(runs),
        "cached": sum(run.cached for run in answered),
        "retried": sum(run.attempts > 1 for run in runs),
        "failures": dict(Counter(run.failure_kind for run in runs if run.failure_kind)),
        "parse_outcomes": dict(Counter(run.parse_outcome for run in answered if run.parse_outcome)),
    }


def _scores(runs: Sequence[RunFacts], answered: Sequence[RunFacts], seed: int) -> dict[str, Any]:
    """Mean and interval by score, over the answered runs that have it.

    ``if_failed_were_wrong`` is the mean were every failed and unscored run a 0: how much the
    failures could matter at the worst.
    """
    names = {name: None for run in answered for name in run.scores}
    result: dict[str, Any] = {}
    for name in names:
        values = [value for run in answered if (value := run.scores.get(name)) is not None]
        if not values:
            continue
        if MEASURES[name].kind == "binary":
            interval = wilson(round(sum(values)), len(values))
        else:
            interval = bca_mean(values, seed)
        result[name] = {
            **asdict(interval),
            "kind": MEASURES[name].kind,
            "version": MEASURES[name].version,
            "unscored": len(answered) - len(values),
            "if_failed_were_wrong": fsum(values) / len(runs),
        }
    return result


def _attribution(answered: Sequence[RunFacts]) -> dict[str, int] | None:
    """Count where answers went right or wrong; ``None`` if nothing was retrieved."""
    found = Counter(where for run in answered if (where := attribution(run.scores)) is not None)
    return {name: found[name] for name in ATTRIBUTIONS} if found else None


def _hallucination_rate(answered: Sequence[RunFacts]) -> dict[str, Any] | None:
    """Share of the judged answers that are not faithful, with its interval; ``None`` if none was judged."""
    judged = [value for run in answered if (value := run.scores.get("faithful")) is not None]
    return asdict(wilson(judged.count(0.0), len(judged))) if judged else None


def _latency(answered: Sequence[RunFacts]) -> dict[str, Any]:
    """Wall time of answered, uncached calls in ms; cached ones would flatter it."""
    values = [run.latency_ms for run in answered if not run.cached and run.latency_ms is not None]
    names = ("p50", "p95", "p99", "min", "max", "mean")
    if not values:
        return {"n": 0, **dict.fromkeys(names)}
    data = np.sort(values)
    p50, p95, p99 = (float(value) for value in np.percentile(data, [50, 95, 99]))
    summary = (p50, p95, p99, float(data.min()), float(data.max()), float(data.mean()))
    return {"n": len(values), **dict(zip(names, summary, strict=True))}


def _throughput(answered: Sequence[RunFacts], wall_s: float | None) -> float | None:
    fresh = sum(not run.cached for run in answered)
    return fresh / wall_s if wall_s and fresh else None


def _tokens(answered: Sequence[RunFacts]) -> dict[str, Any]:
    """Sums of the token counts that servers reported, and how many runs have none."""

    def total(values: list[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return {
        "prompt": total([run.prompt_tokens for run in answered]),
        "completion": total([run.completion_tokens for run in answered]),
        "runs_without_counts": sum(
            run.prompt_tokens is None or run.completion_tokens is None for run in answered
        ),
    }


def _cost(answered: Sequence[RunFacts]) -> dict[str, Any]:
    """Cost in US dollars; cached answers cost nothing this time, and are counted apart.

    ``None`` if the price of any uncached run is unknown: a sum with gaps would be too low.
    """
    fresh = [run.cost_usd for run in answered if not run.cached]
    saved = [run.cost_usd for run in answered if run.cached]
    known = [cost for cost in fresh if cost is not None]
    # fsum rounds once, so that the sum does not depend on the order of the runs.
    total = fsum(known) if len(known) == len(fresh) else None
    return {
        "total": total,
        "per_1000_runs": 1000 * total / len(fresh) if total is not None and fresh else None,
        "saved_by_cache": None if None in saved else fsum(cost for cost in saved if cost is not None),
    }


def estimated_gpu_seconds(answered: Sequence[RunFacts], parameters: float | None) -> float | None:
    """Return the seconds that a reference GPU would compute for, as a proxy.

    2 · parameters floating point operations a token (Kaplan et al. 2020, sect. 2.1), at
    ``REFERENCE_GPU_FLOPS``. It counts arithmetic alone: decoding a single sequence is bound by
    memory, and takes longer. ``None`` if the model's size or any token count is unknown.
    """
    fresh = [run for run in answered if not run.cached]
    if parameters is None or not fresh:
        return None
    tokens = 0
    for run in fresh:
        if run.prompt_tokens is None or run.completion_tokens is None:
            return None
        tokens += run.prompt_tokens + run.completion_tokens
    return 2 * parameters * tokens / REFERENCE_GPU_FLOPS
