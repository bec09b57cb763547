"""Wire types of experiments."""

import uuid
from datetime import datetime
from typing import Annotated

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from app.domain.json import JsonObject
from app.domain.status import ExperimentStatus
from app.schemas.annotation import Tags
from app.schemas.common import FromAttributes, Strict
from app.schemas.experiment_config import Budget, ExperimentConfig
from app.schemas.method_config import AnyMethodConfig, ImportedMethodConfig, MethodConfig
from app.schemas.stored_config import problem_of

_PLACE = "Among the experiments that wait to begin, from 1; null for one that does not wait."


class ExperimentCreate(Strict):
    """A new experiment."""

    model_config = ConfigDict(
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
    tags: Tags = Field(default=[], description="To find it by; no part of the configuration.")


class ExperimentResume(Strict):
    """How an experiment is continued."""

    budget: Budget | None = Field(
        default=None,
        description="In place of its own, if it has ended; what was spent before counts towards it.",
    )


class ProgressOut(FromAttributes):
    """The progress of an experiment."""

    total: int
    done: int
    failed: int
    cached: int
    accuracy: float | None = Field(description="Mean exact match so far; null before the first score.")
    failures: dict[str, int] = Field(description="Failed runs by kind of failure.")
    rate_per_s: float | None = Field(
        description="Runs per second, those from the cache left out; null before the first."
    )
    eta_s: float | None = Field(description="Seconds until the last run, at that rate.")
    active_s: float = Field(description="Seconds of work so far.")
    in_flight: int = Field(description="Model calls that wait for their answer.")
    limit: int | None = Field(description="Concurrent calls that the limiter allows at present.")
    waiting_s: float = Field(description="Seconds until the endpoint may be called again.")
    mode: str = Field(description="`worker`, or `in_process` when there is no queue.")
    note: str | None = Field(description="What is being prepared, before the first run.")
    waiting_for: str | None = Field(
        description="What keeps the endpoint from answering, such as loading its model; null if nothing does."
    )
    executors: int = Field(description="Workers at work on it.")


class ScoreSummary(BaseModel):
    """The mean of one score with its confidence interval."""

    value: float
    low: float
    high: float
    n: int


def _variant_of(method: object) -> object:
    """Return the variant of a method's configuration; text as it is, which was one already."""
    if not isinstance(method, dict):
        return method
    try:
        return _methods.validate_python(method).variant_label
    except ValidationError:  # a stored configuration that is no longer valid is still listed
        return ""


def _as_stored(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Return a configuration that cannot be run as it is, without the defaults that nobody has chosen."""
    return handler(value) if problem_of(value) is None else value


_methods: TypeAdapter[AnyMethodConfig | ImportedMethodConfig] = TypeAdapter(MethodConfig)
Variant = Annotated[str, BeforeValidator(_variant_of)]


class ExperimentSummary(FromAttributes):
    """An experiment as lists show it."""

    id: uuid.UUID
    name: str
    description: str
    model: str
    method: str
    variant: Variant = Field(
        validation_alias="method_config", description="Of the method, in a few words; may be empty."
    )
    dataset: str = Field(validation_alias="dataset_name")
    dataset_version: str
    total: int
    status: ExperimentStatus
    queued: bool = Field(description="Pending, and started: it waits for a worker. False for a draft.")
    reason: str | None = Field(description="Why it failed or was cancelled.")
    progress: ProgressOut | None = Field(validation_alias="progress_snapshot")
    scores: dict[str, ScoreSummary] = Field(description="By scorer; empty without a result.")
    failed_runs: int | None
    latency_p50_ms: float | None = Field(description="Of answered, uncached runs; null without a result.")
    latency_p95_ms: float | None
    tokens_per_answer: float | None = Field(
        description="Mean of the answered runs, prompt and completion together; null if unknown."
    )
    latency_of_model_only: bool = Field(
        description="True in results from before retrieval and tools were part of the latency."
    )
    cost_usd: float | None = Field(description="Null without a result, and when a price is unknown.")
    seed: int
    created_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None = Field(description="Last sign of life of the worker.")
    parent_id: uuid.UUID | None
    sequential_id: uuid.UUID | None = Field(
        description="The comparison that ends it as soon as it is settled; `GET /comparisons/ID/settling`."
    )
    budget_id: uuid.UUID | None = Field(
        description="The budget that it shares with the other experiments of its comparison."
    )
    resumes_parent: bool = Field(description="It goes on with the work of its parent.")
    tags: list[str] = Field(description="Sorted.")
    notes: str = Field(description="Plain text of people; may be empty.")
    archived_at: datetime | None = Field(description="Since when lists leave it out; null if they do not.")


class ExperimentOut(ExperimentSummary):
    """An experiment with its configuration and provenance."""

    config: Annotated[ExperimentConfig | JsonObject, WrapValidator(_as_stored)] = Field(
        union_mode="left_to_right",
        description="As it was stored, if it cannot be run; see `config_problem`.",
    )
    config_problem: Annotated[str | None, BeforeValidator(problem_of)] = Field(
        validation_alias=AliasChoices("config"),
        description="Why this version cannot run the configuration, which is only shown then; else null.",
    )
    config_hash: str
    provenance: JsonObject
    queue_position: int | None = Field(description=_PLACE)


class FacetsOut(FromAttributes):
    """The values that the list of experiments can be filtered by: those that occur, sorted."""

    methods: list[str]
    models: list[str]
    datasets: list[str]
    tags: list[str]


class ExperimentEvent(FromAttributes):
    """One server-sent event: the status and, once the experiment has started, the progress."""

    status: ExperimentStatus
    queued: bool = Field(description="Pending, and started: it waits for a worker. False for a draft.")
    queue_position: int | None = Field(description=_PLACE)
    reason: str | None
    progress: ProgressOut | None
    heartbeat_at: datetime | None = Field(description="Last sign of life of the worker.")
