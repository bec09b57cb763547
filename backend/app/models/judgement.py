"""The cache of faithfulness judgements: one row for each judged pair of passage and statement.

The key is the hash of everything that decides the judgement: model fingerprint, passage and statement.
"""

from datetime import datetime

from sqlalchemy import Double, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Judgement(Base):
    """A cached judgement; ``value`` is the probability of entailment."""

    __tablename__ = "judgements"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[float] = mapped_column(Double)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
