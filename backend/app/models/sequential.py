"""Comparisons that end as soon as they are settled."""

import uuid
from datetime import datetime

from sqlalchemy import Double, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.json import JsonObject
from app.models.base import Base


class SequentialComparison(Base):
    """Experiments that answer the same questions in the same random order until they are settled.

    ``experiments`` are their ids, the baseline first. ``state`` is what was known at the last look:
    questions, and by experiment its interval and its verdict. All of it follows from the stored runs.
    """

    __tablename__ = "sequential_comparisons"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    score: Mapped[str] = mapped_column(Text)
    margin: Mapped[float] = mapped_column(Double)
    experiments: Mapped[list[JsonObject]]
    state: Mapped[JsonObject | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
