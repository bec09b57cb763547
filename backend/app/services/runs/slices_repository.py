"""SQL of runs by what the metadata of their questions say."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, column, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run, ScoredRunRow
from app.services.runs.selection_repository import score_value

_SCALARS = ("string", "number", "boolean")
_metadata: Any = Example.extra  # SQLAlchemy does not type what JSON columns can do


@dataclass(frozen=True, slots=True)
class MetadataField:
    """What a key of the questions' metadata is like, over the questions that have it.

    Attributes:
        name: the key.
        values: distinct ones.
        questions: that have it.
        single: whether every value is a text, a number or true or false: no list and no object.
        numeric: whether every value is a number.
        longest: characters of the longest value.
    """

    name: str
    values: int
    questions: int
    single: bool
    numeric: bool
    longest: int


@dataclass(frozen=True, slots=True)
class SlicedRun:
    """What the statistics of slices need of one run of a question.

    Attributes:
        key: of the question's metadata.
        of: the value that it has for the key.
        failed: whether the run failed.
        value: of the score; ``None`` if the run lacks it.
        question: content hash of the question.
        cluster: that it belongs to.
    """

    key: str
    of: str
    failed: bool
    value: float | None
    question: str
    cluster: str | None


class SlicesRepository:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fields(self, experiment_id: uuid.UUID) -> list[MetadataField]:
        """Return what the keys of the questions' metadata are like, in order of name."""
        entry = _entries()
        text, kind = _as_text(entry), func.jsonb_typeof(entry.c.value)
        query = (
            select(
                entry.c.key,
                func.count(text.distinct()),
                func.count(Run.example_id.distinct()),
                func.bool_and(kind.in_(_SCALARS)),
                func.bool_and(kind == "number"),
                func.max(func.length(text)),
            )
            .select_from(Run)
            .join(Run.example)
            .join(entry, true())
            .where(Run.experiment_id == experiment_id)
            .group_by(entry.c.key)
            .order_by(entry.c.key)
        )
        return [MetadataField(*row) for row in await self._session.execute(query)]

    async def values(
        self, experiment_id: uuid.UUID, key: str, scoring_id: uuid.UUID | None = None
    ) -> dict[str, str | None]:
        """Return the value that each question has for a key, by content hash; the first one of copies.

        Args:
            experiment_id: of which experiment.
            key: of the metadata.
            scoring_id: whose examples count; ``None``: those that the experiment asked.
        """
        return await self._of_questions(experiment_id, _metadata[key].astext, scoring_id)

    async def lengths(self, experiment_id: uuid.UUID, scoring_id: uuid.UUID | None = None) -> dict[str, int]:
        """Return the number of characters of each question, by content hash; see ``values``."""
        return await self._of_questions(experiment_id, func.length(Example.question), scoring_id)

    async def _of_questions(
        self, experiment_id: uuid.UUID, what: ColumnElement[Any], scoring_id: uuid.UUID | None
    ) -> dict[str, Any]:
        asked = select(Run.example_id).where(Run.experiment_id == experiment_id)
        if scoring_id is not None:
            asked = select(ScoredRunRow.example_id).where(ScoredRunRow.scoring_id == scoring_id)
        query = (
            select(Example.content_hash, what).where(Example.id.in_(asked)).order_by(Example.position.desc())
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def runs(
        self, experiment_id: uuid.UUID, keys: Sequence[str], score: str, scoring_id: uuid.UUID | None = None
    ) -> list[SlicedRun]:
        """Return each run once for each of these keys that its question has, in the order of the examples.

        With the score of a scoring, if one is given.
        """
        entry = _entries()
        query = (
            select(
                entry.c.key,
                _as_text(entry),
                Run.status == "failed",
                score_value(score, scoring_id),
                Example.content_hash,
                Example.cluster,
            )
            .select_from(Run)
            .join(Run.example)
            .join(entry, true())
            .where(Run.experiment_id == experiment_id, entry.c.key.in_(keys))
            .order_by(Run.example_id, Run.repeat)
        )
        return [SlicedRun(*row) for row in await self._session.execute(query)]


def _entries() -> FromClause:
    return func.jsonb_each(Example.extra).table_valued("key", column("value", JSONB), name="entry").lateral()


def _as_text(entry: FromClause) -> ColumnElement[str]:
    text: ColumnElement[str] = entry.c.value.op("#>>")(literal_column("'{}'"))
    return text
