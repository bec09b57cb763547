"""Budgets: what calls may take, and what they have taken."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Double, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class BudgetRow(Base):
    """One budget. Executors add to it before each call, and when it is answered.

    ``kind`` says whose calls it counts; see ``BudgetKind``. The id of an experiment's is that of the first of
    the experiments that continue each other, that of a day's follows from the day. A limit that is null does
    not limit.
    """

    __tablename__ = "budgets"
    __table_args__ = (CheckConstraint("kind in ('experiment','comparison','day')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="", server_default="")
    max_usd: Mapped[float | None] = mapped_column(Double)
    max_calls: Mapped[int | None] = mapped_column(BigInteger)
    max_tokens: Mapped[int | None] = mapped_column(BigInteger)
    usd: Mapped[float] = mapped_column(Double, default=0.0, server_default="0")
    calls: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    tokens: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
