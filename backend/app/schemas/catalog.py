"""Wire types of datasets, models and health."""

import uuid
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field


class DatasetOut(BaseModel):
    """One version of a dataset."""

    id: uuid.UUID
    name: str
    version: str = Field(description="Hash of its examples and scoring rule, 16 hex digits.")
    scoring: str
    description: str
    licence: str
    source: str
    size: int
    created_at: datetime


class DatasetAdded(DatasetOut):
    """An imported dataset."""

    created: bool = Field(description="False if this very content was there before.")


class ExampleOut(BaseModel):
    """One item of a dataset."""

    id: int
    position: int
    key: str
    question: str
    answers: list[str]
    cluster: str | None
    metadata: dict[str, Any]
    content_hash: str


class PriceOut(BaseModel):
    """US dollars per million tokens."""

    input: float
    output: float


class ModelOut(BaseModel):
    """A model of the catalog, and whether it can be used as things are."""

    name: str
    provider: str
    provider_label: str
    api: Literal["chat", "completion"]
    state: Literal["ready", "key_missing", "file_missing"]
    message: str = Field(description="What to do if it is not ready.")
    api_key_env: str | None = Field(description="The variable that holds the key, if one is needed.")
    context_window: int | None
    usd_per_1m: PriceOut | None
    parameters: float | None
    description: str


class ModelCheck(BaseModel):
    """Whether a model can be used, its endpoint asked."""

    name: str
    state: Literal["ready", "key_missing", "file_missing", "unreachable"]
    message: str = Field(description="What to do if it is not ready; may be empty.")
    latency_ms: float | None = Field(description="Of the endpoint's answer; null if it was not asked.")


class ProviderOut(BaseModel):
    """A provider, and whether models that are not listed may be named."""

    name: str
    label: str
    open: bool
    api_key_env: str | None
    base_url_env: str | None


class CatalogOut(BaseModel):
    """The model catalog."""

    providers: list[ProviderOut]
    models: list[ModelOut]


PartState = Literal["ok", "degraded", "down", "idle", "unknown"]


class PartHealth(BaseModel):
    """One part of the platform."""

    state: PartState
    message: str
    details: dict[str, Any]


class HealthOut(BaseModel):
    """The platform and its parts."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: PartHealth
    queue: PartHealth
    workers: PartHealth
    local_model: PartHealth


class LiveOut(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class OverviewOut(BaseModel):
    """The platform at a glance; deleted experiments are not counted."""

    experiments: int
    by_status: dict[str, int] = Field(description="Experiments by status, each status named.")
    runs: int = Field(description="Stored runs, those of running experiments as of their last sign of life.")
    failed_runs: int
    datasets: int = Field(description="Names, however many versions each has.")
    models_ready: int = Field(description="Models of the catalog that can be used as things are.")
