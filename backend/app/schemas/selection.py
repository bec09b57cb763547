"""Wire types of selections: filters whose questions become a dataset."""

import uuid
from typing import Annotated, Literal

from pydantic import Field

from app.domain.comparison_filter import AgreementFilter
from app.schemas.common import Strict, Text
from app.schemas.run_list import RunFilters


class RunsSelection(Strict):
    """The runs of an experiment that pass a filter."""

    kind: Literal["runs"]
    experiment_id: uuid.UUID
    filters: RunFilters = RunFilters()


class ComparisonSelection(Strict):
    """The questions of a comparison that pass its filter."""

    kind: Literal["comparison"]
    ids: Annotated[list[uuid.UUID], Field(description="2 to 12, as of the comparison.")]
    score: Text = Field(default="exact_match", min_length=1, max_length=100)
    scorings: list[Text] = Field(
        default=[],
        max_length=12,
        description="By which scoring: one name for all, or one for each experiment.",
    )
    outcome: AgreementFilter = Field(
        default="differ", description="As of `GET /results/compare/examples`: differ, only_first, failed, …"
    )


class SelectionCreate(Strict):
    """A dataset to make of the questions that a filter selects."""

    name: Text = Field(max_length=100, description="Lower-case letters, digits, and . _ -")
    selection: Annotated[RunsSelection | ComparisonSelection, Field(discriminator="kind")]
