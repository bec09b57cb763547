"""SQL of calls that answered several requests: what they took, each counted once."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.shared_expense import SharedExpense

_SHARED = text(
    """
    with shared as (
        select distinct on (call->'group'->>'id') call->'group' as took
        from (
            select calls from runs where experiment_id = :experiment_id
            union all select run->'calls' from retried_runs where experiment_id = :experiment_id
        ) as answering cross join lateral jsonb_array_elements(calls) as call
        where call ? 'group'
    )
    select
        count(*),
        sum((took->>'prompt_tokens')::bigint)::bigint,
        sum((took->>'completion_tokens')::bigint)::bigint,
        sum((took->>'reasoning_tokens')::bigint)::bigint,
        sum((took->>'cache_read_tokens')::bigint)::bigint,
        sum((took->>'cache_write_tokens')::bigint)::bigint,
        case when count(*) = count(took->>'usd') then sum((took->>'usd')::double precision) end
    from shared
    """
)


async def shared_expense(session: AsyncSession, experiment_id: uuid.UUID) -> SharedExpense | None:
    """Return what the calls of an experiment took that answered several requests; ``None`` without any.

    It reads all calls of the experiment.
    """
    count, *sums = (await session.execute(_SHARED, {"experiment_id": experiment_id})).one()
    return SharedExpense(*sums) if count else None
