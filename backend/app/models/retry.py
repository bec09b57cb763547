"""Retries of failed runs, in place: when, by whom, and what the runs were before."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, SmallInteger, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.json import JsonObject
from app.models.base import Base


class Retry(Base):
    """One retry of the failed runs of an experiment that had ended.

    ``before`` is how the experiment had ended (status, reason, when), which it keeps if the retry ends early.
    The counts say what became of the runs: answered, failed again, or not asked again and put back.
    """

    __tablename__ = "retries"
    __table_args__ = (Index("ix_retries_experiment_id", "experiment_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    created_by: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    before: Mapped[JsonObject]
    runs: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int | None] = mapped_column(Integer)
    failed_again: Mapped[int | None] = mapped_column(Integer)
    put_back: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None]


class RetriedRun(Base):
    """A failed run as it was before its retry: the whole row, as JSON."""

    __tablename__ = "retried_runs"
    __table_args__ = (Index("ix_retried_runs_experiment_id", "experiment_id", "example_id", "repeat"),)

    retry_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("retries.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    example_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("examples.id"))
    repeat: Mapped[int] = mapped_column(SmallInteger)
    run: Mapped[JsonObject]
