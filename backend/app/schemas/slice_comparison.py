"""Wire types of comparisons by slices: one score on parts of the questions, such as those of one topic."""

import uuid

from pydantic import BaseModel, Field

from app.schemas.common import FromAttributes
from app.schemas.comparison import EquivalenceVerdict
from app.schemas.result import Estimate


class SliceFieldOut(FromAttributes):
    """A field of the questions, by which they may be put into slices."""

    name: str
    in_quantiles: bool = Field(description="Whether questions are put into quarters by it.")
    why_not: str = Field(description="Why it makes no slices, as a sentence; empty if it does.")


class ComparedName(BaseModel):
    """One of the compared experiments."""

    experiment_id: uuid.UUID
    name: str
    label: str = Field(description="The name without the part that all names begin with.")


class SliceScore(BaseModel):
    """The score of one experiment in a slice, over its own runs."""

    experiment_id: uuid.UUID
    estimate: Estimate | None = Field(description="null if no run has the score.")


class SliceDifference(BaseModel):
    """The difference of one experiment from the baseline in a slice, on the questions that both answered."""

    experiment_id: uuid.UUID
    n_paired: int = Field(description="Pairs of answers.")
    baseline: float | None = Field(description="The baseline's mean over the pairs.")
    this: float | None = Field(description="This experiment's mean over the pairs.")
    difference: float | None = Field(description="This experiment minus the baseline.")
    low: float | None = Field(
        description="Lower bound of the interval that holds at once with all others here."
    )
    high: float | None = Field(description="Upper bound of that interval.")
    plain_low: float | None = Field(description="Lower bound of the interval of this comparison alone.")
    plain_high: float | None
    p: float | None = Field(description="Two-sided, not adjusted.")
    adjusted_p: float | None = Field(description="By Holm's method, over all differences of this answer.")
    verdict: EquivalenceVerdict = Field(
        description="better or worse by adjusted_p, equivalent within the margin, or cannot_tell."
    )
    message: str = Field(description="The verdict as a sentence.")


class SliceComparison(BaseModel):
    """The questions of one slice."""

    value: str = Field(description="Of the field, or a range of its values.")
    questions: int = Field(description="Of the baseline.")
    scores: list[SliceScore] = Field(description="The baseline first.")
    differences: list[SliceDifference] = Field(description="Of each other experiment.")


class SlicedComparisonOut(BaseModel):
    """One score of several experiments, slice by slice of their questions."""

    baseline_id: uuid.UUID
    experiments: list[ComparedName]
    score: str
    by: str = Field(description="The field that makes the slices.")
    margin: float
    family: int = Field(description="Differences that p and the intervals allow for.")
    fields: list[SliceFieldOut] = Field(description="All that the baseline's questions have.")
    slices: list[SliceComparison]
    note: str = Field(description="What the verdicts allow for, and what they do not say.")
