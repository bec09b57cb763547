"""Wire types of repeats as a level."""

from pydantic import Field

from app.schemas.common import FromAttributes
from app.schemas.result import Estimate


class VarianceSharesOut(FromAttributes):
    """The variance of a score by where it comes from."""

    total: float = Field(description="Of one score of a question drawn at random, in squared units.")
    between: Estimate = Field(
        description="Share that lies between questions; the rest lies between repeats of one question."
    )


class PassesOut(FromAttributes):
    """How often k answers to a question would do; intervals are by questions, or their clusters."""

    k: int
    any_right: Estimate = Field(description="pass@k: one or more of k answers are right.")
    all_right: Estimate = Field(description="pass^k: all of k answers are right.")
    questions: int = Field(description="With k scored answers or more.")


class GivenAnswerOut(FromAttributes):
    """An answer to a question with how often it was given."""

    answer: str | None = Field(description="As it was first written; null if there was none in the output.")
    count: int


class FlickeringQuestionOut(FromAttributes):
    """A question whose repeats do not all agree, after normalisation."""

    key: str
    question: str
    disagreement: float = Field(description="The probability that two of its answers differ.")
    answers: list[GivenAnswerOut] = Field(description="The commonest first, at most 5.")
    distinct: int
    answered: int
    score: float | None = Field(description="Mean over its repeats; null if none has the score.")


class RepeatsOut(FromAttributes):
    """What varies between questions, and what between repeats of one question."""

    score: str
    repeats: int = Field(description="Of each question, as planned.")
    questions: int = Field(description="With two answers or more.")
    failed: int = Field(description="Runs without an answer, which are left out.")
    variance: VarianceSharesOut | None = Field(description="Null if all scores are equal, or none repeated.")
    passes: list[PassesOut] = Field(description="Empty without repeats, or if scores are not right or wrong.")
    answers: Estimate | None = Field(description="Share of questions whose answer changes between repeats.")
    scores: Estimate | None = Field(description="Share of questions whose score changes between repeats.")
    flickering: list[FlickeringQuestionOut] = Field(description="Those that flicker most, at most 20.")
    message: list[str] = Field(description="The gist as sentences.")
