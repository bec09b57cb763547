"""What an import of other harnesses' results answers."""

import uuid
from typing import Literal

from pydantic import Field

from app.schemas.common import FromAttributes


class AgreementOut(FromAttributes):
    """How a harness's own score and one of ours agree, answer by answer."""

    theirs: str = Field(description="The harness's score.", examples=["inspect.match"])
    ours: str = Field(examples=["exact_match"])
    same: int = Field(description="Answers to which both give the same value.")
    differ: int


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
    agreement: list[AgreementOut]
