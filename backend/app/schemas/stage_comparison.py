"""Wire types of comparisons by stages: where the time of a question goes, on the same questions."""

import uuid

from pydantic import BaseModel, Field

from app.domain.stages import StageGroup
from app.schemas.comparison import Verdict


class ComparedStage(BaseModel):
    """What is compared: a stage, or the time of a question as a whole (`own`, `wall`)."""

    name: str
    label: str
    group: StageGroup
    waits: bool = Field(description="Whether a run only waits for other runs in it.")


class StageDifference(BaseModel):
    """How the mean time of a stage differs from the baseline's, on the same questions; in milliseconds."""

    experiment_id: uuid.UUID
    stage: str
    n_paired: int
    baseline_ms: float
    this_ms: float
    difference_ms: float
    low: float = Field(description="Lower bound of the plain interval: that of this comparison alone.")
    high: float = Field(description="Upper bound of the plain interval.")
    simultaneous_low: float = Field(
        description="Lower bound of the interval that holds at once with those of all stages here, and "
        "contains 0 if and only if the outcome is not_distinguishable."
    )
    simultaneous_high: float = Field(description="Upper bound of the simultaneous interval.")
    adjusted_p: float = Field(description="By Holm's method, over all comparisons here.")
    outcome: Verdict


class StageComparisonOut(BaseModel):
    """Experiments compared stage by stage; the first is the baseline."""

    baseline_id: uuid.UUID
    stages: list[ComparedStage] = Field(
        description="The time as a whole, then the stages in the order in which a run goes through them; "
        "those that take less than a thousandth of the time are left out."
    )
    differences: list[StageDifference]
    message: str = Field(description="Which experiments have no stages to compare, and why; or empty.")
