"""The figures of a result: its metrics as a list that describes itself.

Whatever shows metrics (API, command line, dashboard) draws this list, and needs no names of its own.
"""

from collections.abc import Iterator
from dataclasses import asdict

from app.domain.metrics import (
    AgentStatistics,
    Better,
    Counts,
    Estimate,
    Figure,
    FigureDescription,
    Metrics,
    MetricValue,
    ScoreStatistics,
)
from app.domain.scoring import ScoreDescription
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.scorers.registry import SCORERS

_SMALLEST_EFFECT = 0.0005
"""Effect of failures on a score below which a note is not worth it: it would not show in per cent."""


def figures_of(metrics: Metrics) -> list[Figure]:
    """Return the figures of a result, those of one group after each other; see ``Figure``."""
    found = [
        *_scores(metrics),
        *(_agent(metrics.agent) if metrics.agent else ()),
        *_runs(metrics.counts),
        *_latency(metrics),
        *_tokens(metrics),
        *_cost(metrics),
        *_single(metrics),
    ]
    figures = [figure for figure in found if not (figure.minor and _is_nothing(figure))]
    groups = list(dict.fromkeys(figure.group for figure in figures))
    return sorted(figures, key=lambda figure: groups.index(figure.group))


def _is_nothing(figure: Figure) -> bool:
    # A share of 0 is a finding; a count or an amount of 0 is not.
    return figure.value is None or (figure.value == 0 and figure.format != "share")


def _figure(description: FigureDescription, value: MetricValue) -> Figure:
    about = asdict(description)
    if isinstance(value, Estimate):
        return Figure(
            **about, value=value.value, low=value.low, high=value.high, n=value.n, basis=value.method
        )
    return Figure(**about, value=value)


def _single(metrics: Metrics) -> Iterator[Figure]:
    for metric in METRICS:
        name = metric.description.name
        if name in metrics.single:
            yield _figure(metric.description, metrics.single[name])


def _scores(metrics: Metrics) -> Iterator[Figure]:
    order = [score.name for score in SCORERS.descriptions()]
    names = sorted(metrics.scores, key=lambda name: order.index(name) if name in order else len(order))
    for name in names:
        about, score = SCORERS.describe(name), metrics.scores[name]
        yield Figure(
            name=name,
            label=about.label,
            group=about.group,
            format="share",
            better="higher",
            help=about.help,
            value=score.value,
            low=score.low,
            high=score.high,
            n=score.n,
            basis=score.method,
            note=_score_note(about, score),
        )


def _score_note(about: ScoreDescription, score: ScoreStatistics) -> str:
    notes = [f"{score.unscored:,} without this score"] if score.unscored else []
    # Where retrieval cannot be judged nothing has failed: the note is for scores of the answer.
    if about.group == "answer" and score.value - score.if_failed_were_wrong > _SMALLEST_EFFECT:
        notes.append(f"{100 * score.if_failed_were_wrong:.1f} % if what failed counted as wrong")
    return "; ".join(notes)


def _agent(agent: AgentStatistics) -> Iterator[Figure]:
    yield _figure(_SUCCESS, agent.success_rate)
    yield _figure(_STUCK, agent.stuck_rate)
    yield _figure(_STEPS, agent.iterations)
    yield _figure(_FAILED_USES, agent.failed_uses)


_SUCCESS = FigureDescription(
    name="agent_success_rate",
    label="Gave an answer",
    group="agent",
    format="share",
    better="higher",
    help="Share of the agents that ended by giving an answer, right or wrong.",
)
_STUCK = FigureDescription(
    name="agent_stuck_rate",
    label="Stuck",
    group="agent",
    format="share",
    better="lower",
    help="Share of the agents that were stopped because they repeated the same action.",
)
_STEPS = FigureDescription(
    name="agent_iterations", label="Steps", group="agent", better="lower", help="Steps of a run, on average."
)
_FAILED_USES = FigureDescription(
    name="agent_failed_uses",
    label="Failed uses",
    group="agent",
    format="share",
    better="lower",
    help="Share of all tool uses that had no result.",
    minor=True,
)


def _runs(counts: Counts) -> Iterator[Figure]:
    failures = ", ".join(f"{count:,} {kind}" for kind, count in counts.failures.items())

    def figure(
        name: str,
        label: str,
        value: int,
        about: str,
        *,
        better: Better | None = None,
        note: str = "",
        minor: bool = True,
    ) -> Figure:
        return Figure(
            name=name,
            label=label,
            group="runs",
            row="runs",
            format="count",
            better=better,
            help=about,
            minor=minor,
            value=value,
            note=note,
        )

    yield figure("runs_answered", "answered", counts.ok, "Runs with an answer, right or wrong.", minor=False)
    about = "Runs without an answer."
    yield figure("runs_failed", "failed", counts.failed, about, better="lower", note=failures, minor=False)
    yield figure("runs_missing", "not run", counts.missing, "Planned runs that were not run.")
    yield figure("runs_cached", "from the cache", counts.cached, "Answered from the cache.")
    yield figure("runs_retried", "retried", counts.retried, "Runs that needed more than one attempt.")


def _latency(metrics: Metrics) -> Iterator[Figure]:
    latency = metrics.latency_ms
    values = {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99, "max": latency.max}
    for label, value in values.items():
        yield Figure(
            name=f"latency_{label}_ms",
            label=label,
            group="speed",
            row="latency",
            format="milliseconds",
            better="lower",
            help="Of answered, uncached runs; waiting for a free slot not included.",
            value=value,
            n=latency.n,
            basis="uncached",
        )


def _tokens(metrics: Metrics) -> Iterator[Figure]:
    tokens = metrics.tokens
    unknown = tokens.runs_without_counts
    for label, value in (("prompt", tokens.prompt), ("completion", tokens.completion)):
        yield Figure(
            name=f"tokens_{label}",
            label=label,
            group="tokens",
            row="tokens",
            format="count",
            better="lower",
            help="As counted by the model's server.",
            value=value,
            warning=f"{unknown:,} runs without counts" if unknown else "",
        )


def _cost(metrics: Metrics) -> Iterator[Figure]:
    cost = metrics.cost_usd

    def figure(name: str, label: str, value: float | None, about: str, *, minor: bool = True) -> Figure:
        return Figure(
            name=name,
            label=label,
            group="cost",
            row="cost",
            format="usd",
            better="lower" if name != "cost_saved_by_cache_usd" else None,
            help=about,
            minor=minor,
            value=value,
            note="no price or no token counts" if value is None else "",
        )

    yield figure(
        "cost_usd", "in all", cost.total, "Of all uncached calls, at the catalog's prices.", minor=False
    )
    yield figure("cost_per_1000_runs_usd", "per 1,000 runs", cost.per_1000_runs, "Of 1,000 uncached runs.")
    yield figure(
        "cost_saved_by_cache_usd",
        "saved by the cache",
        cost.saved_by_cache,
        "What cached answers would cost.",
    )
