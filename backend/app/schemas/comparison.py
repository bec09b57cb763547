"""Wire types of comparisons: as they are described, and what came out."""

import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.status import ExperimentStatus
from app.schemas.common import Text
from app.schemas.experiment import ExperimentOut
from app.schemas.result import Metrics


class Variant(BaseModel):
    """What one arm has otherwise than the base: its name, and any fields of an experiment."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Text = Field(min_length=1, max_length=100, examples=["few-shot"])


class ComparisonConfig(BaseModel):
    """Experiments that differ in what is compared, and in nothing else.

    ``base`` holds fields of an experiment (without a name); each variant's fields are laid over it.
    Mappings are merged, but a variant's ``method`` replaces the base's. The first is the baseline.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = Field(min_length=1, max_length=90, examples=["Naive against chain-of-thought"])
    description: Text = Field(default="", max_length=5_000)
    base: dict[str, Any]
    variants: Annotated[list[Variant], Field(min_length=2, max_length=12)]


class ComparisonCreate(BaseModel):
    """A comparison to store."""

    model_config = ConfigDict(extra="forbid")

    config: ComparisonConfig
    run: bool = Field(default=True, description="Queue the experiments at once, in their order.")


class ComparisonCreated(BaseModel):
    """The experiments of a comparison, the baseline first: `GET /results/compare` takes their ids."""

    ids: list[uuid.UUID]
    experiments: list[ExperimentOut]


class Compared(BaseModel):
    """One experiment among those compared."""

    experiment_id: uuid.UUID
    name: str
    label: str = Field(description="The name without what all compared ones begin with; verdicts use it.")
    status: ExperimentStatus
    model: str
    method: str
    dataset: str
    dataset_version: str
    seed: int
    metrics: Metrics


class DifferenceStatistics(BaseModel):
    """A difference of scores on the same questions: how sure it is, and in what sense.

    All differences are this one minus the baseline, as fractions.
    """

    low: float
    high: float
    level: float
    interval: Literal["score", "bootstrap", "constant"] = Field(description="How the interval was made.")
    p: float = Field(description="Two-sided, of this comparison alone.")
    adjusted_p: float = Field(description="After Holm, over the comparisons of this score on this page.")
    test: Literal["mcnemar", "sign_flip_exact", "sign_flip"]
    mid_p: float | None = Field(description="McNemar's, where the test is his.")
    too_few: bool = Field(description="So few questions differ that no outcome could have p < .05.")
    standard_error: float | None
    units: int = Field(description="Clusters (documents, or questions with repeats); else questions.")
    detectable: float | None = Field(
        description="The smallest difference that as many questions would probably show (power .8)."
    )
    needed: int | None = Field(description="How many would probably show a difference of this size.")
    outcome: Literal["better", "worse", "not_distinguishable"]
    verdict: str = Field(description="One sentence.")
    seed: int


class MissingEffect(BaseModel):
    """What failed and unscored runs could make of a difference."""

    this_missing: int
    baseline_missing: int
    as_wrong: float = Field(description="The difference if all of them were wrong.")
    low: float = Field(description="The least that it could be.")
    high: float


class ScoreDifference(BaseModel):
    """How one experiment's score differs from the baseline's on the questions that both answered."""

    experiment_id: uuid.UUID
    score: str
    n_paired: int
    difference: float | None = Field(description="This one minus the baseline, mean over paired items.")
    both: int | None = Field(description="Binary scores: both right.")
    only_this: int | None
    only_baseline: int | None
    neither: int | None
    statistics: DifferenceStatistics | None = Field(description="Null if too little is paired.")
    missing: MissingEffect | None


class AmountDifference(BaseModel):
    """How latency, tokens or cost of an experiment differ from the baseline's on the same questions."""

    experiment_id: uuid.UUID
    quantity: Literal["latency_ms", "tokens", "cost_usd"]
    n_paired: int
    baseline: float = Field(description="Mean of a run.")
    this: float
    difference: float
    low: float
    high: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p: float | None
    outcome: Literal["better", "worse", "not_distinguishable"]


class Unpaired(BaseModel):
    """Questions that could not be paired with the baseline's, by name; at most 50 of each are named."""

    experiment_id: uuid.UUID
    n_changed: int = Field(description="Same name, other question or accepted answers.")
    changed: list[str]
    n_only_this: int
    only_this: list[str]
    n_only_baseline: int
    only_baseline: list[str]


class ComparisonOut(BaseModel):
    """Experiments side by side; the first is the baseline."""

    baseline_id: uuid.UUID
    experiments: list[Compared]
    differences: list[ScoreDifference]
    amounts: list[AmountDifference]
    unpaired: list[Unpaired]
    tied_for_best: dict[str, list[uuid.UUID]] = Field(
        description="By score: the best, and all that cannot be told from it."
    )
    warnings: list[str] = Field(description="What makes the experiments less comparable.")
