"""Wire types of experiments."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain.status import ExperimentStatus
from app.schemas.experiment_config import ExperimentConfig


class ExperimentCreate(BaseModel):
    """A new experiment."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "config": {
                        "name": "Naive prompting on trivia",
                        "model": "local/smollm2-135m-instruct",
                        "method": {"name": "naive"},
                        "dataset": {"name": "trivia_qa", "n": 20},
                        "seed": 42,
                    }
                }
            ]
        },
    )

    config: ExperimentConfig
    parent_id: uuid.UUID | None = Field(default=None, description="The experiment that this one repeats.")


class ProgressOut(BaseModel):
    """How far an experiment is."""

    total: int
    done: int
    failed: int
    cached: int
    accuracy: float | None = Field(description="Exact match so far.")
    failures: dict[str, int]
    rate_per_s: float | None
    eta_s: float | None
    active_s: float
    in_flight: int
    limit: int | None = Field(description="Calls that the endpoint is found to take at once.")
    waiting_s: float = Field(description="Until the endpoint may be called again (rate limit).")
    mode: str = Field(description="`worker`, or `in_process` when there is no queue.")
    note: str | None = Field(description="What is being prepared, before the first run.")


class ScoreSummary(BaseModel):
    """One score of a result, in short."""

    value: float
    low: float
    high: float
    n: int


class ExperimentSummary(BaseModel):
    """An experiment as lists show it."""

    id: uuid.UUID
    name: str
    description: str
    model: str
    method: str
    dataset: str
    dataset_version: str
    total: int
    status: ExperimentStatus
    queued: bool = Field(description="Pending, and started: it waits for a worker. False for a draft.")
    reason: str | None = Field(description="Why it failed or was cancelled.")
    progress: ProgressOut | None
    scores: dict[str, ScoreSummary] = Field(description="By scorer; empty until there is a result.")
    failed_runs: int | None
    latency_p50_ms: float | None = Field(description="Of answered, uncached calls; null without a result.")
    cost_usd: float | None = Field(description="Null without a result, and when a price is unknown.")
    seed: int
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    parent_id: uuid.UUID | None


class ExperimentOut(ExperimentSummary):
    """An experiment with its configuration and provenance."""

    config: ExperimentConfig
    config_hash: str
    provenance: dict[str, Any]


class FacetsOut(BaseModel):
    """What the list of experiments can be filtered by: the values that occur, sorted."""

    methods: list[str]
    models: list[str]
    datasets: list[str]


class ExperimentEvent(BaseModel):
    """One server-sent event: the status, and the progress as far as it is known."""

    status: ExperimentStatus
    queued: bool = Field(description="Pending, and started: it waits for a worker. False for a draft.")
    reason: str | None
    progress: ProgressOut | None
