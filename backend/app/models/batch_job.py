"""Batch jobs at providers: many calls in one file, which the provider answers when it likes."""

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    false,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class BatchJob(Base):
    """One job of an experiment at its provider, kept with the experiment after its end.

    ``state`` is how far we are (``BatchJobState``), ``provider_status`` the provider's last word. A state
    that is about to change something at the provider is stored before the request is sent: after a kill, the
    file is looked for by its name (``file_name``) and the job by its file before either is made again.
    ``next_poll_at`` is when to ask the provider next; ``errors`` counts requests in a row that failed.
    ``discount`` is what its calls cost less than others, as a share of the price.
    """

    __tablename__ = "batch_jobs"
    __table_args__ = (Index("ix_batch_jobs_experiment_id", "experiment_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    experiment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("experiments.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, default="planned")
    provider_status: Mapped[str | None] = mapped_column(Text)
    input_sha256: Mapped[str | None] = mapped_column(Text)
    file_id: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[str | None] = mapped_column(Text)
    lines: Mapped[int] = mapped_column(Integer)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[float] = mapped_column(Double)
    done: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    failed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    polls: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    errors: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    cancel_asked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    submitted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @property
    def file_name(self) -> str:
        """Name of the file of requests at the provider, by which it is found again."""
        return f"llmforge-{self.id.hex}.jsonl"


class BatchLine(Base):
    """One call of an experiment, from when it is asked for to the end of the experiment.

    ``key`` is the hash of the example and of all that shapes the answer, and the line's ``custom_id`` at the
    provider. ``state`` (``BatchLineState``): it waits for a job, is in one (``job_id``), is answered, or has
    failed. ``tries``: jobs that it was part of. ``response``: the body of the answer, as JSON.
    """

    __tablename__ = "batch_lines"
    __table_args__ = (
        Index("ix_batch_lines_job_id", "job_id"),
        Index("ix_batch_lines_experiment_id_state_number", "experiment_id", "state", "number"),
    )

    experiment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    job_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("batch_jobs.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(Text, default="waiting")
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    body: Mapped[str] = mapped_column(Text)
    size_bytes: Mapped[int] = mapped_column(Integer)
    response: Mapped[str | None] = mapped_column(Text)
    failure_kind: Mapped[str | None] = mapped_column(Text)
    failure_message: Mapped[str | None] = mapped_column(Text)
