"""Experiments, their runs, and their results."""

import uuid
from datetime import datetime
from typing import Any

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
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.progress import ProgressSnapshot
from app.domain.status import ExperimentStatus
from app.models.base import Base

# What runs are filtered by stands at the end of each index that they are sorted by: a filter that few
# runs pass is then checked within the index, and not in 200,000 rows.
_FILTERED = ("status", "exact_match", "cached")


class Experiment(Base):
    """A described experiment, and where it stands.

    ``lease`` names the executor that may write to it; ``heartbeat_at`` is when that executor last
    renewed the lease, by the database's clock.
    """

    __tablename__ = "experiments"
    __table_args__ = (
        CheckConstraint("status in ('PENDING','RUNNING','COMPLETED','FAILED','CANCELLED')", name="status"),
        Index("ix_experiments_created_at_id", "created_at", "id"),
        Index("ix_experiments_status", "status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    config: Mapped[dict[str, Any]]
    config_hash: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    dataset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("datasets.id"))
    dataset_name: Mapped[str] = mapped_column(Text)
    provenance: Mapped[dict[str, Any]]
    total: Mapped[int] = mapped_column(Integer)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("experiments.id"))

    status: Mapped[str] = mapped_column(Text, default="PENDING")
    reason: Mapped[str | None] = mapped_column(Text)
    progress: Mapped[dict[str, Any] | None]
    lease: Mapped[uuid.UUID | None]
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    queued_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    @property
    def queued(self) -> bool:
        """Whether it was started and waits for an executor; a pending one may also be a draft."""
        return self.status == ExperimentStatus.PENDING and self.queued_at is not None

    @property
    def progress_snapshot(self) -> ProgressSnapshot | None:
        """The progress of the last heartbeat, if there was one."""
        return None if self.progress is None else ProgressSnapshot.from_dict(self.progress)


class Run(Base):
    """One example answered once (or failed for good) within an experiment.

    ``calls`` holds every model call as sent and as answered, ``retrieved`` the passages that were
    found, best first, with rank and score at each stage, ``trace`` what an agent did, step by step; the
    flat columns are what lists, filters and aggregates read.
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
    scores: Mapped[dict[str, Any]]
    cached: Mapped[bool] = mapped_column(Boolean)
    attempts: Mapped[int] = mapped_column(Integer)
    latency_ms: Mapped[float | None] = mapped_column(Double)
    queue_ms: Mapped[float | None] = mapped_column(Double)
    prompt_tokens: Mapped[int | None] = mapped_column(Integer)
    completion_tokens: Mapped[int | None] = mapped_column(Integer)
    cost_usd: Mapped[float | None] = mapped_column(Double)
    calls: Mapped[list[dict[str, Any]]]
    retrieved: Mapped[list[dict[str, Any]] | None]
    trace: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Result(Base):
    """The aggregate of an ended experiment; recomputable from its runs at any time."""

    __tablename__ = "results"

    experiment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    metrics: Mapped[dict[str, Any]]
    provenance: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
