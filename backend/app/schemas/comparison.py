"""Wire types of comparisons: one base and its variants, run over the same questions and seed."""

import uuid
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.experiment import ExperimentOut
from app.schemas.experiment_config import Text


class Variant(BaseModel):
    """What one arm has otherwise than the base: its name, and any fields of an experiment."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Text = Field(min_length=1, max_length=100, examples=["few-shot"])


class ComparisonConfig(BaseModel):
    """Experiments that differ in what is compared, and in nothing else.

    ``base`` holds fields of an experiment (without a name); each variant's fields are laid over it.
    Mappings are merged, but a variant's ``method`` replaces the base's. The first is the baseline.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = Field(min_length=1, max_length=90, examples=["Naive against chain-of-thought"])
    description: Text = Field(default="", max_length=5_000)
    base: dict[str, Any]
    variants: Annotated[list[Variant], Field(min_length=2, max_length=12)]


class ComparisonCreate(BaseModel):
    """A comparison to store."""

    model_config = ConfigDict(extra="forbid")

    config: ComparisonConfig
    run: bool = Field(default=True, description="Queue the experiments at once, in their order.")


class ComparisonCreated(BaseModel):
    """The experiments of a comparison, the baseline first: `GET /results/compare` takes their ids."""

    ids: list[uuid.UUID]
    experiments: list[ExperimentOut]
