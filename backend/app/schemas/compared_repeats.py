"""Wire types of comparisons by what repeats say: pass@k and pass^k against a baseline."""

import uuid
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.comparison import Verdict
from app.schemas.slice_comparison import ComparedName


class PassDifferenceOut(BaseModel):
    """The difference of pass@k or pass^k from the baseline's, on the questions that both answered k times."""

    experiment_id: uuid.UUID
    measure: Literal["any", "all"] = Field(
        description="any: pass@k, one or more of k answers are right; all: pass^k, all of them are."
    )
    k: int = Field(description="Answers to a question: 2, 4, 8, … and as many as all experiments have.")
    questions: int = Field(description="With k scored answers or more in both.")
    baseline: float = Field(description="The baseline's mean over these questions.")
    this: float
    difference: float = Field(description="This experiment minus the baseline.")
    low: float = Field(
        description="Lower bound of the interval that holds at once with all others here, and contains 0 if "
        "and only if the outcome is not_distinguishable."
    )
    high: float = Field(description="Upper bound of that interval.")
    plain_low: float = Field(description="Lower bound of the interval of this comparison alone.")
    plain_high: float
    p: float = Field(description="Two-sided, not adjusted.")
    adjusted_p: float = Field(description="By Holm's method, over all differences of this answer.")
    family: int = Field(description="Differences that p and the intervals allow for.")
    outcome: Verdict
    message: str = Field(description="All of this as a sentence.")


class ComparedRepeatsOut(BaseModel):
    """What repeats say of several experiments against the first of them."""

    baseline_id: uuid.UUID
    experiments: list[ComparedName]
    score: str
    family: int = Field(description="Differences that p and the intervals allow for; 0 without repeats.")
    differences: list[PassDifferenceOut] = Field(
        description="By experiment and k; empty where nothing was asked repeatedly."
    )
    note: str
