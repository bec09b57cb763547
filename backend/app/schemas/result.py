"""Wire types of results and runs."""

import uuid
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from app.domain import metrics as domain
from app.domain.json import JsonObject
from app.domain.metrics import FigureFormat
from app.domain.status import ExperimentStatus
from app.schemas.common import FromAttributes
from app.schemas.knowledge import PassageOut
from app.schemas.stages import StageOut, StageProfile
from app.schemas.trace import TraceOut


class Counts(FromAttributes):
    """Runs, by what became of them."""

    planned: int
    stored: int
    ok: int
    failed: int
    missing: int = Field(description="Planned, and not run (stopped or cancelled before).")
    cached: int
    retried: int
    failures: dict[str, int] = Field(description="Failed runs by kind.")
    parse_outcomes: dict[str, int] = Field(description="Answered runs by what the parser met.")


class ScoreStatistics(FromAttributes):
    """Mean of one score with its confidence interval."""

    value: float
    low: float
    high: float
    n: int = Field(description="Runs that have this score.")
    method: str = Field(description="`wilson`, `bca`, or `constant`.")
    level: float
    kind: Literal["binary", "graded"]
    version: int = Field(description="Of the scorer; only equal versions may be compared.")
    unscored: int
    if_failed_were_wrong: float = Field(description="The mean if all failed and unscored runs were 0.")


class LatencyStatistics(FromAttributes):
    """A time of answered runs without cached calls, in milliseconds; our own queueing not included."""

    n: int
    p50: float | None
    p95: float | None
    p99: float | None
    min: float | None
    max: float | None
    mean: float | None


class TokenStatistics(FromAttributes):
    """Token counts as reported by the server, of calls that were made; failed runs' included."""

    prompt: int | None
    completion: int | None
    runs_without_counts: int
    reasoning: int | None = Field(description="The part of the completions that was thinking.")
    cache_read: int | None = Field(description="The part of the prompts from the provider's prompt cache.")
    cache_write: int | None = Field(description="The part of the prompts that was put into it.")


class CostStatistics(FromAttributes):
    """US dollars at the catalog's prices; null when a price or a count is unknown."""

    total: float | None = Field(description="Of the calls that were made, failed runs' included.")
    per_1000_runs: float | None = Field(description="Of 1,000 answers if no call comes from the cache.")
    saved_by_cache: float | None = Field(
        description="What the calls that were answered from the cache would have cost."
    )


class CacheStatistics(FromAttributes):
    """What caches did: ours, in calls, and the provider's prompt cache, in tokens."""

    calls: int = Field(description="Answered calls, from a cache or by the model; failed runs' included.")
    memory: int = Field(description="Of these, answered from the memory of the process.")
    database: int = Field(description="Of these, answered from the response cache in the database.")
    resumed: int = Field(description="Of these, taken from the runs of the experiment that is resumed.")
    saved_ms: float = Field(description="What the calls from our cache took when they were made.")
    saved_usd: float | None = Field(description="What they would have cost; null if unknown.")
    queried_tokens: int | None = Field(
        description="Prompt tokens of the calls that were made whose server told what it had of them in its "
        "prompt cache; null if none told."
    )
    read_tokens: int | None = Field(description="The part of these that it had.")


class Attribution(FromAttributes):
    """Where answers went right or wrong, of those whose accepted answer could stand in a passage."""

    supported: int = Field(description="Right, and an accepted answer was in the prompt.")
    unsupported: int = Field(description="Right without it: from memory, or by chance.")
    misread: int = Field(description="Wrong, though an accepted answer was in the prompt.")
    not_retrieved: int = Field(description="Wrong, and no passage in the prompt held an accepted answer.")


class Estimate(FromAttributes):
    """A share or a mean with its confidence interval."""

    value: float
    low: float
    high: float
    n: int
    method: str
    level: float


