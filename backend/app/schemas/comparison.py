"""Wire types of comparisons: their description, and their outcome."""

import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.domain.json import JsonObject
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.domain.status import ExperimentStatus
from app.schemas.common import Flag, FromAttributes, Number, Strict, Text
from app.schemas.experiment import ExperimentOut
from app.schemas.experiment_config import Budget
from app.schemas.preview import EstimateOut
from app.schemas.result import Estimate, Metrics

Verdict = Literal["better", "worse", "not_distinguishable"]
EquivalenceVerdict = Literal["better", "worse", "equivalent", "cannot_tell"]


class Variant(BaseModel):
    """One experiment of a comparison: its name, and the fields in which it differs from the base."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Text = Field(min_length=1, max_length=100, examples=["few-shot"])


class ComparisonConfig(Strict):
    """Experiments that differ in what is compared, and in nothing else.

    ``base`` holds the fields that they share (without a name); each variant's fields replace those of the
    base. Objects are merged field by field, except ``method``. The first variant is the baseline.
    """

    name: Text = Field(min_length=1, max_length=90, examples=["Naive against chain-of-thought"])
    description: Text = Field(default="", max_length=5_000)
    margin: Number = Field(
        default=DEFAULT_MARGIN,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="The largest difference of a score that does not matter; .02 is 2 points.",
    )
    stop: Literal["all", "settled"] = Field(
        default="all",
        description="When to end: after all questions, or as soon as each difference from the baseline is "
        "settled: found better or worse, or equivalent within the margin, by an interval that holds however "
        "often it is looked at.",
    )
    score: Text = Field(
        default="exact_match", min_length=1, max_length=100, description="The score that `stop` decides by."
    )
    budget: Budget | None = Field(
        default=None,
        description="What the calls of all its experiments together may take, at most; no limit if left out.",
    )
    base: JsonObject
    variants: Annotated[list[Variant], Field(min_length=2, max_length=12)]


class ComparisonCreate(Strict):
    """A comparison to store."""

    config: ComparisonConfig
    run: Flag = Field(default=True, description="Whether to start the experiments at once, in their order.")


class VariantEstimate(BaseModel):
    """What one experiment of a comparison is estimated to take."""

    name: str
    estimate: EstimateOut


class ComparisonEstimate(BaseModel):
    """What the experiments of a comparison are estimated to take."""

    variants: list[VariantEstimate]
    calls: int = Field(description="Of all variants.")
    tokens: int = Field(description="Of all variants, prompts and answers together.")
    cost_usd: float | None = Field(description="Of all variants; null if the price of one is unknown.")


class ComparisonCreated(BaseModel):
    """The experiments of a comparison, the baseline first; `GET /results/compare` takes their ids."""

    ids: list[uuid.UUID]
    experiments: list[ExperimentOut]


class Compared(BaseModel):
    """One of the compared experiments."""

    # What is missing in stored data of earlier versions is never missing in an answer.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    experiment_id: uuid.UUID
    name: str
    label: str = Field(description="The name without the part that all names begin with; verdicts use it.")
    status: ExperimentStatus
    model: str
    method: str
    dataset: str
    dataset_version: str
    seed: int
    scoring: str = Field(
        default="original", description="By which its answers are compared; original: as it was run."
    )
    metrics: Metrics


class DifferenceStatistics(BaseModel):
    """Confidence interval and test of a difference of scores on the same questions.

    All differences are this experiment minus the baseline, as fractions.
    """

    low: float = Field(description="Lower bound of the plain interval: that of this comparison alone.")
    high: float = Field(description="Upper bound of the plain interval.")
    level: float = Field(description="Of the plain interval, and of all simultaneous ones together.")
    simultaneous_low: float = Field(
        description="Lower bound of the interval that holds at once with those of the family, and contains 0 "
        "if and only if the outcome is not_distinguishable."
    )
    simultaneous_high: float = Field(description="Upper bound of the simultaneous interval.")
    family: int = Field(description="Comparisons that p and the simultaneous interval allow for.")
    interval: Literal["score", "bootstrap", "likelihood"] = Field(
        description="score: Tango's interval for 0/1 scores; bootstrap; likelihood: few differ, or none."
    )
    p: float = Field(description="Two-sided, not adjusted.")
    adjusted_p: float = Field(
        description="By Holm's method, over the comparisons of this score in this answer, or of all scores: "
        "`family` of the answer says which."
    )
    test: Literal["mcnemar", "sign_flip_exact", "sign_flip"]
    mid_p: float | None = Field(description="Mid-p of McNemar's test; null for other tests.")
    too_few: bool = Field(description="So few questions differ that p < .05 cannot be reached.")
    standard_error: float | None
    units: int = Field(
        description="Independent units: clusters (documents, or questions with repeats), else questions."
    )
    detectable: float | None = Field(
        description="The smallest difference that this number of questions detects with a power of .8."
    )
    needed: int | None = Field(
        description="Questions needed to detect a difference of this size with a power of .8."
    )
    outcome: Verdict
    verdict: str = Field(description="The verdict as one sentence.")
    seed: int


class EquivalenceOut(FromAttributes):
    """Whether the difference of a score is surely smaller than a margin: two one-sided tests at 5 % each."""

    margin: float = Field(description="The largest difference that does not matter.")
    low: float = Field(
        description="Lower bound of the interval that must lie within the margin, with what failed counted "
        "against this experiment."
    )
    high: float = Field(description="Upper bound, with what failed counted for it.")
    level: float = Field(description="Of that interval: 1 − 2 · 5 % by the number of comparisons.")
    within: bool = Field(description="Whether it lies within the margin: equivalence was found.")
    verdict: EquivalenceVerdict = Field(
        description="better or worse if `outcome` says so, within the margin or not; else equivalent or "
        "cannot_tell."
    )
    sentence: str = Field(description="The verdict in words, with the margin.")
    needed: int | None = Field(
        description="Questions like these that would show equivalence with a power of .8 if nothing differs; "
        "null unless the verdict is cannot_tell, or if nothing is known of the spread."
    )


class MissingEffect(BaseModel):
    """How much failed and unscored runs could change a difference."""

    this_missing: int
    baseline_missing: int
    as_wrong: float = Field(description="The difference if all of them were wrong.")
    low: float = Field(description="The smallest difference possible, whatever they would have scored.")
    high: float = Field(description="The largest.")
    interval_low: float = Field(
        description="Lower bound of the 95 % interval if all of them count against this experiment."
    )
    interval_high: float = Field(description="Upper bound if all of them count for it.")
    message: str = Field(description="All of this as a sentence.")


class ScoreDifference(BaseModel):
    """The difference of one score from the baseline's, on the questions that both answered."""

    experiment_id: uuid.UUID
    score: str
    n_paired: int = Field(description="Pairs of answers.")
    n_questions: int = Field(
        description="Questions that the pairs are of: fewer than pairs if questions were asked repeatedly."
    )
    baseline: float | None = Field(description="The baseline's mean over the pairs.")
    this: float | None = Field(description="This experiment's mean over the pairs.")
    difference: float | None = Field(description="This experiment minus the baseline, mean over the pairs.")
    both: int | None = Field(
        description="Pairs that both got right; null for graded scores, as are the next three."
    )
    only_this: int | None
    only_baseline: int | None
    neither: int | None
    statistics: DifferenceStatistics | None = Field(description="Null if too few are paired.")
    equivalence: EquivalenceOut | None = Field(description="Null if too few are paired.")
    missing: MissingEffect | None = Field(description="Null if every pair has both scores.")
    message: str = Field(description="Why there are no statistics; empty if there are.")


