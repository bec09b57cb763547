"""The cache of answers: one row for each answered model call.

The key is the hash of everything that decides the answer: model fingerprint,
prompt, parameters, seed, repeat.
"""

from datetime import datetime

from sqlalchemy import Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.json import JsonObject
from app.models.base import Base


class Generation(Base):
    """A cached answer of a model."""

    __tablename__ = "generations"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    model: Mapped[str] = mapped_column(Text)
    result: Mapped[JsonObject]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
