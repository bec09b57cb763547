"""Scorings: what stored runs were worth when their outputs were scored again."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.domain.json import JsonObject
from app.models.base import Base
from app.models.dataset import Dataset


class ScoringRow(Base):
    """One scoring of an experiment's runs beside the original one, which stands in the runs themselves.

    ``request`` says how it scores (see ``ScoringCreate``), ``scorers`` which version of each score it has.
    ``dataset_id`` is the version of the dataset whose accepted answers count. ``metrics`` are those of the
    result, computed from this scoring; ``changes`` says what became of each score. ``heartbeat_at`` is the
    last sign of life of whoever works on it.
    """

    __tablename__ = "scorings"
    __table_args__ = (
        UniqueConstraint("experiment_id", "name"),
        CheckConstraint("status in ('PENDING','RUNNING','COMPLETED','FAILED')", name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    request: Mapped[JsonObject]
    scorers: Mapped[JsonObject]
    dataset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("datasets.id"))
    created_by: Mapped[str | None] = mapped_column(Text)
    code_version: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default="PENDING")
    reason: Mapped[str | None] = mapped_column(Text)
    done: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    total: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    metrics: Mapped[JsonObject | None]
    changes: Mapped[list[JsonObject] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    dataset: Mapped[Dataset] = relationship(lazy="raise", viewonly=True)


class ScoredRunRow(Base):
    """The scores of one run in one scoring, and the example that it was scored against."""

    __tablename__ = "scored_runs"
    __table_args__ = (
        # For the foreign keys, when a run or a dataset goes.
        Index("ix_scored_runs_run_id", "run_id"),
        Index("ix_scored_runs_example_id", "example_id"),
    )

    scoring_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("scorings.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    example_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("examples.id"))
    answer: Mapped[str | None] = mapped_column(Text)
    parse_outcome: Mapped[str | None] = mapped_column(Text)
    parse_rule: Mapped[str | None] = mapped_column(Text)
    scores: Mapped[JsonObject]