class AmountDifference(BaseModel):
    """The difference of latency, tokens or cost from the baseline's, on the same questions."""

    experiment_id: uuid.UUID
    quantity: Literal["latency_ms", "tokens", "cost_usd"]
    n_paired: int
    baseline: float = Field(description="Mean per run; latency in milliseconds, cost in US dollars.")
    this: float
    difference: float
    low: float = Field(description="Lower bound of the plain interval: that of this comparison alone.")
    high: float = Field(description="Upper bound of the plain interval.")
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    simultaneous_low: float = Field(
        description="Lower bound of the interval that holds at once with those of all amounts, and contains "
        "0 if and only if the outcome is not_distinguishable."
    )
    simultaneous_high: float = Field(description="Upper bound of the simultaneous interval.")
    simultaneous_ratio_low: float | None = Field(description="The same of the ratio, with 1 in place of 0.")
    simultaneous_ratio_high: float | None
    family: int = Field(description="Comparisons that p and the simultaneous intervals allow for.")
    p: float | None = Field(description="Two-sided, not adjusted.")
    adjusted_p: float | None = Field(
        description="By Holm's method, over all comparisons of amounts in this answer; `outcome` is by it."
    )
    outcome: Verdict


class SettlingSide(BaseModel):
    """One experiment of a comparison that ends when it is settled, against the baseline."""

    experiment_id: uuid.UUID
    name: str
    asked: int = Field(description="Questions that both have answered, up to the one that settled it.")
    compared: int = Field(description="Of these, those to which the score applies.")
    difference: float = Field(description="This experiment minus the baseline, in the mean.")
    low: float = Field(
        description="Lower bound of the anytime-valid interval: it holds after every question at once, and "
        "whatever failed runs would have scored."
    )
    high: float = Field(description="Upper bound of the anytime-valid interval.")
    level: float = Field(description="Of the interval: 95 %, and more in a family.")
    two_tests_low: float = Field(
        description="Lower bound of the anytime-valid interval of the two one-sided tests of equivalence."
    )
    two_tests_high: float = Field(description="Upper bound of that interval.")
    two_tests_level: float = Field(description="Of that interval: 90 %, and more in a family.")
    p: float = Field(description="Anytime-valid, not adjusted.")
    settled: bool
    verdict: EquivalenceVerdict
    message: str = Field(description="All of this as a sentence.")


