"""Metrics that are a single number each, as the registry lists them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.domain.metrics import FigureDescription, MetricValue, RunContext, RunFacts
from app.services.evaluation.metrics.expense import paid_by
from app.services.evaluation.metrics.units import units_of
from app.services.evaluation.statistics.means import share

REFERENCE_GPU_FLOPS = 312e12 * 0.4
"""A100's peak in bf16 (NVIDIA's data sheet) at 40 % utilisation; see ``estimated_gpu_seconds``."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is a single number.

    Attributes:
        description: how it is shown; its name is the key in stored results.
        compute: from all runs and their context to the value; ``None`` if it cannot be known.
    """

    description: FigureDescription
    compute: Callable[[Sequence[RunFacts], RunContext], MetricValue]


def hallucination_rate(runs: Sequence[RunFacts], _context: RunContext) -> MetricValue:
    """Return the share of the judged answers that are not faithful; ``None`` if none was judged."""
    judged = [run for run in runs if run.ok and run.scores.get("faithful") is not None]
    return share([float(run.scores["faithful"] == 0) for run in judged], units_of(judged)) if judged else None


def throughput(runs: Sequence[RunFacts], context: RunContext) -> float | None:
    """Return uncached answers a second of work; ``None`` if the time is unknown or all were cached."""
    fresh = len(_fresh(runs))
    return fresh / context.wall_s if context.wall_s and fresh else None


def wall_time(_runs: Sequence[RunFacts], context: RunContext) -> float | None:
    """Return the seconds that were worked on the experiment."""
    return context.wall_s


def estimated_gpu_seconds(runs: Sequence[RunFacts], context: RunContext) -> float | None:
    """Return the seconds of arithmetic that the answers take on a reference GPU.

    2 · parameters floating point operations a token (Kaplan et al. 2020, sect. 2.1), at
    ``REFERENCE_GPU_FLOPS``. It counts arithmetic alone: decoding a single sequence is bound by
    memory, and takes longer. ``None`` if the model's size or any token count is unknown.
    """
    if context.parameters is None or not _fresh(runs):
        return None
    shared = context.shared
    tokens = (shared.prompt_tokens or 0) + (shared.completion_tokens or 0) if shared else 0
    for run in runs:
        paid = paid_by(run)
        if paid.prompt_tokens is not None and paid.completion_tokens is not None:
            tokens += paid.prompt_tokens + paid.completion_tokens
        elif run.ok:
            return None
    return 2 * context.parameters * tokens / REFERENCE_GPU_FLOPS


def tokens_per_answer(runs: Sequence[RunFacts], context: RunContext) -> float | None:
    """Return the mean tokens of all calls for an answer, cached ones included; ``None`` if none is known.

    ``None``, too, where several requests share a call: those that had one of their own are no sample of all.
    """
    if context.shared:
        return None
    known = [
        run.prompt_tokens + run.completion_tokens
        for run in runs
        if run.ok and run.prompt_tokens is not None and run.completion_tokens is not None
    ]
    return sum(known) / len(known) if known else None


def _fresh(runs: Sequence[RunFacts]) -> list[RunFacts]:
    """Return the answered runs for which the model was called."""
    return [run for run in runs if run.ok and not run.cached]


HALLUCINATION_RATE = Metric(
    FigureDescription(
        name="hallucination_rate",
        label="Hallucination rate",
        group="faithfulness",
        format="share",
        better="lower",
        help="Share of the judged answers with a faithfulness below 0.5.",
        minor=True,
    ),
    hallucination_rate,
)
THROUGHPUT = Metric(
    FigureDescription(
        name="throughput_per_s",
        label="Throughput",
        group="speed",
        unit="answers/s",
        better="higher",
        help="Uncached answers a second of work.",
    ),
    throughput,
)
WALL_TIME = Metric(
    FigureDescription(
        name="wall_s",
        label="Wall time",
        group="speed",
        unit="s",
        better="lower",
        help="Seconds between the first and the last run, pauses between sessions of work left out.",
    ),
    wall_time,
)
TOKENS_PER_ANSWER = Metric(
    FigureDescription(
        name="tokens_per_answer",
        label="Tokens an answer",
        group="tokens",
        row="tokens",
        short="an answer",
        better="lower",
        help="Mean of the answered runs, cached calls included.",
        minor=True,
    ),
    tokens_per_answer,
)
GPU_SECONDS = Metric(
    FigureDescription(
        name="gpu_seconds_estimate",
        label="GPU estimate",
        group="cost",
        unit="GPU s",
        better="lower",
        help="Arithmetic of all uncached tokens on one A100 at 40 % utilisation: a lower bound for decoding.",
        minor=True,
    ),
    estimated_gpu_seconds,
)