class ToolUses(FromAttributes):
    """Uses of one tool by what came of them."""

    successful: int = Field(description="With a result that the answer or a later step took up.")
    failed: int = Field(description="Without a result.")
    unneeded: int = Field(description="With a result that neither the answer nor a later step took up.")


class AgentStatistics(FromAttributes):
    """What became of the agents of an experiment."""

    runs: int = Field(description="Runs with a trace, failed ones included.")
    outcomes: dict[str, int] = Field(description="Runs by how their agent ended.")
    success_rate: Estimate = Field(description="Ended by giving an answer, right or wrong.")
    stuck_rate: Estimate = Field(description="Did the same thing three times.")
    iterations: Estimate = Field(description="Steps of a run.")
    repairs: int = Field(description="Steps that could not be read at first.")
    tools: dict[str, ToolUses] = Field(description="By tool, as the model named it; the most used first.")
    failed_uses: Estimate | None = Field(
        description="Share of all uses that failed, the uses of one run taken as a cluster; null if none."
    )


class Figure(FromAttributes):
    """One number of a result, described so that it can be drawn without knowing it."""

    name: str
    label: str
    group: str = Field(description="Figures of a group are shown together: answer, retrieval, speed, …")
    row: str = Field(description="Name of the row or card that it shares with others; empty if none.")
    short: str = Field(description="Its label within that row; empty without one.")
    unit: str = Field(description="To write behind the value; empty if `format` says it all.")
    format: FigureFormat
    better: Literal["higher", "lower"] | None
    help: str
    value: float | None
    low: float | None = Field(description="Bounds of the 95 % confidence interval, if there is one.")
    high: float | None
    n: int | None = Field(description="How many values it is computed from, if that is not all runs.")
    basis: str = Field(description="What these are, or how the interval was computed.")
    note: str = Field(description="What qualifies the value; may be empty.")
    warning: str = Field(description="What makes the value less reliable; may be empty.")


class Metrics(FromAttributes):
    """All metrics of an experiment."""

    counts: Counts
    scores: dict[str, ScoreStatistics]
    attribution: Attribution | None = Field(description="Null if nothing was retrieved.")
    hallucination_rate: Estimate | None = Field(
        description="Share of the judged answers with a faithfulness below 0.5; null if none was judged."
    )
    agent: AgentStatistics | None = Field(description="Null if the method is no agent.")
    latency_ms: LatencyStatistics = Field(
        description="What a user waits: model, retrieval and tools; of the model alone if `model_ms` is null."
    )
    model_ms: LatencyStatistics | None = Field(
        description="The part of the latency that the model took; null in results from before it was apart."
    )
    throughput_per_s: float | None = Field(description="Uncached answers a second of work.")
    wall_s: float | None
    tokens: TokenStatistics
    saved_tokens: TokenStatistics | None = Field(
        description="Of the calls that were answered from the cache; null in earlier results."
    )
    tokens_per_answer: float | None = Field(
        description="Mean of the answered runs, cached calls included; null if unknown."
    )
    cost_usd: CostStatistics
    cache: CacheStatistics | None = Field(
        description="Null in results from before the tiers of the cache were told apart."
    )
    gpu_seconds_estimate: float | None = Field(
        description="Arithmetic of all tokens on one A100 at 40 %, a lower bound; null if unknown."
    )
    stages: StageProfile | None = Field(
        description="Of answers no call of which came from the cache; null in earlier results."
    )
    cached_stages: StageProfile | None = Field(description="Of answers that came from the cache.")
    first_token_ms: LatencyStatistics | None = Field(
        description="Time to the first token of a call; null if it was not measured."
    )
    figures: list[Figure] = Field(description="These numbers, described, in the order to show them.")
    warnings: list[str] = Field(description="What makes the result less reliable, as sentences.")

    @classmethod
    def of(
        cls, metrics: domain.Metrics, figures: Sequence[domain.Figure], warnings: Sequence[str]
    ) -> "Metrics":
        """Return metrics with their figures and warnings."""
        parts = {field.name: getattr(metrics, field.name) for field in fields(metrics)}
        single = dict.fromkeys(
            (
                "hallucination_rate",
                "throughput_per_s",
                "wall_s",
                "tokens_per_answer",
                "gpu_seconds_estimate",
            )
        )
        return cls.model_validate(
            {**parts, **single, **metrics.single, "figures": figures, "warnings": warnings}
        )