class Settling(BaseModel):
    """A comparison that ends when it is settled: how far it is, or what settled it."""

    # What is missing in stored data of earlier versions is never missing in an answer.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: uuid.UUID
    score: str
    margin: float
    planned: int = Field(description="Questions of each experiment, if nothing is settled before.")
    asked: int = Field(description="Questions that the baseline and all that go on have answered.")
    settled: bool = Field(description="Whether every difference is.")
    sides: list[SettlingSide]
    saved_runs: int = Field(
        description="Planned runs that were not needed, of experiments that ended because they were settled."
    )
    saved_usd: float | None = Field(
        description="What they would have cost, at the mean cost of the others; null if that is unknown."
    )
    unfinished: list[str] = Field(
        default=[],
        description="Each experiment that ended for another reason, as one whose budget is spent: how many "
        "of its planned runs were not made, and why.",
    )
    notes: list[str] = Field(description="What early stopping means for the ordinary figures, as sentences.")


class SameAnswers(BaseModel):
    """How many answers are the same as the baseline's, of the pairs that both answered."""

    experiment_id: uuid.UUID
    outputs: Estimate = Field(description="Share of pairs with the same raw output, with its 95 % interval.")
    answers: Estimate = Field(
        description="Share of pairs with the same answer after normalisation; two without an answer are."
    )
    message: str = Field(description="Both as a sentence.")


class Unpaired(BaseModel):
    """Questions without a pair in the baseline or in this experiment, by key; at most 50 of each kind."""

    experiment_id: uuid.UUID
    n_changed: int = Field(description="Same key, other question or other accepted answers.")
    changed: list[str]
    n_only_this: int
    only_this: list[str]
    n_only_baseline: int
    only_baseline: list[str]
    message: str = Field(description="All of this as a sentence; empty if every question is paired.")


class ComparisonOut(BaseModel):
    """Compared experiments; the first is the baseline."""

    # What is missing in stored data of earlier versions is never missing in an answer.
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    baseline_id: uuid.UUID
    experiments: list[Compared]
    differences: list[ScoreDifference]
    amounts: list[AmountDifference]
    same_answers: list[SameAnswers] = Field(description="One for each experiment that shares questions.")
    unpaired: list[Unpaired]
    settling: Settling | None = Field(
        description="If these experiments were to end as soon as their comparison is settled."
    )
    family: ScoreFamily = Field(
        default="score",
        description="What p values and simultaneous intervals of scores allow for: `score`, the comparisons "
        "of the same score; `page`, those of all scores in this answer.",
    )
    tied_for_best: dict[str, list[uuid.UUID]] = Field(
        description="By score: the best experiment, and all that are not distinguishable from it."
    )
    warnings: list[str] = Field(description="What makes the experiments less comparable, as sentences.")
