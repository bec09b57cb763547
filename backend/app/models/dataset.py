"""Datasets and their examples. They are never changed: new content is a new version."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Dialect, ForeignKey, Identity, Integer, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, query_expression
from sqlalchemy.types import TypeDecorator

from app.domain.json import JsonObject
from app.domain.scoring import ScoringRule, scoring_rule
from app.models.base import Base


class _ScoringRule(TypeDecorator[ScoringRule]):
    """A scoring rule as text, checked when a row is read."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> ScoringRule | None:  # noqa: ARG002
        return None if value is None else scoring_rule(value)


class Dataset(Base):
    """One version of a named dataset; ``origin`` says what it was selected from, see ``DatasetOrigin``."""

    __tablename__ = "datasets"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    scoring: Mapped[ScoringRule] = mapped_column(_ScoringRule)
    description: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int] = mapped_column(Integer)
    origin: Mapped[JsonObject | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Example(Base):
    """One example of a dataset version."""

    __tablename__ = "examples"
    __table_args__ = (UniqueConstraint("dataset_id", "position"), UniqueConstraint("dataset_id", "key"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    dataset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(Text)
    question: Mapped[str] = mapped_column(Text)
    answers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    cluster: Mapped[str | None] = mapped_column(Text)
    extra: Mapped[JsonObject] = mapped_column("metadata")
    content_hash: Mapped[str] = mapped_column(Text)

    # No columns: the beginnings of the texts, if a query is asked for them.
    question_start: Mapped[str | None] = query_expression()
    answers_start: Mapped[list[str] | None] = query_expression()
