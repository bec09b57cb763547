"""What people say of runs."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.labels import Verdict
from app.models.base import Base


class Label(Base):
    """One person's label of one run: whether its answer is right, and what it lacks.

    ``failure`` is a short name of what is wrong with the answer, so that runs can be counted by it.
    """

    __tablename__ = "labels"
    __table_args__ = (CheckConstraint("verdict in ('right','wrong','unclear')", name="verdict"),)

    run_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    labeller: Mapped[str] = mapped_column(Text, primary_key=True)
    verdict: Mapped[Verdict] = mapped_column(Text)
    failure: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    labelled_at: Mapped[datetime] = mapped_column(
        server_default=func.clock_timestamp(), onupdate=func.clock_timestamp()
    )
