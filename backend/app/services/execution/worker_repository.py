"""SQL of worker processes."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Worker

_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """What stays the same of a worker process for as long as it lives."""

    id: uuid.UUID
    queue: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class WorkerCount:
    """Workers of one queue: how many there are, and how many of them work on an experiment."""

    total: int
    busy: int


class WorkerRepository:
    """Reads and writes workers within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def see(self, worker: WorkerIdentity, experiment_id: uuid.UUID | None) -> None:
        """Store that a worker lives, and what it works on; forget those that were killed long ago."""
        new = insert(Worker).values(
            id=worker.id, queue=worker.queue, host=worker.host, pid=worker.pid, experiment_id=experiment_id
        )
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=[Worker.id],
                set_={"experiment_id": experiment_id, "seen_at": func.clock_timestamp()},
            )
        )
        oldest = func.clock_timestamp() - _FORGOTTEN_AFTER
        await self._session.execute(delete(Worker).where(Worker.seen_at < oldest))

    async def remove(self, worker: WorkerIdentity) -> None:
        """Forget a worker that ends."""
        await self._session.execute(delete(Worker).where(Worker.id == worker.id))

    async def now(self) -> datetime:
        """Return the time by the database's clock, which ``seen_at`` is of."""
        now: datetime = (await self._session.execute(select(func.clock_timestamp()))).scalar_one()
        return now

    async def count_since(self, queue: str, moment: datetime) -> WorkerCount:
        """Count the workers of a queue that were seen since ``moment``."""
        return await self._count(queue, moment)

    async def count_recent(self, queue: str, within_s: float) -> WorkerCount:
        """Count the workers of a queue that were seen within the last ``within_s`` seconds."""
        return await self._count(queue, func.clock_timestamp() - timedelta(seconds=within_s))

    async def _count(self, queue: str, oldest: object) -> WorkerCount:
        query = select(func.count(), func.count(Worker.experiment_id)).where(
            Worker.queue == queue, Worker.seen_at >= oldest
        )
        row = (await self._session.execute(query)).one()
        return WorkerCount(row[0], row[1])
