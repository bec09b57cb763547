"""The table of worker processes."""

import uuid
from datetime import datetime

from sqlalchemy import Index, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Worker(Base):
    """A worker process, from its start to its end; of one that was killed the row stays for a while.

    ``seen_at`` is renewed when the worker begins or ends a job, now and then while it works, and whenever a
    roll call asks for it. ``experiment_id`` is what it works on; no foreign key, since a job of a shared
    Redis may name an experiment that does not exist here.
    """

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_queue_seen_at", "queue", "seen_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    queue: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(Integer)
    experiment_id: Mapped[uuid.UUID | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
