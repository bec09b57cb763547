"""SQL of the figures of work: what is queued, and who works."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Executors renew their heartbeat each second or so; one that was killed leaves its row for a while.
_WORK = """
select
  (select count(*) from experiments
   where status = 'PENDING' and queued_at is not null and deleted_at is null),
  count(*), coalesce(sum((gauges ->> 'in_flight')::int), 0),
  (select count(*) from workers)
from executors where heartbeat_at > clock_timestamp() - interval '30 s'
"""


@dataclass(frozen=True, slots=True)
class WorkFigures:
    """What is queued and being worked on.

    Attributes:
        queued: experiments that wait for a worker.
        executors: at work on experiments, in workers or in an API.
        in_flight: their model calls in flight.
        workers: worker processes that are registered, idle ones included; one that was killed counts until
            its row is removed.
    """

    queued: int = 0
    executors: int = 0
    in_flight: int = 0
    workers: int = 0


async def read_work(session: AsyncSession) -> WorkFigures:
    """Return what is queued and being worked on at this moment."""
    queued, executors, in_flight, workers = (await session.execute(text(_WORK))).one()
    return WorkFigures(queued, executors, in_flight, workers)
