"""Wire types of gates: a policy of several rules, and what became of each."""

import uuid
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from app.schemas.common import NoText, Number, Strict, Text

Tier = Literal["critical", "supporting", "advisory"]
GateDecision = Literal["pass", "fail", "cannot tell"]
_MOST_RULES = 100
_MOST_EXPERIMENTS = 50


class GateRule(Strict):
    """What a candidate must keep on one dataset, by one score."""

    dataset: Text = Field(min_length=1, max_length=200, examples=["trivia_qa"])
    score: Text = Field(default="exact_match", min_length=1, max_length=100)
    tier: Tier = Field(
        default="critical",
        description="A critical rule that fails is the gate's failure; of supporting ones, more than "
        "`supporting_failures`; advisory ones only report.",
    )
    noninferiority: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="The largest loss that passes; .02 is 2 points. 0 if neither this nor `equivalence`.",
    )
    scoring: Text | None = Field(
        default=None,
        max_length=80,
        description="Name of a scoring of both experiments; if left out, the scores that they were run with.",
    )
    equivalence: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Instead: the largest difference, either way, that passes.",
    )

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if self.noninferiority is not None and self.equivalence is not None:
            raise ValueError("noninferiority and equivalence ask different questions: choose one of them")
        return self

    @property
    def margin(self) -> float:
        """The largest loss, or difference, that passes."""
        return (self.noninferiority or 0.0) if self.equivalence is None else self.equivalence


class GatePolicy(Strict):
    """Several rules that decide together if a candidate may take the place of a baseline."""

    name: Text = Field(min_length=1, max_length=200, examples=["Release of a prompt"])
    description: Text = Field(default="", max_length=5_000)
    supporting_failures: Annotated[int, Field(ge=0, le=_MOST_RULES), NoText] = Field(
        default=0, description="How many supporting rules may fail."
    )
    rules: Annotated[list[GateRule], Field(min_length=1, max_length=_MOST_RULES)]

    @model_validator(mode="after")
    def _rules_differ(self) -> Self:
        seen = [(one.dataset, one.score, one.scoring) for one in self.rules]
        for dataset, score, scoring in seen:
            if seen.count((dataset, score, scoring)) > 1:
                raise ValueError(f"two rules are of {score} on {dataset}")
        return self


class GateRequest(Strict):
    """A policy, and the experiments that it decides on: one baseline and one candidate of each dataset."""

    policy: GatePolicy
    baselines: Annotated[list[uuid.UUID], Field(min_length=1, max_length=_MOST_EXPERIMENTS)]
    candidates: Annotated[list[uuid.UUID], Field(min_length=1, max_length=_MOST_EXPERIMENTS)]


class GateRuleOut(BaseModel):
    """What became of a rule."""

    dataset: str
    score: str
    scoring: str | None = Field(description="Null: the scores that the experiments were run with.")
    tier: Tier
    margin: float
    equivalence: bool = Field(description="Whether the margin holds both ways.")
    baseline_id: uuid.UUID | None = Field(description="Null if none of the given ones is of the dataset.")
    candidate_id: uuid.UUID | None
    decision: GateDecision
    difference: float | None = Field(description="Candidate minus baseline; null if nothing can be tested.")
    low: float | None = Field(description="Lower bound, with what failed counted against the candidate.")
    high: float | None = Field(description="Upper bound, with what failed counted for it.")
    level: float | None = Field(description="Of the interval: 95 % or 90 %, and more by Holm.")
    units: int | None
    n_questions: int | None
    anytime_valid: bool = Field(description="Whether the interval allows for looking after every answer.")
    message: str = Field(description="All of this as a sentence.")
    warnings: list[str]


class GateOut(BaseModel):
    """The decision of a gate, with those of its rules in the order of the policy."""

    name: str
    decision: GateDecision
    message: str = Field(description="The decision as a sentence.")
    rules: list[GateRuleOut]
    notes: list[str] = Field(description="What the decisions allow for, as sentences.")
