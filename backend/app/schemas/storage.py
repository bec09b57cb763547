"""What takes space, and what is removed to get some back."""

from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.common import Flag, Number, Strict

PruneKind = Literal["deleted", "cache", "judgements", "datasets", "knowledge", "indexes", "logs", "backups"]
"""What can be pruned; see ``PruneIn.what``."""


class StoragePart(BaseModel):
    """The space of one kind of thing."""

    name: str
    label: str
    where: Literal["database", "disk"] = Field(description="disk: of the machine of the API.")
    bytes: int
    rows: int | None = Field(description="Rows of its main table, as estimated by Postgres; null on disk.")


class StorageOut(BaseModel):
    """What takes space, the largest first."""

    parts: list[StoragePart]
    total_bytes: int


class PruneIn(Strict):
    """What to remove."""

    older_than_days: Number = Field(ge=0, le=36_500, description="Only what is older, in days.")
    what: list[PruneKind] = Field(
        default_factory=list,
        description=(
            "Empty: everything. deleted: deleted experiments with their runs; cache: answers of models; "
            "judgements: of faithfulness; datasets, knowledge: versions that are not the newest and that no "
            "experiment uses; indexes: of other versions than the newest; logs: rotated ones; backups: those "
            "that were taken before upgrades, but for the newest."
        ),
    )
    dry_run: Flag = Field(default=True, description="Only say what would be removed.")


class PrunedPart(BaseModel):
    """What of one kind is removed."""

    name: PruneKind
    label: str
    count: int
    bytes: int = Field(description="About: of rows, their share of the table.")


class PruneOut(BaseModel):
    """What was removed, or would be."""

    parts: list[PrunedPart]
    total_bytes: int
    dry_run: bool
