"""Wire types of scores."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ScoreOut(BaseModel):
    """What a score is, for whoever shows it."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    version: int = Field(description="Only results of equal versions may be compared.")
    kind: Literal["binary", "graded"]
    group: str = Field(description="Scores of a group are shown together: answer, retrieval, faithfulness, …")
    label: str
    help: str
    better: Literal["higher", "lower"]
