"""SQL of runs by what the metadata of their questions say."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, FromClause, column, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Example, Run
from app.services.runs.selection_repository import score_value

_LONGEST = 60
"""Characters of a value by which questions are grouped; longer ones are texts."""
_SCALARS = ("string", "number", "boolean")


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

    async def keys(self, experiment_id: uuid.UUID, most_values: int) -> list[str]:
        """Return the keys of the metadata that group the questions, in order of name.

        They have 2 to ``most_values`` short values, and at least two questions to a value on average: a key
        with more values names the questions.
        """
        entry = _entries()
        text = _as_text(entry)
        query = (
            select(entry.c.key)
            .select_from(Run)
            .join(Run.example)
            .join(entry, true())
            .where(Run.experiment_id == experiment_id)
            .group_by(entry.c.key)
            .having(
                func.count(text.distinct()).between(2, most_values),
                func.count(text.distinct()) * 2 <= func.count(Run.example_id.distinct()),
                func.bool_and(func.jsonb_typeof(entry.c.value).in_(_SCALARS)),
                func.max(func.length(text)) <= _LONGEST,
            )
            .order_by(entry.c.key)
        )
        return list((await self._session.scalars(query)).all())

    async def runs(self, experiment_id: uuid.UUID, keys: Sequence[str], score: str) -> list[SlicedRun]:
        """Return each run once for each of these keys that its question has, in the order of the examples."""
        entry = _entries()
        query = (
            select(
                entry.c.key,
                _as_text(entry),
                Run.status == "failed",
                score_value(score),
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
