"""What scorers' calls of models have taken: no run of an experiment has them."""

import uuid
from datetime import date

from sqlalchemy import BigInteger, Date, Double, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class ScorerCalls(Base):
    """The answered calls of one model that the scorers of one experiment have made on one day (UTC).

    Tokens are summed as far as they are known; ``usd`` likewise, null if the cost of no call is known.
    """

    __tablename__ = "scorer_calls"

    experiment_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True
    )
    model: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True, index=True)
    calls: Mapped[int] = mapped_column(BigInteger)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_read_tokens: Mapped[int] = mapped_column(BigInteger)
    usd: Mapped[float | None] = mapped_column(Double)
    calls_without_price: Mapped[int] = mapped_column(BigInteger)
    calls_without_tokens: Mapped[int] = mapped_column(BigInteger)
