"""SQL of what the runs of a period have taken, by day, model and method."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

JUDGING = "judging"
"""Stands for the method in the sums of calls of models that scorers have made."""


class PeriodSums(NamedTuple):
    """What some runs have taken, and what they would have taken without the cache.

    Attributes:
        day: of all of them (UTC); ``None``: several.
        model: likewise.
        method: likewise.
        runs: that were stored.
        runs_from_cache: those of them that made no call.
        calls: that were made and answered, and the last one of each failed run.
        prompt_tokens: of answered calls that were made, as far as they are known.
        completion_tokens: likewise, thinking included.
        reasoning_tokens: the part of these that was thinking, as far as servers tell.
        cache_read_tokens: the part of the prompts that the provider had in its cache, likewise.
        usd: US dollars; ``None`` if none of the runs has a known cost.
        runs_without_price: runs with calls whose cost is not known.
        runs_without_tokens: runs with calls whose tokens are not known.
        saved_usd: what calls would have cost that were answered from the cache; ``None`` if not known.
    """

    day: date | None
    model: str | None
    method: str | None
    runs: int
    runs_from_cache: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    cache_read_tokens: int
    usd: float | None
    runs_without_price: int
    runs_without_tokens: int
    saved_usd: float | None


# What a call took that answered several requests stands in each of these, and counts once, on the day of
# the first; only experiments in groups make such calls. Rows from before what was paid was kept apart have
# but the sums of all calls, which are the same where no call was answered from the cache.
_SUMS = text(
    """
    with at_work as (
        select id, model, method, coalesce(config->'execution'->>'mode', '') = 'batched' as in_groups
        from experiments
        where started_at < :until and coalesce(finished_at, 'infinity') >= :since
    ), made as (
        select experiment_id, created_at, status, cached, calls, cost_usd, answered_calls, cache_use,
            prompt_tokens, completion_tokens, reasoning_tokens, cache_read_tokens,
            paid_prompt_tokens, paid_completion_tokens, paid_usd
        from runs where experiment_id in (select id from at_work)
            and created_at >= :since and created_at < :until
        union all
        select experiment_id, (run->>'created_at')::timestamptz, run->>'status', (run->>'cached')::boolean,
            run->'calls', (run->>'cost_usd')::double precision, (run->>'answered_calls')::integer,
            run->'cache_use', (run->>'prompt_tokens')::integer, (run->>'completion_tokens')::integer,
            (run->>'reasoning_tokens')::integer, (run->>'cache_read_tokens')::integer,
            (run->>'paid_prompt_tokens')::integer, (run->>'paid_completion_tokens')::integer,
            (run->>'paid_usd')::double precision
        from retried_runs where experiment_id in (select id from at_work)
            and (run->>'created_at')::timestamptz >= :since and (run->>'created_at')::timestamptz < :until
    ), shared as (
        select distinct on (call->'group'->>'id') experiment_id, created_at, call->'group' as took
        from made join at_work on at_work.id = experiment_id and in_groups
            cross join lateral jsonb_array_elements(calls) as call
        where call ? 'group'
        order by call->'group'->>'id', created_at
    ), counted as (
        select experiment_id, created_at, cached, 1 as run,
            case when cached then 0 else greatest(0,
                coalesce(answered_calls, case when status = 'ok' then 1 else 0 end)
                - coalesce((cache_use->>'memory')::double precision, 0)
                - coalesce((cache_use->>'database')::double precision, 0)
                - coalesce((cache_use->>'resumed')::double precision, 0)
            ) + case when status = 'ok' then 0 else 1 end end as calls,
            case when cached then 0 else coalesce(paid_prompt_tokens, prompt_tokens) end as prompt_tokens,
            case when cached then 0 else coalesce(paid_completion_tokens, completion_tokens) end
                as completion_tokens,
            case when cached then 0 else reasoning_tokens end as reasoning_tokens,
            case when cached then 0 else cache_read_tokens end as cache_read_tokens,
            case when not cached then coalesce(paid_usd, cost_usd) end as usd,
            status = 'ok' as answered,
            cost_usd - case when cached then 0 else coalesce(paid_usd, cost_usd) end as saved_usd
        from made
        union all
        select experiment_id, created_at, false, 0, 0, (took->>'prompt_tokens')::bigint,
            (took->>'completion_tokens')::bigint, (took->>'reasoning_tokens')::bigint,
            (took->>'cache_read_tokens')::bigint, (took->>'usd')::double precision, false, null
        from shared
    ), taken as (
        select counted.*, model, method from counted join at_work on at_work.id = experiment_id
        union all
        select experiment_id, day::timestamp at time zone 'UTC', false, 0, calls, prompt_tokens,
            completion_tokens, reasoning_tokens, cache_read_tokens, usd, false, null, model, :judging
        from scorer_calls
        where day >= (cast(:since as timestamptz) at time zone 'UTC')::date
            and day < (cast(:until as timestamptz) at time zone 'UTC')::date
    )
    select (created_at at time zone 'UTC')::date as day, model, method,
        sum(run), coalesce(sum(run) filter (where cached), 0), sum(calls)::bigint,
        coalesce(sum(prompt_tokens), 0)::bigint, coalesce(sum(completion_tokens), 0)::bigint,
        coalesce(sum(reasoning_tokens), 0)::bigint, coalesce(sum(cache_read_tokens), 0)::bigint,
        case when count(usd) > 0 or bool_and(cached) then coalesce(sum(usd), 0) end,
        count(*) filter (where answered and not cached and usd is null),
        count(*) filter (where answered and not cached
            and (prompt_tokens is null or completion_tokens is null)),
        sum(saved_usd)
    from taken
    group by grouping sets ((), (1), (model), (method), (1, model, method))
    order by 1, 2, 3
    """
)


async def sums_of_period(session: AsyncSession, since: datetime, until: datetime) -> Sequence[PeriodSums]:
    """Return what the runs took that were stored in a period: all, by each of the three, and by all three.

    It reads the runs of all experiments that were at work in the period, deleted ones too. Calls of models
    that scorers have made belong to no run, and have ``JUDGING`` as their method.

    Args:
        session: of the database.
        since: its beginning, a midnight (UTC).
        until: its end, likewise, which does not belong to it.
    """
    rows = await session.execute(_SUMS, {"since": since, "until": until, "judging": JUDGING})
    return [PeriodSums(*row) for row in rows]