class TokensToNaive(FromAttributes):
    """Tokens per question, divided by those of naive prompting on the same questions."""

    experiment_id: uuid.UUID = Field(description="The naive experiment.")
    name: str
    n: int = Field(validation_alias=AliasPath("tokens", "n"), description="Questions that both answered.")
    ratio: float | None = Field(validation_alias=AliasPath("tokens", "ratio"))
    low: float | None = Field(validation_alias=AliasPath("tokens", "ratio_low"))
    high: float | None = Field(validation_alias=AliasPath("tokens", "ratio_high"))


class ResultOut(FromAttributes):
    """The result of an experiment, with its configuration and provenance."""

    experiment_id: uuid.UUID = Field(validation_alias=AliasPath("experiment", "id"))
    name: str = Field(validation_alias=AliasPath("experiment", "name"))
    status: ExperimentStatus = Field(validation_alias=AliasPath("experiment", "status"))
    reason: str | None = Field(
        validation_alias=AliasPath("experiment", "reason"), description="Why it failed or was cancelled."
    )
    metrics: Metrics
    config: JsonObject = Field(validation_alias=AliasPath("experiment", "config"))
    provenance: JsonObject = Field(validation_alias=AliasPath("result", "provenance"))
    created_at: datetime = Field(validation_alias=AliasPath("result", "created_at"))
    tokens_to_naive: TokensToNaive | None = Field(
        description="Tokens against the newest naive experiment with the same model, dataset and seed; "
        "null if there is none."
    )


_LONGEST = 500
"""Characters."""


def _beginning(text: object) -> object:
    """Return the beginning of a reason or a message; stored ones may quote a whole answer, however long."""
    if isinstance(text, str) and len(text) > _LONGEST:
        return f"{text[:_LONGEST]}…"
    return text


class RunScore(FromAttributes):
    """One score of a run."""

    value: float | None = Field(description="In [0, 1]; null if unscored.")
    reason: Annotated[str, BeforeValidator(_beginning)]


class RunSummary(FromAttributes):
    """A run as lists show it: of long texts the beginning; the run itself and the exports have all."""

    id: int
    example_id: int
    example_key: str = Field(validation_alias=AliasPath("example", "key"))
    repeat: int
    question: str = Field(
        validation_alias=AliasPath("example", "question_start"), description="The first 300 characters."
    )
    gold: list[str] = Field(
        validation_alias=AliasPath("example", "answers_start"),
        description="Accepted answers: the first eight, and of each the first 300 characters.",
    )
    status: Literal["ok", "failed"]
    failure_kind: str | None
    failure_message: Annotated[str | None, BeforeValidator(_beginning)] = Field(
        description="The first 500 characters."
    )
    output: str | None = Field(
        validation_alias="output_start", description="What the model wrote: the first 1,000 characters."
    )
    output_length: int | None = Field(description="Characters of the whole output.")
    answer: str | None = Field(validation_alias="answer_start", description="The first 300 characters.")
    answer_length: int | None = Field(description="Characters of the whole answer.")
    parse_outcome: str | None
    parse_rule: str | None
    scores: dict[str, RunScore] = Field(
        validation_alias="scores_start",
        description="By name of the score, with the beginnings of the reasons.",
    )
    cached: bool
    attempts: int
    latency_ms: float | None = Field(
        description="What a user waits for the answer: model, retrieval and tools; of the model alone if "
        "`model_ms` is null. Null if the run failed, or only some of its calls came from the cache."
    )
    model_ms: float | None = Field(description="Time of the model calls.")
    queue_ms: float | None
    prompt_tokens: int | None = Field(description="Of all answered calls, cached ones included.")
    completion_tokens: int | None
    cost_usd: float | None = Field(description="Of all answered calls, cached ones included.")
    paid_usd: float | None = Field(description="Of the calls that were made; null in earlier runs.")
    created_at: datetime


