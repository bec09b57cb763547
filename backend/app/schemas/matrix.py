"""Wire types of optimisation matrices: their trials, and what each cell is worth."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.domain.json import JsonObject
from app.domain.stages import StageGroup
from app.schemas.common import Flag, FromAttributes, Strict
from app.schemas.experiment import ExperimentOut
from app.schemas.matrix_config import Cache, MatrixConfig
from app.schemas.result import Estimate

TrialStatus = Literal["waiting", "running", "completed", "failed", "cancelled", "refused"]
CellState = Literal["waiting", "partial", "measured", "failed"]
EquivalenceOutcome = Literal["equivalent", "better", "worse", "cannot_tell"]


class MatrixCreate(Strict):
    """A matrix to find, or to make."""

    config: MatrixConfig
    anew: Flag = Field(default=False, description="Make a new one even if there is one with this content.")


class MatrixPlan(Strict):
    """A matrix to estimate."""

    config: MatrixConfig


class TrialOut(FromAttributes):
    """One cell in one round: an experiment."""

    round: int = Field(description="From 1.")
    position: int = Field(description="Its turn among all trials, from 0.")
    experiment_id: uuid.UUID | None
    status: TrialStatus = Field(description="refused: no experiment could be made or started.")
    reason: str | None = Field(description="Why it failed, was cancelled or was refused.")
    answered: int | None
    failed: int | None = Field(description="Runs without an answer.")
    wall_s: float | None = Field(description="Seconds of work, without loading models.")
    questions_per_s: float | None = Field(description="Answered questions a second of work, cached or not.")
    score: float | None = Field(description="Its mean.")


class RateOut(FromAttributes):
    """A geometric mean over rounds: questions a second, or a ratio of them."""

    value: float
    low: float | None = Field(description="Of the 95 % interval of this one alone; null of one round.")
    high: float | None
    rounds: int


class SpeedRatio(RateOut):
    """Questions a second as a multiple of the baseline's, paired by round."""

    differs: bool = Field(description="Whether the interval excludes 1.")


class ScoreEquivalence(BaseModel):
    """The difference of the score from the baseline's, and whether it is small enough to be none."""

    difference: float = Field(description="This cell minus the baseline, on the questions both answered.")
    low: float = Field(description="Of the 95 % interval, questions taken as clusters of their rounds.")
    high: float
    test_low: float = Field(
        description="Of the 90 % interval, which decides; what failed counts against this cell."
    )
    test_high: float = Field(description="Upper bound; what failed counts for this cell.")
    n: int = Field(description="Pairs of answers.")
    units: int = Field(description="Independent ones: questions, or clusters of questions.")
    within: bool = Field(
        description="Whether two one-sided tests at 5 % exclude a difference of the margin or more."
    )
    outcome: EquivalenceOutcome = Field(
        description="better or worse if a test finds a difference, even one `within` the margin."
    )
    sentence: str = Field(description="The outcome in words.")


class AgainstBaseline(FromAttributes):
    """A cell against the baseline of its method."""

    speed: SpeedRatio | None = Field(description="Null if no round has both.")
    identical: Estimate | None = Field(
        description="Share of the answers, as read from the outputs, that are the same."
    )
    same_outputs: Estimate | None = Field(description="Share of the outputs that are the same, every letter.")
    score: ScoreEquivalence | None = Field(description="Null if too few are paired.")


class CellStage(FromAttributes):
    """Where a question's time goes in one cell: the mean of one stage over all its runs."""

    name: str
    label: str
    group: StageGroup = Field(description="Stages of a group share a colour.")
    waits: bool = Field(description="Whether a run only waits for other runs in it.")
    mean_ms: float


