"""SQL of judgements: the values that judges of faithfulness have given to pairs of texts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ARRAY, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Judgement

# One array parameter, where IN would make a new statement for each number of keys.
_select = select(Judgement.key, Judgement.value).where(
    Judgement.key == func.any(bindparam("keys", type_=ARRAY(Text)))
)


class JudgementRepository:
    """Reads and writes judgements within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_many(self, keys: Sequence[str]) -> dict[str, float]:
        """Return the judgements that are known among ``keys``."""
        rows = await self._session.execute(_select, {"keys": list(keys)})
        return {row.key: row.value for row in rows}

    async def put_many(self, values: Mapping[str, float]) -> None:
        """Store judgements; what is stored already stays as it is."""
        rows = [{"key": key, "value": value} for key, value in sorted(values.items())]
        if rows:
            await self._session.execute(insert(Judgement).on_conflict_do_nothing(), rows)
