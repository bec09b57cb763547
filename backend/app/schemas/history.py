"""Wire types of histories: the experiments of one configuration over time."""

import uuid
from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.status import ExperimentStatus
from app.schemas.comparison import EquivalenceVerdict
from app.schemas.result import ScoreStatistics


class StepDifference(BaseModel):
    """The difference of one experiment from another one, on the questions that both answered."""

    experiment_id: uuid.UUID = Field(description="That it is compared with.")
    n_paired: int = Field(description="Pairs of answers.")
    difference: float | None = Field(description="This experiment minus that one.")
    low: float | None = Field(description="Lower bound of the interval that holds at once with its family's.")
    high: float | None = Field(description="Upper bound of that interval.")
    adjusted_p: float | None = Field(description="By Holm's method, over the family.")
    verdict: EquivalenceVerdict
    message: str = Field(description="The verdict as a sentence.")


class HistoryStepOut(BaseModel):
    """One experiment of a history."""

    experiment_id: uuid.UUID
    name: str
    status: ExperimentStatus
    created_at: datetime
    score: ScoreStatistics | None = Field(description="Over all of its runs; null if it lacks the score.")
    cached: int = Field(description="Answers that came from the cache: nothing was asked anew for them.")
    answered: int
    changes: list[str] = Field(
        description="What was otherwise than in the experiment before: dataset, model, prompt, versions."
    )
    against_reference: StepDifference | None = Field(
        description="null for the reference itself, or if the scorer's version is another one."
    )
    against_previous: StepDifference | None = Field(
        description="null for the first one, or if the scorer's version is another one."
    )


class HistoryOut(BaseModel):
    """The experiments of one configuration that have a result, the oldest first."""

    config_hash: str
    score: str
    scoring: str = Field(description="By which scoring of each experiment.")
    margin: float
    reference_id: uuid.UUID
    steps: list[HistoryStepOut] = Field(description="At most the newest 50.")
    note: str = Field(description="What p and the intervals allow for.")
    warnings: list[str] = Field(description="Why the verdicts say less than they seem to, as sentences.")