class MatrixCellOut(FromAttributes):
    """A method run in one way, over all rounds."""

    method: str
    optimisation: str
    state: CellState
    reasons: list[str] = Field(description="Why trials failed or were refused, each once.")
    trials: list[TrialOut]
    score: Estimate | None = Field(description="Rounds of one question are taken as a cluster.")
    latency_p50_ms: float | None = Field(description="Of answers that are not from the cache, of all rounds.")
    latency_p95_ms: float | None
    questions_per_s: RateOut | None
    tokens_per_question: float | None = Field(description="That were paid: prompt and completion.")
    usd_per_1000: float | None = Field(description="That 1,000 questions cost; null if a price is unknown.")
    hit_rate: float | None = Field(
        description="Share of the calls that were answered from the cache of answers."
    )
    prompt_cache_rate: float | None = Field(
        description="Share of the prompts' tokens that the server had in its prompt cache; null if not told."
    )
    failed_runs: int
    stages: list[CellStage] = Field(
        description="Of answers that were made, or of those from a warm cache, in the order in "
        "which a run goes through them; empty if none are known."
    )
    against: AgainstBaseline | None = Field(description="Null for the baseline, and without one.")


AdviceKind = Literal["first", "use", "avoid", "note"]


class AdviceOut(BaseModel):
    """What a rule says of a matrix; `docs/guides/optimisation.md` lists the rules."""

    rule: str = Field(description="Name of the rule.")
    kind: AdviceKind = Field(description="first: before anything is optimised.")
    method: str | None = Field(description="That it is about; null: all of the matrix.")
    text: str = Field(description="A sentence with the numbers that made the rule apply.")


class MatrixSummary(FromAttributes):
    """A matrix as lists show it."""

    id: uuid.UUID
    name: str
    description: str
    model: str
    dataset: str
    questions: int | None = Field(description="Of each trial; null: all of the dataset.")
    methods: list[str]
    optimisations: list[str]
    rounds: int
    total: int = Field(description="Trials.")
    ended: int = Field(description="Trials that have ended or cannot be run.")
    failed: int = Field(description="Of those: without a result that counts.")
    created_at: datetime


class WayOut(BaseModel):
    """An optimisation: how calls are sent, and what the cache holds."""

    name: str
    mode: Literal["concurrent", "sequential", "batched", "batch_job"]
    calls: int = Field(description="In flight at most; of batches, the calls of one.")
    by_prefix: bool = Field(description="Whether prompts that begin alike follow each other.")
    prefix_cache: bool = Field(description="Whether the local model server may reuse their beginnings.")
    cache: Cache


class MatrixOut(MatrixSummary):
    """A matrix with its cells."""

    baseline: str = Field(description="The optimisation that the others are compared with.")
    score: str = Field(description="That is compared.")
    margin: float = Field(description="The largest difference of the score that counts as none.")
    ways: list[WayOut] = Field(description="In the order of `optimisations`.")
    config: JsonObject = Field(description="As it was given, with the version of the dataset.")
    cells: list[MatrixCellOut] = Field(description="In the order of methods and optimisations.")
    advice: list[AdviceOut] = Field(description="What follows from the figures, by rules; may be empty.")
    warnings: list[str] = Field(description="What makes the cells less comparable, as sentences.")


class NextTrialOut(FromAttributes):
    """The trial that is at work now, started by this request or before it."""

    method: str | None = Field(description="Null: no trial is left.")
    optimisation: str | None
    round: int | None
    experiment: ExperimentOut | None
    ended: int
    total: int


class PlannedCell(BaseModel):
    """What one cell takes in all rounds, estimated."""

    method: str
    optimisation: str
    calls: int = Field(description="Of the model, in all rounds; those of a warm cache are none.")
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = Field(description="Null if the catalog has no price.")
    seconds: float | None = Field(description="Null if no completed experiment has measured the speed.")
    basis: str


class MatrixPlanOut(BaseModel):
    """What a matrix would take; stored nothing, called no model."""

    cells: list[PlannedCell]
    trials: int
    questions: int = Field(description="Of each trial.")
    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    seconds: float | None
    existing: uuid.UUID | None = Field(description="The matrix with this content, which would be continued.")
    ended: int = Field(description="Its trials that have ended.")
