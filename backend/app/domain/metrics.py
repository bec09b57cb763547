"""The metrics of an experiment, and how they are described to readers.

``Metrics`` holds what is computed and stored. A ``Figure`` is one number of it as tables, cards and the
command line show it: with label, unit, interval and the direction that is better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from app.domain.json import JsonObject
from app.domain.run import RunWarning
from app.domain.scoring import ScoreKind
from app.domain.shared_expense import SharedExpense
from app.domain.stages import StageProfile
from app.domain.trace import TraceSummary

Better = Literal["higher", "lower"]
FigureFormat = Literal["share", "milliseconds", "usd", "count", "number"]
"""How a value is written: a ``share`` in [0, 1] in per cent, a ``count`` whole with separators, …"""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What metrics are computed from, of one run.

    Attributes:
        ok: whether it has an answer, right or wrong.
        scores: values by score; ``None`` where unscored.
        cached: whether all its calls were answered from the cache.
        attempts: of its call that needed most.
        latency_ms: what a user waits for it: model, retrieval and tools, without waiting for a free slot.
        prompt_tokens: of all its answered calls, cached ones included.
        completion_tokens: likewise.
        cost_usd: likewise.
        model_ms: the part of the latency that the model took; ``None`` in runs from before it was apart.
        paid_prompt_tokens: of the calls that were made, those left out that answered several requests (see
            ``SharedExpense``); ``None``: all or nothing, as ``cached`` says.
        paid_completion_tokens: likewise.
        paid_usd: likewise.
        trace: what an agent did, in short; ``None`` if the method is no agent.
        question: content hash of its example, which repeats and copies of it share; ``None`` if unknown.
        cluster: name of what its example belongs to (its document, say); ``None`` if it is independent.
        reasoning_tokens: the part of the completion that was thinking; ``None`` if no server reported any.
        cache_read_tokens: the part of the prompt that the provider had in its prompt cache, likewise.
        cache_write_tokens: the part that it put into it, likewise.
        warnings: what makes the answer less reliable; ``None`` if nothing does.
        answered_calls: calls that were answered, from a cache or by the model; ``None`` if unknown.
        cache_use: of the answered calls, how many came from each ``CacheTier``, under its name;
            ``saved_ms``, what these calls took when they were made, in milliseconds; of the others, where
            the server told what came from its prompt cache, ``queried_tokens`` of their prompts and
            ``read_tokens`` from that cache. What is 0 or unknown is left out; ``None`` if all is.
        stages: where its time went, in JSON as it is stored; ``None`` in runs from before it was measured.
    """

    ok: bool
    failure_kind: str | None
    parse_outcome: str | None
    scores: Mapping[str, float | None]
    cached: bool
    attempts: int
    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    model_ms: float | None = None
    paid_prompt_tokens: int | None = None
    paid_completion_tokens: int | None = None
    paid_usd: float | None = None
    trace: TraceSummary | None = None
    question: str | None = None
    cluster: str | None = None
    reasoning_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    warnings: Sequence[RunWarning] | None = None
    answered_calls: int | None = None
    cache_use: Mapping[str, float] | None = None
    stages: str | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """What metrics are computed from beside the runs.

    Attributes:
        planned: runs that the experiment consists of.
        wall_s: seconds between its first and last run, over all sessions of work; ``None`` if unknown.
        parameters: number of the model's weights, if the catalog has it.
        seed: of the bootstrap.
        shared: what calls took that answered several requests; ``None`` if there were none.
        superseded: failed runs that were asked again since: no part of the result but for what they took.
    """

    planned: int
    wall_s: float | None
    parameters: float | None
    seed: int
    shared: SharedExpense | None = None
    superseded: Sequence[RunFacts] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share or a mean with its confidence interval.

    Attributes:
        method: ``wilson``, ``bca``, ``likelihood`` (few values, or few that differ), ``clustered`` (repeats,
            or examples that belong together), or ``constant``: all amounts are equal, so that nothing is
            known of their spread, and the bounds are none.
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Counts:
    """Runs, by what became of them.

    Attributes:
        missing: planned and not run, because the experiment was stopped before.
        retried: runs of which a call needed more than one attempt.
        failures: failed runs by kind of failure.
        parse_outcomes: answered runs by what the parser found.
    """

    planned: int
    stored: int
    ok: int
    failed: int
    missing: int
    cached: int
    retried: int
    failures: dict[str, int]
    parse_outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class ScoreStatistics:
    """The mean of one score over the answered runs that have it, with its confidence interval.

    Attributes:
        version: of the scorer.
        unscored: answered runs without this score.
        if_failed_were_wrong: the mean if every failed and unscored run had a 0: how much the
            failures could matter at worst.
    """

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float
    kind: ScoreKind
    version: int
    unscored: int
    if_failed_were_wrong: float


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where answers went right or wrong.

    Attributes:
        supported: right, and an accepted answer was in the prompt.
        unsupported: right without it: from the model's memory, or by chance.
        misread: wrong, though an accepted answer was in the prompt.
        not_retrieved: wrong, and no passage in the prompt held an accepted answer.
    """

    supported: int = 0
    unsupported: int = 0
    misread: int = 0
    not_retrieved: int = 0


@dataclass(frozen=True, slots=True)
class LatencyStatistics:
    """A time of answered, uncached runs in ms; ``None`` if there are none."""

    n: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class TokenStatistics:
    """Sums of the token counts that servers reported; ``None`` if no server reported any.

    Attributes:
        prompt: of the calls that were made, failed runs' included.
        completion: likewise.
        runs_without_counts: answered runs for which a count is missing in the sums.
        reasoning: the part of ``completion`` that was thinking, as far as servers report it.
        cache_read: the part of ``prompt`` that came from providers' prompt caches, likewise.
        cache_write: the part that was put into them, likewise.
    """

    prompt: int | None
    completion: int | None
    runs_without_counts: int
    reasoning: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None


@dataclass(frozen=True, slots=True)
class CostStatistics:
    """Cost in US dollars; ``None`` if a price or a token count is unknown: a sum with gaps is too low.

    Attributes:
        total: of the calls that were made, failed runs' included.
        per_1000_runs: what 1,000 answers take without a cache: the mean of the uncached answers.
        saved_by_cache: what the calls that were answered from the cache would have cost.
    """

    total: float | None
    per_1000_runs: float | None
    saved_by_cache: float | None


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """What caches did for an experiment's calls: ours, in calls, and the provider's, in tokens.

    Attributes:
        calls: that were answered, from a cache or by the model; failed runs' included.
        memory: of these, answered from the memory of the process.
        database: from the response cache in the database.
        resumed: from the runs of the experiment that is resumed.
        saved_ms: what the calls from our cache took when they were made, in milliseconds.
        saved_usd: what they would have cost, in US dollars; ``None`` if unknown.
        queried_tokens: prompt tokens of the calls that were made whose server told what it had of them in
            its prompt cache; ``None`` if none told.
        read_tokens: the part of these that it had.
    """

    calls: int
    memory: int
    database: int
    resumed: int
    saved_ms: float
    saved_usd: float | None
    queried_tokens: int | None
    read_tokens: int | None

    @property
    def hits(self) -> int:
        """Calls that were answered from our cache, in whichever tier."""
        return self.memory + self.database + self.resumed


@dataclass(frozen=True, slots=True)
class ToolUses:
    """Uses of one tool by what came of them; see ``domain.trace.UseClass``."""

    successful: int
    failed: int
    unneeded: int


@dataclass(frozen=True, slots=True)
class AgentStatistics:
    """What became of the agents of an experiment.

    Attributes:
        runs: runs with a trace, failed ones included.
        outcomes: runs by ``AgentOutcome``.
        success_rate: share that ended by giving an answer, right or wrong.
        stuck_rate: share that repeated the same action until they were stopped.
        iterations: steps of a run.
        repairs: replies that could not be read as an action at first.
        tools: by tool, as the model named it, the most used first.
        failed_uses: share of all tool uses that failed; ``None`` if there were none.
    """

    runs: int
    outcomes: dict[str, int]
    success_rate: Estimate
    stuck_rate: Estimate
    iterations: Estimate
    repairs: int
    tools: dict[str, ToolUses]
    failed_uses: Estimate | None


MetricValue = Estimate | float | None
"""A single metric: with an interval, without one, or unknown."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """All metrics of an experiment.

    Attributes:
        attribution: ``None`` if nothing was retrieved.
        agent: ``None`` if the method is no agent.
        latency_ms: what a user waits: model, retrieval and tools.
        model_ms: the part of it that the model took; ``None`` in results from before it was apart, whose
            ``latency_ms`` is the time of the model alone.
        saved_tokens: of the calls that were answered from the cache; ``None`` in earlier results.
        single: the metrics that the registry lists, by name.
        warnings: runs by kind of warning; see ``domain.run.RunWarning``.
        cache: ``None`` in results from before the tiers of the cache were told apart.
        stages: where the time went of answers that were made; ``None`` without any, or in earlier results.
        cached_stages: the same of answers that came from the cache.
        first_token_ms: of calls; ``None`` if it was not measured.
    """

    counts: Counts
    scores: dict[str, ScoreStatistics]
    attribution: Attribution | None
    agent: AgentStatistics | None
    latency_ms: LatencyStatistics
    tokens: TokenStatistics
    cost_usd: CostStatistics
    single: dict[str, MetricValue]
    model_ms: LatencyStatistics | None = None
    saved_tokens: TokenStatistics | None = None
    warnings: dict[str, int] = field(default_factory=dict)
    cache: CacheStatistics | None = None
    stages: StageProfile | None = None
    cached_stages: StageProfile | None = None
    first_token_ms: LatencyStatistics | None = None

    def as_dict(self) -> JsonObject:
        """Return the metrics as they are stored: plain JSON, the single ones beside the others."""
        whole = asdict(self)
        single = whole.pop("single")
        for profile in (whole["stages"], whole["cached_stages"]):
            if profile is not None:
                profile["stages"] = list(profile["stages"])  # as JSON reads back
        return {**whole, **single}


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureDescription:
    """What a figure is, for whoever shows it.

    Attributes:
        name: unique among the figures of a result.
        label: the name that people see.
        group: figures of a group are shown together.
        row: name of the row of a table, or of the card, that it shares with other figures; empty if none.
        short: its label within that row; empty without one.
        unit: written behind the value; empty if the format says it all.
        better: which direction is better; ``None`` if neither is.
        help: one sentence on what it is.
        minor: not worth showing while it is 0 or unknown.
    """

    name: str
    label: str
    group: str
    row: str = ""
    short: str = ""
    unit: str = ""
    format: FigureFormat = "number"
    better: Better | None = None
    help: str = ""
    minor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(FigureDescription):
    """A described number.

    Attributes:
        value: in the format's unit; ``None`` if it is unknown.
        low: lower bound of the 95 % confidence interval, if there is one.
        high: upper bound.
        n: how many values it is computed from, if that is not all runs.
        basis: what these are, or how the interval was computed.
        note: what qualifies the value, in words.
        warning: what makes the value less reliable, in words.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    basis: str = ""
    note: str = ""
    warning: str = ""
