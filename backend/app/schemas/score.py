"""Wire types of scores."""

from typing import Literal

from pydantic import Field

from app.schemas.common import FromAttributes


class ScoreOut(FromAttributes):
    """What a score is, for whoever shows it; higher values are better."""

    name: str
    version: int = Field(description="Only results of equal versions may be compared.")
    kind: Literal["binary", "graded"]
    group: str = Field(description="Scores of a group are shown together: answer, retrieval, faithfulness, …")
    label: str
    help: str
