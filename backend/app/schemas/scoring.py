"""Wire types of scorings: stored outputs that are scored again."""

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasPath, Field

from app.domain.json import JsonObject
from app.schemas.common import FromAttributes, Strict, Text
from app.schemas.experiment_config import Faithfulness, ScorerName, ScorerOptions

ORIGINAL = "original"
"""The name of the scoring that an experiment was run with."""
ParserName = Literal["current", "first_line", "last_line", "whole_output"]
ScoringStatus = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED"]
ScoringName = Annotated[
    Text, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", examples=["strict"])
]


class ScoringRequest(Strict):
    """How stored outputs are scored again; what is left out stays as it was."""

    scorers: dict[ScorerName, ScorerOptions] = Field(
        default={},
        max_length=20,
        description="Scorers by name, each with its options. Those that score every experiment (exact match, "
        "F1, …) are always computed.",
    )
    parser: ParserName | None = Field(
        default=None,
        description="How answers are read from the outputs: current: by the rules of this version; the "
        "others take a part of the output as it is. If left out, the stored answers are scored.",
    )
    faithfulness: Faithfulness | None = Field(
        default=None, description="Who judges if answers follow from the retrieved passages."
    )
    dataset_version: Text | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Version of the dataset whose accepted answers count, or its first characters.",
    )


class ScoringCreate(ScoringRequest):
    """A new scoring of an experiment's stored outputs."""

    name: ScoringName | None = Field(
        default=None, description="Unique within the experiment; made from the rest if left out."
    )


class ScoreChange(FromAttributes):
    """What a scoring made of one score, over the answered runs."""

    score: str
    n: int = Field(description="Runs with a value in this scoring.")
    before: float | None = Field(description="Mean in the original scoring; null if it has no such score.")
    after: float | None
    raised: int = Field(description="Runs whose value is higher than in the original scoring.")
    lowered: int


class ScoringOut(FromAttributes):
    """A scoring of an experiment's stored outputs, beside the original one."""

    id: uuid.UUID
    experiment_id: uuid.UUID
    name: str
    status: ScoringStatus
    reason: str | None = Field(description="Why it failed.")
    done: int = Field(description="Answered runs that are scored.")
    total: int = Field(description="Answered runs.")
    missing: int = Field(
        description="Answered runs that a complete scoring lacks, because they were retried since; ask for "
        "it again to complete it."
    )
    request: ScoringRequest
    scorers: dict[str, int] = Field(description="Version of the scorer of each score.")
    dataset_version: str = Field(validation_alias=AliasPath("dataset", "version"))
    created_by: str | None = Field(description="Name of the API key; null without named keys.")
    code_version: str | None = Field(description="Of this software.")
    created_at: datetime
    finished_at: datetime | None
    changes: list[ScoreChange]


class NewerDataset(FromAttributes):
    """A newer version of an experiment's dataset, whose accepted answers can be scored against."""

    version: str
    changed: int = Field(description="Questions of the experiment whose accepted answers differ in it.")


class ScoringsOut(FromAttributes):
    """The scorings of an experiment beside the original one, and what could be scored again."""

    items: list[ScoringOut]
    newer_dataset: NewerDataset | None = Field(
        description="Null if the experiment has the newest version, or nothing that it asked has changed."
    )
    parsers: list[str]
    scorers: list[str] = Field(description="Scorers to choose by name.")


class ScoringInfo(FromAttributes):
    """Which scoring a result is of."""

    name: str
    request: JsonObject
