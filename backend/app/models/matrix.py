"""Optimisation matrices, and the trials that they consist of."""

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, Integer, Text, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.domain.json import JsonObject
from app.models.base import Base
from app.models.experiment import Experiment


class Matrix(Base):
    """A matrix: its configuration, with the version of the dataset that all of its trials use.

    ``config_hash`` is that of the configuration as it was given, by which it is found again.
    """

    __tablename__ = "matrices"
    __table_args__ = (Index("ix_matrices_config_hash_created_at", "config_hash", "created_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    config: Mapped[JsonObject]
    config_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    deleted_at: Mapped[datetime | None]


class TrialKey(NamedTuple):
    """A trial, and the experiment that it had when it was read."""

    matrix_id: uuid.UUID
    position: int
    experiment_id: uuid.UUID | None


class MatrixTrial(Base):
    """One cell of a matrix in one round: an experiment, once its turn has come.

    ``position`` is its turn. ``problem`` says why there can be no experiment. ``experiment`` must be loaded
    together with the row.
    """

    __tablename__ = "matrix_trials"
    __table_args__ = (Index("ix_matrix_trials_experiment_id", "experiment_id"),)

    matrix_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("matrices.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    method: Mapped[str] = mapped_column(Text)
    optimisation: Mapped[str] = mapped_column(Text)
    round: Mapped[int] = mapped_column(Integer)
    experiment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("experiments.id", ondelete="SET NULL"))
    problem: Mapped[str | None] = mapped_column(Text)

    experiment: Mapped[Experiment | None] = relationship(lazy="raise", viewonly=True)

    @property
    def key(self) -> TrialKey:
        """This trial, and the experiment that it has."""
        return TrialKey(self.matrix_id, self.position, self.experiment_id)
