"""The cache of answers: one row for each answered model call.

The key is the hash of everything that decides the answer: model fingerprint,
prompt, parameters, seed, repeat.
"""

import uuid
from datetime import datetime

from sqlalchemy import SmallInteger, Text, func
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


class CacheVersion(Base):
    """The version of the cache of answers, in one row: triggers change it with every deletion of answers.

    Whoever keeps answers in memory forgets them then, so that what was deleted is not replayed.
    """

    __tablename__ = "cache_version"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[uuid.UUID]
