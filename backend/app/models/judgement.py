"""What judges of faithfulness have said: one row a judged pair, under the hash of all that shaped it."""

from datetime import datetime

from sqlalchemy import Double, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class Judgement(Base):
    """A cached judgement."""

    __tablename__ = "judgements"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[float] = mapped_column(Double)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
