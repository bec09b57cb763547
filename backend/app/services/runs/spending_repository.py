"""SQL of what the calls of experiments have taken."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.spending import Spending

# Failed runs that were asked again since were paid for, too. A call that answered several requests stands in
# each of their runs, and counts once. A call without an answer is stored as an error. Calls of scorers belong
# to no run.
_SPENT = """
    with answering as (
        select id, calls, paid_prompt_tokens, paid_completion_tokens, paid_usd
        from runs where {of}
        union all
        select run_id, run->'calls', (run->>'paid_prompt_tokens')::integer,
            (run->>'paid_completion_tokens')::integer, (run->>'paid_usd')::double precision
        from retried_runs where {of_retried}
    ), called as (
        select distinct on (coalesce(call->'group'->>'id', id || '/' || place)) call
        from answering cross join lateral jsonb_array_elements(calls) with ordinality as made(call, place)
        where not coalesce((call->>'cached')::boolean, false)
    ), own as (
        select
            coalesce(sum(coalesce(paid_prompt_tokens, 0) + coalesce(paid_completion_tokens, 0)), 0) as tokens,
            coalesce(sum(paid_usd), 0) as usd
        from answering
    ), judging as (
        select coalesce(sum(calls), 0)::bigint as calls,
            coalesce(sum(prompt_tokens + completion_tokens), 0)::bigint as tokens,
            coalesce(sum(usd), 0) as usd
        from scorer_calls where {of_scorers}
    )
    select
        (select count(*) from called) + (select calls from judging),
        (select judging.tokens from judging) + own.tokens + (
            select coalesce(sum(
                coalesce((call->'group'->>'prompt_tokens')::bigint, 0)
                + coalesce((call->'group'->>'completion_tokens')::bigint, 0)
            ), 0) from called
        ),
        (select judging.usd from judging) + own.usd
        + (select coalesce(sum((call->'group'->>'usd')::double precision), 0) from called)
    from own
    """


_OF = "experiment_id = any(:experiment_ids)"
_SPENT_BY = text(_SPENT.format(of=_OF, of_retried=_OF, of_scorers=_OF))
# Runs have no index by time: only experiments that were at work since then are looked at.
_AT_WORK = """experiment_id in (
    select id from experiments where started_at is not null and coalesce(finished_at, 'infinity') >= :since
)"""
_SPENT_SINCE = text(
    _SPENT.format(
        of=f"{_AT_WORK} and created_at >= :since",
        of_retried=f"{_AT_WORK} and (run->>'created_at')::timestamptz >= :since",
        of_scorers="day >= (cast(:since as timestamptz) at time zone 'UTC')::date",
    )
)


async def spent_by(session: AsyncSession, experiment_ids: Sequence[uuid.UUID]) -> Spending:
    """Return what the stored calls of experiments have taken together. It reads all of them."""
    row = (await session.execute(_SPENT_BY, {"experiment_ids": list(experiment_ids)})).one()
    return Spending(int(row[0]), int(row[1]), float(row[2]))


async def spent_since(session: AsyncSession, since: datetime) -> Spending:
    """Return what the calls of all runs, and of scorers, have taken since then. It reads all of them.

    Args:
        session: of the database.
        since: a midnight (UTC).
    """
    row = (await session.execute(_SPENT_SINCE, {"since": since})).one()
    return Spending(int(row[0]), int(row[1]), float(row[2]))
