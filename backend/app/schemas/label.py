"""Wire types of people's labels."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AliasPath, Field, StringConstraints

from app.domain.labels import Verdict
from app.schemas.common import FromAttributes, NoText, Strict, Text
from app.schemas.result import Estimate

_MAX_ID = 2**63 - 1
MOST_LABELS = 1_000
"""Labels that one request may store."""


def _name(value: str) -> str:
    name = value.strip()
    if not name:
        raise ValueError("must not be empty")
    return name


Labeller = Annotated[Text, Field(max_length=60), AfterValidator(_name)]
"""Who labels: any name."""


class LabelIn(Strict):
    """One person's label of one run."""

    run_id: Annotated[int, Field(ge=1, le=_MAX_ID), NoText]
    labeller: Labeller
    verdict: Verdict
    failure: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)] | None = (
        Field(default=None, description="What the answer lacks, in few words, such as `wrong fact`.")
    )
    note: Annotated[Text, StringConstraints(max_length=2_000)] = ""


class LabelOut(FromAttributes):
    """A stored label, with the run's place."""

    experiment_id: uuid.UUID
    run_id: int
    key: str = Field(description="Of the question in its dataset.")
    repeat: int
    labeller: str
    verdict: Verdict
    failure: str | None
    note: str
    labelled_at: datetime


class QueuedRunOut(FromAttributes):
    """An answer to look at. What would tell whose it is or how it was scored is left out."""

    run_id: int = Field(validation_alias=AliasPath("run", "id"))
    question: str = Field(validation_alias=AliasPath("run", "example", "question"))
    gold: list[str] = Field(
        validation_alias=AliasPath("run", "example", "answers"), description="Accepted answers."
    )
    output: str | None = Field(validation_alias=AliasPath("run", "output"))
    answer: str | None = Field(
        validation_alias=AliasPath("run", "answer"), description="What was read from the output."
    )
    reasons: list[str] = Field(description="Why it matters; empty in random order.")


class QueueOut(FromAttributes):
    """What a person has to look at."""

    waiting: list[QueuedRunOut] = Field(description="The next answers that the person has not labelled.")
    total: int = Field(description="Answers that this order holds.")
    labelled: int = Field(description="Of these, how many the person has labelled.")


class Corrected(FromAttributes):
    """A mean of labels, known of few answers, with its interval."""

    value: float
    low: float
    high: float
    labelled: int = Field(description="Answers with a label, drawn at random.")
    judged: int = Field(description="All answers that the estimate is of.")
    weight: float = Field(description="Of the score, 0 to 1; 0 if it is of no use.")
    level: float


class CorrectedScore(FromAttributes):
    """What a score says of all answers, and what people would say of them, estimated with its help."""

    score: str
    naive: float | None = Field(description="The score's own mean, biased by its errors.")
    corrected: Corrected | None = Field(description="By prediction-powered inference; null with few labels.")


class ExperimentLabels(FromAttributes):
    """The labels of one experiment."""

    experiment_id: uuid.UUID
    name: str
    answered: int
    labelled: int = Field(description="Answers with a label.")
    sampled: int = Field(
        description="Answers from the beginning of the random order on of which each has a label; estimates "
        "take these alone."
    )
    verdicts: dict[Verdict, int] = Field(description="Labelled answers by what most people say.")
    failures: dict[str, int] = Field(description="Labels by what they say that the answer lacks.")
    labels_alone: Corrected | None = Field(description="Accuracy by the labels of the sample alone.")
    scores: list[CorrectedScore]


class LabelledDifference(FromAttributes):
    """The difference of an experiment from the first one, by labels."""

    experiment_id: uuid.UUID
    questions: int = Field(description="That both have answered.")
    labels_alone: Corrected | None
    scores: list[CorrectedScore] = Field(description="Of the scores that all experiments have.")


class ScoreAgreement(FromAttributes):
    """A score, or a judge, against what people say of the same answers."""

    score: str
    both: int = Field(description="Right by the score and by people.")
    only_score: int = Field(description="Right by the score alone.")
    only_people: int = Field(description="Right by people alone.")
    neither: int
    alpha: Estimate | None = Field(description="Krippendorff's alpha; null if it is not defined.")


class LabelSummaryOut(FromAttributes):
    """What people's labels say of answers, of each other, and of scores."""

    labellers: dict[str, int] = Field(description="Labels by person.")
    people: Estimate | None = Field(description="Krippendorff's alpha of people with each other.")
    experiments: list[ExperimentLabels]
    agreements: list[ScoreAgreement]
    differences: list[LabelledDifference] = Field(description="From the first experiment.")
    notes: list[str] = Field(description="What the estimates rest on, in words.")
