"""Wire types of lists of runs: what they can be filtered by, and the scores of slices."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.domain.run_selection import AnswerAttribution, Between, LabelFilter, RunFilter, RunSelection
from app.domain.status import FailureKind
from app.schemas.common import FromAttributes, Text, Words
from app.schemas.result import Estimate
from app.schemas.scoring import ORIGINAL

_NAME = 100


class RunFilters(BaseModel):
    """Filters of a list of runs; all of them must hold."""

    model_config = ConfigDict(extra="forbid")

    filter: RunFilter = Field(
        default="all",
        description="By `score`: correct (1), partial (between), wrong (0), unscored; failed; cached.",
    )
    score: Text = Field(
        default="exact_match",
        min_length=1,
        max_length=_NAME,
        description="Name of the score that `filter`, its bounds and the sort key `score` are about.",
    )
    scoring: Text = Field(
        default=ORIGINAL,
        max_length=80,
        description="By which scoring; original: that which the experiment was run with.",
    )
    text: Words = Field(
        default="",
        max_length=200,
        description="All words, in question, key, accepted answers, answer, output or message of a failure.",
    )
    failure_kind: list[FailureKind] = Field(default=[], description="Any of these.")
    attribution: list[AnswerAttribution] = Field(
        default=[], description="Where answers from passages went right or wrong: any of these."
    )
    label: list[LabelFilter] = Field(
        default=[], description="What most people's labels say of the answer: any of these; none: no label."
    )
    differs_from: Text = Field(
        default="",
        max_length=_NAME,
        description="Name of another score that calls an answer right where `score` does not, or the other "
        "way round.",
    )
    slice: list[Annotated[Text, Field(max_length=300)]] = Field(
        default=[],
        max_length=10,
        description="`key=value` of the questions' metadata, such as `topic=music`; all must hold.",
    )
    score_from: float | None = Field(default=None, description="Least value of the score.")
    score_to: float | None = Field(default=None, description="Greatest value of the score.")
    latency_from_ms: float | None = None
    latency_to_ms: float | None = None
    tokens_from: float | None = Field(default=None, description="Of prompt and completion together.")
    tokens_to: float | None = None

    def selection(self) -> RunSelection:
        """Return which runs are meant."""
        return RunSelection(
            outcome=self.filter,
            score=self.score,
            scoring="" if self.scoring == ORIGINAL else self.scoring,
            text=self.text,
            failure_kinds=tuple(self.failure_kind),
            attributions=tuple(self.attribution),
            labels=tuple(self.label),
            differs_from=self.differs_from,
            slices=tuple((key, value) for key, _, value in (one.partition("=") for one in self.slice)),
            value=Between(self.score_from, self.score_to),
            latency_ms=Between(self.latency_from_ms, self.latency_to_ms),
            tokens=Between(self.tokens_from, self.tokens_to),
        )


class RunListQuery(RunFilters):
    """Filters, order and page of a list of runs."""

    sort: str = Field(
        default="order",
        description="order, latency_ms, f1, score, tokens, cost_usd, output_length; - before it: descending.",
    )
    cursor: str | None = Field(default=None, max_length=500)
    limit: int = Field(default=50, ge=1, le=500)


class SliceValueOut(FromAttributes):
    """The runs of the questions that have one value of a key."""

    value: str
    runs: int = Field(description="Stored, failed ones included.")
    failed: int
    estimate: Estimate | None = Field(description="Mean of the score; null if no run has it.")


class SliceOut(FromAttributes):
    """The runs by the values of one key of the questions' metadata."""

    key: str
    values: list[SliceValueOut] = Field(description="By value; numbers in their order.")


class SlicesOut(FromAttributes):
    """One score by what the dataset says of its questions; the differences between values are not tested."""

    score: str
    slices: list[SliceOut] = Field(description="Empty if the dataset says nothing that groups its questions.")
