"""The work on running experiments: who does it, and how it is divided."""

import uuid
from datetime import datetime

from sqlalchemy import Boolean, Double, ForeignKey, Index, Integer, Text, false, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.json import JsonObject
from app.models.base import Base


class ExecutorRow(Base):
    """One executor at work on an experiment; ``id`` is its lease.

    The row is the right to write: runs are stored only while it exists, and whoever finds its heartbeat
    stale deletes it. ``slots`` are the calls that it may have in flight, of those of the whole experiment.
    ``gauges`` is what it last told of itself; see ``app.domain.progress.Gauges``.
    """

    __tablename__ = "executors"
    __table_args__ = (Index("ix_executors_experiment_id", "experiment_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    worker: Mapped[str] = mapped_column(Text)
    slots: Mapped[int] = mapped_column(Integer)
    gauges: Mapped[JsonObject]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    heartbeat_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Shard(Base):
    """A slice of an experiment's questions, in the order of its sample: ``start`` to ``stop``.

    At most one executor holds it; it is free again when that executor's row goes. The counts are those of
    the runs of its questions; of a shard in work they are as old as its executor's heartbeat. Shards go
    when their experiment ends.
    """

    __tablename__ = "shards"
    __table_args__ = (
        # For the foreign key, when an executor's row goes.
        Index("ix_shards_executor_id", "executor_id", postgresql_where=text("executor_id is not null")),
    )

    experiment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    start: Mapped[int] = mapped_column(Integer)
    stop: Mapped[int] = mapped_column(Integer)
    executor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("executors.id", ondelete="SET NULL"))
    finished: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    stored: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    cached: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    scored: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    correct: Mapped[float] = mapped_column(Double, default=0.0, server_default="0")
    failures: Mapped[JsonObject | None]
