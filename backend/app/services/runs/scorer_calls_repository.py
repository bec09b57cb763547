"""SQL of the calls of models that scorers have made."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Date, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.generation import Usage
from app.models import ScorerCalls

_TODAY = cast(func.timezone("UTC", func.clock_timestamp()), Date)


class UnknownCalls(NamedTuple):
    """Calls of scorers of which something is not known: their price, or their tokens."""

    without_price: int
    without_tokens: int


class MeanCall(NamedTuple):
    """The tokens that one call takes in the mean."""

    prompt: float
    completion: float


class ScorerCallsRepository:
    """Reads and writes within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, experiment_id: uuid.UUID, model: str, usage: Usage, usd: float | None) -> None:
        """Count one answered call, on this day (UTC).

        Args:
            experiment_id: whose answers are scored.
            model: that was asked.
            usage: the tokens that it took.
            usd: what it cost, in US dollars; ``None`` if unknown.
        """
        known = usage.prompt_tokens is not None and usage.completion_tokens is not None
        counts = {
            "calls": 1,
            "prompt_tokens": usage.prompt_tokens or 0,
            "completion_tokens": usage.completion_tokens or 0,
            "reasoning_tokens": usage.reasoning_tokens or 0,
            "cache_read_tokens": usage.cache_read_tokens or 0,
            "calls_without_price": int(usd is None),
            "calls_without_tokens": int(not known),
        }
        new = insert(ScorerCalls).values(
            experiment_id=experiment_id, model=model, day=_TODAY, usd=usd, **counts
        )
        before, now = ScorerCalls, new.excluded
        sums = {name: getattr(before, name) + now[name] for name in counts}
        usd_of_both = func.coalesce(before.usd + now.usd, before.usd, now.usd)
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=["experiment_id", "model", "day"], set_={**sums, "usd": usd_of_both}
            )
        )

    async def unknown(self, since: date, until: date) -> UnknownCalls:
        """Return of how many calls from one day to another, both included, something is not known."""
        query = select(
            func.coalesce(func.sum(ScorerCalls.calls_without_price), 0),
            func.coalesce(func.sum(ScorerCalls.calls_without_tokens), 0),
        ).where(ScorerCalls.day.between(since, until))
        row = (await self._session.execute(query)).one()
        return UnknownCalls(int(row[0]), int(row[1]))

    async def mean_call(self, experiment_ids: Sequence[uuid.UUID], model: str) -> MeanCall | None:
        """Return what a call of a model takes by the scorers of experiments; ``None`` if that is unknown."""
        query = select(
            func.sum(ScorerCalls.calls - ScorerCalls.calls_without_tokens),
            func.sum(ScorerCalls.prompt_tokens),
            func.sum(ScorerCalls.completion_tokens),
        ).where(ScorerCalls.experiment_id.in_(experiment_ids), ScorerCalls.model == model)
        calls, prompt, completion = (await self._session.execute(query)).one()
        return MeanCall(float(prompt / calls), float(completion / calls)) if calls else None
