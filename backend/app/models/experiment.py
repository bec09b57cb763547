"""Experiments, their runs, and their results."""

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from app.domain.json import JsonObject
from app.domain.progress import CANCELLED, Ending, ProgressSnapshot
from app.domain.stages import StoredStage
from app.domain.status import ExperimentStatus
from app.models.base import Base
from app.models.dataset import Example

# The columns by which runs are filtered, at the end of each index by which they are sorted: a selective
# filter is then checked within the index, instead of reading 200,000 rows.
_FILTERED = ("status", "exact_match", "cached")


class Experiment(Base):
    """An experiment: its configuration, and its status.

    ``heartbeat_at`` is the last sign of life of an executor at work on it, by the database's clock, and
    ``worked_until`` the end of the time that the progress counts as work. ``ending`` is the status that its
    executors are to end it with, and the reason, once one of them has found that it must. Of waiting
    experiments that with the highest ``priority`` starts first. One that only waits for a batch job at its
    provider needs no executor before ``waits_until``. ``resumes_parent``: it continues its
    parent's work, and takes over the answers to it. ``sequential_id``: the comparison that ends it as soon as
    it is settled. ``budget_id``: the budget that it shares with the other experiments of its comparison.
    ``name``, ``tags`` and ``notes`` are people's and may change at any time; the configuration stays as it
    was given. Lists leave out what is archived. ``result`` must be loaded together with the row.
    """

    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint("status in ('PENDING','RUNNING','COMPLETED','FAILED','CANCELLED')", name="status"),
        Index("ix_experiments_created_at_id", "created_at", "id"),
        Index("ix_experiments_status", "status"),
        Index("ix_experiments_tags", "tags", postgresql_using="gin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    config: Mapped[JsonObject]
    config_hash: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    dataset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("datasets.id"))
    dataset_name: Mapped[str] = mapped_column(Text)
    provenance: Mapped[JsonObject]
    total: Mapped[int] = mapped_column(Integer)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("experiments.id"))
    resumes_parent: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    sequential_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("sequential_comparisons.id"))
    budget_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("budgets.id"))

    status: Mapped[str] = mapped_column(Text, default="PENDING")
    reason: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[JsonObject | None]
    ending: Mapped[JsonObject | None]
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    priority: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    worked_until: Mapped[datetime | None]
    waits_until: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    notes: Mapped[str] = mapped_column(Text, default="", server_default="")
    archived_at: Mapped[datetime | None]

    result: Mapped["Result | None"] = relationship(lazy="raise", viewonly=True)

    # No column: its place among the experiments that wait to begin, if the query computes it.
    queue_position: Mapped[int | None] = query_expression()

    @property
    def queued(self) -> bool:
        """Whether it was started and waits for an executor; a pending one may also be a draft."""
        return self.status == ExperimentStatus.PENDING and self.queued_at is not None

    @property
    def asked_ending(self) -> Ending | None:
        """What its executors are to end it with; ``None``: they go on."""
        if self.ending is not None:
            return Ending.from_dict(self.ending)
        return CANCELLED if self.cancel_requested or self.deleted_at is not None else None

    @property
    def progress_snapshot(self) -> ProgressSnapshot | None:
        """The progress of the last heartbeat, if there was one."""
        return None if self.progress is None else ProgressSnapshot.from_dict(self.progress)

    @property
    def seed(self) -> int:
        """Seed of the sample and of the answers; 0 if the configuration has none that is a number."""
        seed = self.config.get("seed")
        return seed if isinstance(seed, int) else 0

    @property
    def dataset_version(self) -> str:
        """Version of the dataset that the questions are drawn from."""
        return str(self.provenance["dataset"]["version"])

    @property
    def scores(self) -> JsonObject:
        """Statistics of each score of the result; empty without a result."""
        return {} if self.result is None else dict(self.result.metrics["scores"])

    @property
    def failed_runs(self) -> int | None:
        """Failed runs of the result; ``None`` without a result."""
        return None if self.result is None else int(self.result.metrics["counts"]["failed"])

    @property
    def latency_p50_ms(self) -> float | None:
        """Median latency of the result, in milliseconds; ``None`` without a result or an uncached call."""
        return None if self.result is None else self.result.metrics["latency_ms"]["p50"]

    @property
    def latency_p95_ms(self) -> float | None:
        """95th percentile of the result's latency, in milliseconds; see ``latency_p50_ms``."""
        return None if self.result is None else self.result.metrics["latency_ms"]["p95"]

    @property
    def tokens_per_answer(self) -> float | None:
        """Mean tokens of the result's answered runs; ``None`` without a result, or if unknown."""
        tokens: float | None = None if self.result is None else self.result.metrics.get("tokens_per_answer")
        return tokens

    @property
    def latency_of_model_only(self) -> bool:
        """Whether the result's latency lacks retrieval and tools: in results from before they were in it."""
        metrics = {} if self.result is None else self.result.metrics
        waits = any(metrics.get(part) is not None for part in ("attribution", "agent"))
        return waits and metrics.get("model_ms") is None

    @property
    def method_config(self) -> JsonObject:
        """The configuration of the method; empty in experiments from the time of a single method."""
        method = self.config.get("method")
        return method if isinstance(method, dict) else {}

    @property
    def cost_usd(self) -> float | None:
        """Cost of the result, in US dollars; ``None`` without a result, or if a price is unknown."""
        return None if self.result is None else self.result.metrics["cost_usd"]["total"]


