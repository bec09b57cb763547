"""SQL of what the calls of experiments have taken."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.spending import Spending

# A call that answered several requests stands in each of their runs, and counts once. A call without an
# answer is stored as an error.
_SPENT = text(
    """
    with called as (
        select distinct on (coalesce(call->'group'->>'id', runs.id || '/' || place)) call
        from runs cross join lateral jsonb_array_elements(runs.calls) with ordinality as made(call, place)
        where runs.experiment_id = any(:experiment_ids) and not coalesce((call->>'cached')::boolean, false)
    ), own as (
        select
            coalesce(sum(coalesce(paid_prompt_tokens, 0) + coalesce(paid_completion_tokens, 0)), 0) as tokens,
            coalesce(sum(paid_usd), 0) as usd
        from runs where experiment_id = any(:experiment_ids)
    )
    select
        (select count(*) from called),
        tokens + (
            select coalesce(sum(
                coalesce((call->'group'->>'prompt_tokens')::bigint, 0)
                + coalesce((call->'group'->>'completion_tokens')::bigint, 0)
            ), 0) from called
        ),
        usd + (select coalesce(sum((call->'group'->>'usd')::double precision), 0) from called)
    from own
    """
)


async def spent_by(session: AsyncSession, experiment_ids: Sequence[uuid.UUID]) -> Spending:
    """Return what the stored calls of experiments have taken together. It reads all of them."""
    row = (await session.execute(_SPENT, {"experiment_ids": list(experiment_ids)})).one()
    return Spending(int(row[0]), int(row[1]), float(row[2]))