class RunWarning(BaseModel):
    """What makes the answer of a run less reliable."""

    kind: str = Field(
        description="`cut_off_thinking`, `prompt_cut`, `window_full`, or `left_out:` and a name."
    )
    message: str


class RunOut(RunSummary):
    """A run with every model call, as sent and as answered, and with the whole of its texts."""

    question: str = Field(validation_alias=AliasPath("example", "question"))
    gold: list[str] = Field(validation_alias=AliasPath("example", "answers"), description="Accepted answers.")
    failure_message: str | None
    output: str | None = Field(description="What the model wrote.")
    answer: str | None
    scores: dict[str, RunScore] = Field(
        description="By name of the score; reasons of at most 500 characters."
    )
    reasoning_tokens: int | None = Field(description="The part of the completion that was thinking.")
    cache_read_tokens: int | None = Field(description="Of the prompt, from the provider's prompt cache.")
    cache_write_tokens: int | None = Field(description="Of the prompt, put into the provider's prompt cache.")
    warnings: list[RunWarning] | None = Field(description="Null if there are none.")
    cluster: str | None = Field(
        validation_alias=AliasPath("example", "cluster"),
        description="Questions of one cluster (such as one document) are not independent of each other.",
    )
    metadata: JsonObject = Field(validation_alias=AliasPath("example", "extra"))
    content_hash: str = Field(validation_alias=AliasPath("example", "content_hash"))
    answered_calls: int | None = Field(description="From a cache or by the model; null in earlier runs.")
    cache_use: dict[str, float] | None = Field(
        description="Calls from the cache by tier (`memory`, `database`, `resumed`), what they took when "
        "they were made (`saved_ms`), and, where the server told, prompt tokens (`queried_tokens`) and "
        "those of them from its prompt cache (`read_tokens`); what is 0 or unknown is left out."
    )
    calls: list[JsonObject] = Field(
        description="As sent and as answered; `cache` says from which tier an answer came that is `cached`."
    )
    retrieved: list[PassageOut] | None = Field(
        description="Best first, an agent's in the order of finding them; null if nothing was retrieved."
    )
    stages: Annotated[list[StageOut] | None, BeforeValidator(StageOut.all_of)] = Field(
        description="Where the time went, in order; null in runs from before it was measured."
    )
    trace: TraceOut | None = Field(description="The steps of an agent; null if the method is no agent.")


class RunMap(FromAttributes):
    """The state of every run of an experiment, as parallel lists in the order of (example, repeat)."""

    score: str
    scores: list[str] = Field(description="Names of the scores that runs have; empty until one is answered.")
    total: int = Field(description="Runs stored, of which the lists hold the first `limit`.")
    run_ids: list[int]
    states: str = Field(
        description="One character per run. c: value ≥ 1, p: between 0 and 1, w: 0, "
        "u: answered without this score, f: failed."
    )
    latency_ms: list[float | None] = Field(description="Null for failed and for cached runs.")


class ComparedExample(FromAttributes):
    """One question with the run of each of several experiments."""

    content_hash: str = Field(validation_alias=AliasPath("example", "content_hash"))
    question: str = Field(
        validation_alias=AliasPath("example", "question_start"), description="The first 300 characters."
    )
    gold: list[str] = Field(
        validation_alias=AliasPath("example", "answers_start"),
        description="Accepted answers: the first eight, and of each the first 300 characters.",
    )
    repeat: int
    runs: list[RunSummary | None] = Field(
        description="In the order of `ids`; null where an experiment has no run of this question."
    )
