"""The figures of a result: its metrics as a list that describes itself.

Whatever shows metrics (API, command line, dashboard) draws this list, and needs no names of its own.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace

from app.domain.metrics import (
    AgentStatistics,
    Counts,
    Estimate,
    Figure,
    FigureDescription,
    LatencyStatistics,
    Metrics,
    MetricValue,
    ScoreStatistics,
)
from app.domain.rounding import fixed
from app.domain.scoring import ScoreDescription
from app.services.evaluation.metrics.caching import cache_figures, saved_cost_figures
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
        *cache_figures(metrics.cache),
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
        low, high, note = _bounds(value)
        return Figure(
            **about, value=value.value, low=low, high=high, n=value.n, basis=value.method, note=note
        )
    return Figure(**about, value=value)


def _bounds(mean: Estimate | ScoreStatistics) -> tuple[float | None, float | None, str]:
    """Return the bounds to show, and in words why there are none."""
    if mean.method != "constant":
        return mean.low, mean.high, ""
    return None, None, f"equal in all {mean.n:,} runs, which says nothing of the spread: no interval"


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
        low, high, why = _bounds(score)
        yield Figure(
            name=name,
            label=about.label,
            group=about.group,
            format="share",
            better="higher",
            help=about.help,
            value=score.value,
            low=low,
            high=high,
            n=score.n,
            basis=score.method,
            note="; ".join(filter(None, [why, _score_note(about, score)])),
        )


def _score_note(about: ScoreDescription, score: ScoreStatistics) -> str:
    notes = [f"{score.unscored:,} without this score"] if score.unscored else []
    # Where retrieval cannot be judged nothing has failed: the note is for scores of the answer.
    if about.group == "answer" and score.value - score.if_failed_were_wrong > _SMALLEST_EFFECT:
        notes.append(f"{fixed(100 * score.if_failed_were_wrong)} % if what failed counted as wrong")
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
    help="Runs that ended with an answer, right or wrong.",
)
_STUCK = FigureDescription(
    name="agent_stuck_rate",
    label="Stuck rate",
    group="agent",
    format="share",
    better="lower",
    help="Runs that were stopped because they repeated one action.",
)
_STEPS = FigureDescription(
    name="agent_iterations", label="Mean steps per run", group="agent", help="Replies of the model in a run."
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


def _count(row: str, name: str, label: str, short: str, about: str) -> FigureDescription:
    return FigureDescription(
        name=name, label=label, group=row, row=row, short=short, format="count", help=about, minor=True
    )


_ANSWERED = _count(
    "runs", "runs_answered", "Answered runs", "answered", "Runs with an answer, right or wrong."
)
_FAILED = _count("runs", "runs_failed", "Failed runs", "failed", "Runs without an answer.")
_MISSING = _count("runs", "runs_missing", "Missing runs", "not run", "Planned runs that were not run.")
_CACHED = _count("runs", "runs_cached", "Cached runs", "from the cache", "Runs answered from the cache.")
_RETRIED = _count("runs", "runs_retried", "Retried runs", "retried", "Runs that needed several attempts.")


def _runs(counts: Counts) -> Iterator[Figure]:
    failures = ", ".join(f"{count:,} {kind}" for kind, count in counts.failures.items())
    yield _figure(replace(_ANSWERED, better="higher", minor=False), counts.ok)
    yield replace(_figure(replace(_FAILED, better="lower", minor=False), counts.failed), note=failures)
    yield _figure(_MISSING, counts.missing)
    yield _figure(_CACHED, counts.cached)
    yield _figure(_RETRIED, counts.retried)


def _latency(metrics: Metrics) -> Iterator[Figure]:
    model = metrics.model_ms
    # Results from before the model's time was apart have nothing else.
    basis = "uncached" if model is not None else "uncached, time of the model alone"
    # Of calls that a batch job has made nobody knows how long they took.
    known = metrics.latency_ms.n > 0 or metrics.counts.ok == metrics.counts.cached
    note = "" if known else "not known"
    yield from _times("latency", "Latency", _WAIT, metrics.latency_ms, basis, note)
    if model is not None:
        yield from _times("model_time", "Model time", _MODEL_TIME, model, "uncached", note)
    yield from _first_token(metrics)


_WAIT = "What a user waits: model, retrieval and tools; waiting for a free slot not included."
_MODEL_TIME = "The part of the latency that the model took."
_FIRST_TOKEN = FigureDescription(
    name="first_token_p50_ms",
    label="First token p50",
    group="speed",
    row="first token",
    short="p50",
    format="milliseconds",
    better="lower",
    help="From sending a call to the first token of its answer, where answers are streamed to measure it.",
)


def _first_token(metrics: Metrics) -> Iterator[Figure]:
    times = metrics.first_token_ms
    if times is None:
        if metrics.stages is not None:  # earlier results say nothing of it at all
            yield replace(_figure(replace(_FIRST_TOKEN, label="First token"), None), note="not measured")
        return
    for short, value in (("p50", times.p50), ("p95", times.p95)):
        about = replace(
            _FIRST_TOKEN, name=f"first_token_{short}_ms", label=f"First token {short}", short=short
        )
        yield replace(_figure(about, value), n=times.n, basis="calls")


def _times(
    row: str, label: str, about: str, times: LatencyStatistics, basis: str, note: str
) -> Iterator[Figure]:
    values = {"p50": times.p50, "p95": times.p95, "p99": times.p99, "max": times.max}
    for short, value in values.items():
        yield Figure(
            name=f"{row}_{short}_ms",
            label=f"{label} {short}",
            group="speed",
            row=row.replace("_", " "),
            short=short,
            format="milliseconds",
            better="lower",
            help=about,
            value=value,
            n=times.n,
            basis=basis,
            note=note,
        )


_TOKENS = _count(
    "tokens",
    "tokens",
    "Tokens",
    "in all",
    "Of the calls that were made, failed runs' included, as the model's server counted them.",
)
_SAVED_TOKENS = _count(
    "tokens",
    "tokens_saved_by_cache",
    "Tokens saved by the cache",
    "from the cache",
    "Of the calls that were answered from the cache.",
)
_PROMPT = replace(_TOKENS, name="tokens_prompt", label="Prompt tokens", short="prompt")
_COMPLETION = replace(_TOKENS, name="tokens_completion", label="Completion tokens", short="completion")


def _tokens(metrics: Metrics) -> Iterator[Figure]:
    tokens = metrics.tokens
    known = tokens.prompt is not None and tokens.completion is not None
    total = (tokens.prompt or 0) + (tokens.completion or 0) if known else None
    unknown = tokens.runs_without_counts
    warning = f"{unknown:,} runs without counts" if unknown else ""
    values = ((_TOKENS, total), (_PROMPT, tokens.prompt), (_COMPLETION, tokens.completion))
    for description, value in values:
        described = replace(description, better="lower", minor=False)
        yield replace(_figure(described, value), warning=warning)
    saved = metrics.saved_tokens
    if saved is not None and saved.prompt is not None and saved.completion is not None:
        yield _figure(_SAVED_TOKENS, saved.prompt + saved.completion)


_COST = FigureDescription(
    name="cost_usd",
    label="Cost",
    group="cost",
    row="cost",
    short="in all",
    format="usd",
    better="lower",
    help="Of the calls that were made, failed runs' included, at the catalog's prices.",
)
_COST_PER_1000 = replace(
    _COST,
    name="cost_per_1000_runs_usd",
    label="Cost per 1,000 runs",
    short="per 1,000 runs",
    help="Of 1,000 answers if no call comes from the cache.",
    minor=True,
)


def _cost(metrics: Metrics) -> Iterator[Figure]:
    cost = metrics.cost_usd
    why = "no price or no token counts" if cost.total is None else ""
    yield replace(_figure(_COST, cost.total), note=why)
    yield _figure(_COST_PER_1000, cost.per_1000_runs)
    yield from saved_cost_figures(cost.saved_by_cache, metrics.cache)
