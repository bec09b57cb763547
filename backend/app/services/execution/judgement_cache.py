"""Judgements of faithfulness, kept in the database."""

from collections.abc import Mapping, Sequence
from functools import partial

from app.core.database import Sessions, when_database_answers
from app.services.execution.judgement_repository import JudgementRepository


class JudgementCache:
    """Stores judgements, each call in a transaction of its own; see ``JudgementStore``."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, float]:
        """Return the judgements that are stored under ``keys``."""
        return await when_database_answers(partial(self._get, keys), "read judgements")

    async def put_many(self, values: Mapping[str, float]) -> None:
        """Store judgements."""
        await when_database_answers(partial(self._put, values), "store judgements")

    async def _get(self, keys: Sequence[str]) -> Mapping[str, float]:
        async with self._sessions() as session:
            return await JudgementRepository(session).get_many(keys)

    async def _put(self, values: Mapping[str, float]) -> None:
        async with self._sessions() as session:
            await JudgementRepository(session).put_many(values)
            await session.commit()
