"""What an import of other harnesses' results answers."""

import uuid
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.common import FromAttributes
from app.schemas.result import Estimate


class HarnessAgreementOut(FromAttributes):
    """How often a score of another harness and one of ours call the same answer right."""

    theirs: str = Field(description="Name of the harness's score.")
    ours: str
    theirs_label: str = Field(examples=["match (Inspect)"])
    ours_label: str = Field(examples=["Exact match"])
    both: int = Field(description="Answers that both call right: their value is 1, or above.")
    only_theirs: int
    only_ours: int
    neither: int
    alike: Estimate = Field(description="Share of the answers that both call right, or both do not.")
    unscored: int = Field(description="Answers that one of the two says nothing of.")


class HarnessAgreementsOut(BaseModel):
    """The scores of another harness against ours."""

    agreements: list[HarnessAgreementOut] = Field(description="Empty unless the experiment was imported.")


class ImportedOut(FromAttributes):
    """One log of a harness, as an experiment."""

    experiment_id: uuid.UUID
    name: str
    harness: str
    model: str
    dataset: str
    questions: int
    answers: int
    failed: int = Field(description="Answers that the log does not have, because the call failed.")
    created: bool = Field(description="False: the same log was imported before; nothing was changed.")
    paired_by: Literal["content", "id"] = Field(
        description="By what its questions were found in the dataset: text, or id."
    )
    agreement: list[HarnessAgreementOut] = Field(description="Of each score of the harness with ours.")
