"""Wire types of datasets, models and health."""

import uuid
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.domain.dataset_origin import OriginKind
from app.domain.json import JsonObject
from app.schemas.common import FromAttributes


class SelectedExperimentOut(BaseModel):
    """An experiment that questions were selected from, by the name that it had then."""

    id: uuid.UUID
    name: str


class DatasetOriginOut(BaseModel):
    """Where the questions of a dataset were selected from."""

    kind: OriginKind = Field(description="The list of an experiment's runs, or a comparison.")
    experiments: list[SelectedExperimentOut] = Field(description="Of a comparison the baseline first.")
    filters: JsonObject = Field(description="As they were asked for.")
    sentence: str = Field(description="The filters in words.")
    dataset: str = Field(description="Name of the dataset that the questions are from.")
    version: str = Field(description="Of that dataset.")


class DatasetOut(FromAttributes):
    """One version of a dataset."""

    id: uuid.UUID
    name: str
    version: str = Field(description="Hash of its examples and scoring rule, 16 hex digits.")
    scoring: str = Field(description="Name of the rule that answers are normalised and scored by.")
    description: str
    licence: str
    source: str
    size: int = Field(description="Examples.")
    origin: DatasetOriginOut | None = Field(description="What it was selected from; null if it was imported.")
    created_at: datetime


class DatasetAdded(DatasetOut):
    """An imported dataset."""

    created: bool = Field(description="False if this version existed already.")
    warnings: list[str] = Field(description="What may be wrong with the file, for a person to read.")


class ColumnOut(FromAttributes):
    """A column of a file."""

    name: str
    values: list[str] = Field(description="Its first values, shortened.")


class ColumnsOut(FromAttributes):
    """The columns of a file, and which ones would be read."""

    columns: list[ColumnOut]
    fields: dict[str, str] = Field(
        description="Column of each field that was found: question, answer, answers, id, cluster; of answers "
        "also output, model, score.NAME and so on."
    )
    published: bool = Field(description="The file is in a published format, whose columns need no mapping.")


class ExampleOut(FromAttributes):
    """One item of a dataset."""

    id: int
    position: int
    key: str
    question: str
    answers: list[str]
    cluster: str | None
    metadata: JsonObject = Field(validation_alias="extra")
    content_hash: str


ModelState = Literal["ready", "not_checked", "key_missing", "address_missing", "file_missing", "unreachable"]
"""``ready``: its file is there, or its endpoint has answered; ``not_checked``: nobody has asked it yet."""


class PriceOut(BaseModel):
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float | None = Field(description="Of what the provider has in its prompt cache.")
    cache_write: float | None = Field(description="Of what the provider puts into it.")


class ModelOut(BaseModel):
    """A model of the catalog, and whether it can be used now."""

    name: str
    provider: str
    provider_label: str
    api: Literal["chat", "completion"]
    state: ModelState
    message: str = Field(description="What to do if it is not ready; else empty.")
    api_key_env: str | None = Field(description="The variable that holds the key, if one is needed.")
    context_window: int | None
    usd_per_1m: PriceOut | None
    batch_discount: float | None = Field(
        description="What calls of batch jobs cost less, as a share of the price; null: it takes none."
    )
    parameters: float | None
    description: str


class ModelCheck(BaseModel):
    """Whether a model can be used; its endpoint was asked, if it has one."""

    name: str
    state: ModelState
    message: str = Field(description="What to do if it is not ready; else empty.")
    latency_ms: float | None = Field(description="Response time of the endpoint; null if it was not asked.")


class ProviderOut(BaseModel):
    """A provider of models."""

    name: str
    label: str
    open: bool = Field(description="Whether models that the catalog does not list may be named.")
    state: ModelState = Field(description="What is known of its endpoint.")
    message: str = Field(description="What to do if it is not ready; else empty.")
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
    details: JsonObject


class CallerOut(BaseModel):
    """The API key of a request."""

    name: str
    role: Literal["read", "write"] = Field(description="read: sees everything, changes and starts nothing.")


class HealthOut(BaseModel):
    """The platform and its parts."""

    status: Literal["ok", "degraded", "down"]
    version: str
    ephemeral: bool = Field(description="Whether all data is lost when the platform restarts.")
    guide: bool = Field(description="Whether the guide is built; it is served at `/guide/`.")
    database: PartHealth
    queue: PartHealth
    workers: PartHealth
    local_model: PartHealth
    caller: CallerOut | None = Field(description="Whose key this request had; null without keys.")


class LiveOut(BaseModel):
    """The process is alive."""

    status: Literal["ok"]


class OverviewOut(BaseModel):
    """The platform at a glance; deleted experiments are not counted."""

    experiments: int
    by_status: dict[str, int] = Field(description="Experiments by status; every status is listed.")
    runs: int = Field(description="Stored runs; those of a running experiment as of its last heartbeat.")
    failed_runs: int
    datasets: int = Field(description="Datasets; all versions of one count once.")
    models_ready: int = Field(description="Models of the catalog that are known to be ready.")
