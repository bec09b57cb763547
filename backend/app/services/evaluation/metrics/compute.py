"""From the stored runs of an experiment to its metrics: one pure function.

It is used when an experiment ends, and by the test that recomputes every aggregate.
"""

from collections import Counter
from collections.abc import Sequence

from app.domain.metrics import AgentStatistics, Counts, Metrics, RunContext, RunFacts
from app.services.evaluation.metrics.agents import agent_statistics
from app.services.evaluation.metrics.attribution import count_attributions
from app.services.evaluation.metrics.caching import cache_statistics
from app.services.evaluation.metrics.expense import (
    cost_statistics,
    latency_statistics,
    model_time_statistics,
    saved_token_statistics,
    token_statistics,
)
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.metrics.scores import score_statistics
from app.services.evaluation.metrics.stages import (
    cached_stage_profile,
    first_token_statistics,
    stage_profile,
)
from app.services.evaluation.metrics.units import units_of


def compute_metrics(runs: Sequence[RunFacts], context: RunContext) -> Metrics:
    """Return all metrics; what cannot be known is ``None``."""
    answered = [run for run in runs if run.ok]
    paid = [*runs, *context.superseded]
    return Metrics(
        counts=_counts(runs, answered, context.planned),
        scores=score_statistics(runs, answered, context.seed),
        attribution=count_attributions(answered),
        agent=_agents(runs, context.seed),
        latency_ms=latency_statistics(answered),
        tokens=token_statistics(paid, context.shared),
        cost_usd=cost_statistics(paid, context.shared),
        single=METRICS.compute(runs, context),
        model_ms=model_time_statistics(answered),
        saved_tokens=saved_token_statistics(runs),
        warnings=dict(Counter(one["kind"] for run in runs for one in run.warnings or ())),
        cache=cache_statistics(runs),
        stages=stage_profile(answered),
        cached_stages=cached_stage_profile(answered),
        first_token_ms=first_token_statistics(answered),
    )


def _agents(runs: Sequence[RunFacts], seed: int) -> AgentStatistics | None:
    traced = [run for run in runs if run.trace is not None]
    return agent_statistics([run.trace for run in traced if run.trace], seed, units_of(traced))


def _counts(runs: Sequence[RunFacts], answered: Sequence[RunFacts], planned: int) -> Counts:
    return Counts(
        planned=planned,
        stored=len(runs),
        ok=len(answered),
        failed=len(runs) - len(answered),
        missing=planned - len(runs),
        cached=sum(run.cached for run in answered),
        retried=sum(run.attempts > 1 for run in runs),
        failures=dict(Counter(run.failure_kind for run in runs if run.failure_kind)),
        parse_outcomes=dict(Counter(run.parse_outcome for run in answered if run.parse_outcome)),
    )
