"""What a webhook is to be told, and whether it has been."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Delivery(Base):
    """One ending that a webhook is to be told: stored in the transaction that ends its subject.

    ``subject_id`` is that of an experiment, of a comparison that ends when it is settled, or of a matrix. The
    next attempt is due at ``next_attempt_at``; null: it was delivered, or given up. ``problem``: of the last
    attempt.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("kind in ('experiment','comparison','matrix')", name="kind"),
        UniqueConstraint("subject_id", "ended_at"),
        Index("ix_deliveries_next_attempt_at", "next_attempt_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[uuid.UUID]
    ended_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=func.clock_timestamp())
    delivered_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(Text)
