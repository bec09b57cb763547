"""Knowledge bases and their articles. They are never changed: new content is a new version."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.json import JsonObject
from app.models.base import Base


class KnowledgeBase(Base):
    """One version of a named knowledge base."""

    __tablename__ = "knowledge_bases"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Article(Base):
    """One article of a knowledge base version; ``sections`` are objects with heading and text."""

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("knowledge_base_id", "position"),
        UniqueConstraint("knowledge_base_id", "key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    knowledge_base_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("knowledge_bases.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    sections: Mapped[list[JsonObject]]
