"""SQL of what questions have taken, one by one."""

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Run


class QuestionTokens(NamedTuple):
    """The tokens that one question takes: the means of its answered runs, from a cache or not.

    Attributes:
        prompt: of all its calls.
        completion: likewise, thinking included.
        cache_read: the part of the prompts that the provider had in its prompt cache.
        cache_write: the part that it put into it.
    """

    prompt: float
    completion: float
    cache_read: float
    cache_write: float


async def tokens_by_question(
    session: AsyncSession, experiment_ids: Sequence[uuid.UUID], limit: int
) -> list[QuestionTokens]:
    """Return the tokens of the questions of experiments, as far as they are known.

    Args:
        session: of the database.
        experiment_ids: of experiments that differ in nothing that matters for tokens.
        limit: questions, at most.
    """
    query = (
        select(
            func.avg(Run.prompt_tokens),
            func.avg(Run.completion_tokens),
            func.avg(func.coalesce(Run.cache_read_tokens, 0)),
            func.avg(func.coalesce(Run.cache_write_tokens, 0)),
        )
        .where(Run.experiment_id.in_(experiment_ids), Run.status == "ok")
        .where(Run.prompt_tokens.is_not(None), Run.completion_tokens.is_not(None))
        .group_by(Run.example_id)
        .order_by(Run.example_id)
        .limit(limit)
    )
    return [QuestionTokens(*map(float, row)) for row in await session.execute(query)]
