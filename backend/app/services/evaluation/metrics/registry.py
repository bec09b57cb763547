"""All metrics that are a single number. A new one is added to the list at the end of this module."""

from collections.abc import Iterator, Sequence

from app.domain.metrics import MetricValue, RunContext, RunFacts
from app.services.evaluation.metrics.single import (
    GPU_SECONDS,
    HALLUCINATION_RATE,
    THROUGHPUT,
    TOKENS_PER_ANSWER,
    WALL_TIME,
    Metric,
)

_OWN_KEYS = frozenset(
    {
        "counts",
        "scores",
        "attribution",
        "agent",
        "latency_ms",
        "tokens",
        "cost_usd",
        "model_ms",
        "saved_tokens",
        "cache",
        "warnings",
        "stages",
        "cached_stages",
        "first_token_ms",
    }
)


class MetricRegistry:
    """Metrics by name, in the order in which they are shown."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics: dict[str, Metric] = {}
        for metric in metrics:
            self._add(metric)

    def _add(self, metric: Metric) -> None:
        name = metric.description.name
        if name in self._metrics or name in _OWN_KEYS:
            raise ValueError(f"there is already a metric {name!r}")
        self._metrics[name] = metric

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._metrics.values())

    def compute(self, runs: Sequence[RunFacts], context: RunContext) -> dict[str, MetricValue]:
        """Return the values of all metrics by name."""
        return {name: metric.compute(runs, context) for name, metric in self._metrics.items()}


METRICS = MetricRegistry(
    [
        HALLUCINATION_RATE,
        THROUGHPUT,
        TOKENS_PER_ANSWER,
        WALL_TIME,
        GPU_SECONDS,
    ]
)