class Run(Base):
    """The run of one sample of an experiment: answered and scored, or failed.

    ``calls`` holds every model call as it was sent and answered; ``retrieved`` the passages, best first,
    with rank and score at each stage; ``trace`` the steps of an agent; ``stages`` where the time went, see
    ``domain/stages.py``. Lists, filters and aggregates read only the other columns, and the stages.
    ``example`` must be loaded together with the row.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("experiment_id", "example_id", "repeat"),
        CheckConstraint("status in ('ok','failed')", name="status"),
        Index("ix_runs_by_id", "experiment_id", "id", *_FILTERED),
        Index("ix_runs_by_latency_ms", "experiment_id", "latency_ms", "id", *_FILTERED),
        Index("ix_runs_by_f1", "experiment_id", "f1", "id", *_FILTERED),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    example_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("examples.id"))
    repeat: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str] = mapped_column(Text)
    failure_kind: Mapped[str | None] = mapped_column(Text)
    failure_message: Mapped[str | None] = mapped_column(Text)
    output: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    parse_outcome: Mapped[str | None] = mapped_column(Text)
    parse_rule: Mapped[str | None] = mapped_column(Text)
    exact_match: Mapped[float | None] = mapped_column(Double)
    contains: Mapped[float | None] = mapped_column(Double)
    f1: Mapped[float | None] = mapped_column(Double)
    scores: Mapped[JsonObject]
    cached: Mapped[bool] = mapped_column(Boolean)
    attempts: Mapped[int] = mapped_column(Integer)
    latency_ms: Mapped[float | None] = mapped_column(Double)
    queue_ms: Mapped[float | None] = mapped_column(Double)
    prompt_tokens: Mapped[int | None] = mapped_column(Integer)
    completion_tokens: Mapped[int | None] = mapped_column(Integer)
    cost_usd: Mapped[float | None] = mapped_column(Double)
    calls: Mapped[list[JsonObject]]
    retrieved: Mapped[list[JsonObject] | None]
    trace: Mapped[JsonObject | None]
    model_ms: Mapped[float | None] = mapped_column(Double)
    paid_prompt_tokens: Mapped[int | None] = mapped_column(Integer)
    paid_completion_tokens: Mapped[int | None] = mapped_column(Integer)
    paid_usd: Mapped[float | None] = mapped_column(Double)
    reasoning_tokens: Mapped[int | None] = mapped_column(Integer)
    cache_read_tokens: Mapped[int | None] = mapped_column(Integer)
    cache_write_tokens: Mapped[int | None] = mapped_column(Integer)
    warnings: Mapped[list[JsonObject] | None]
    answered_calls: Mapped[int | None] = mapped_column(Integer)
    cache_use: Mapped[JsonObject | None]
    stages: Mapped[list[StoredStage] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    example: Mapped[Example] = relationship(lazy="raise", viewonly=True)

    # No columns: what a query computes, if it is asked to; see ``services/runs/selection_repository.py``.
    output_start: Mapped[str | None] = query_expression()
    output_length: Mapped[int | None] = query_expression()
    answer_start: Mapped[str | None] = query_expression()
    answer_length: Mapped[int | None] = query_expression()
    scores_start: Mapped[JsonObject | None] = query_expression()
    sort_value: Mapped[float | None] = query_expression()


class Result(Base):
    """The metrics of an ended experiment, with a copy of its provenance; computed from its runs."""

    __tablename__ = "results"

    experiment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    metrics: Mapped[JsonObject]
    provenance: Mapped[JsonObject]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
