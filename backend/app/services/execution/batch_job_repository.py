"""SQL of batch jobs and their lines.

What an executor writes, it writes only while its lease exists: once that is taken away, no request to the
provider follows that another executor does not know of.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ARRAY, Text, bindparam, case, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.batch import BatchJobState, BatchLineState, LineOutcome
from app.domain.status import FailureKind
from app.models import BatchJob, BatchLine, ExecutorRow
from app.services.experiments.provider_wait_repository import ProviderWaitRepository

_UNANSWERED = "The batch job has ended without an answer to this call."


@dataclass(frozen=True, slots=True)
class NewLine:
    """A call that is to be made by a job; see ``BatchLine``."""

    key: str
    body: str


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A call that was asked for, and what came of it."""

    state: BatchLineState
    tries: int
    response: str | None
    failure_kind: FailureKind | None
    failure_message: str


class BatchJobRepository:
    """Reads and writes batch jobs within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    # -- lines ----------------------------------------------------------------------------------

    async def add_lines(self, experiment_id: uuid.UUID, lines: Sequence[NewLine]) -> None:
        """Store calls that wait for a job; those that are there already stay as they are."""
        rows = [
            {
                "experiment_id": experiment_id,
                "key": one.key,
                "body": one.body,
                "size_bytes": len(one.body.encode()),
                "state": BatchLineState.WAITING,
            }
            for one in {one.key: one for one in lines}.values()
        ]
        await self._session.execute(upsert(BatchLine).on_conflict_do_nothing(), rows)

    async def find_lines(self, experiment_id: uuid.UUID, keys: Collection[str]) -> dict[str, StoredLine]:
        """Return the calls with these keys, as far as they were asked for."""
        query = select(
            BatchLine.key,
            BatchLine.state,
            BatchLine.tries,
            BatchLine.response,
            BatchLine.failure_kind,
            BatchLine.failure_message,
        ).where(
            BatchLine.experiment_id == experiment_id,
            BatchLine.key == func.any(bindparam("keys", type_=ARRAY(Text))),
        )
        rows = await self._session.execute(query, {"keys": list(keys)})
        return {
            row[0]: StoredLine(
                BatchLineState(row[1]),
                row[2],
                row[3],
                None if row[4] is None else FailureKind(row[4]),
                row[5] or "",
            )
            for row in rows
        }

    async def has_lines(self, experiment_id: uuid.UUID) -> bool:
        """Return whether there is any call of an experiment."""
        query = select(literal(1)).where(BatchLine.experiment_id == experiment_id).limit(1)
        return await self._session.scalar(query) is not None

    async def bodies(self, job_id: uuid.UUID, after: int, limit: int) -> Sequence[tuple[int, str, str]]:
        """Return number, key and body of a job's lines, in their order, from after a number on."""
        query = (
            select(BatchLine.number, BatchLine.key, BatchLine.body)
            .where(BatchLine.job_id == job_id, BatchLine.number > after)
            .order_by(BatchLine.number)
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def key_at(self, job_id: uuid.UUID, line: int) -> str | None:
        """Return the key of a line of a job's file, counted from 1."""
        query = select(BatchLine.key).where(BatchLine.job_id == job_id).order_by(BatchLine.number)
        found: str | None = await self._session.scalar(query.offset(max(0, line - 1)).limit(1))
        return found

    async def store(self, job: BatchJob, outcomes: Sequence[LineOutcome], max_tries: int) -> None:
        """Store what came of lines of a job; of several outcomes of a line the first one counts.

        Args:
            job: lines of others are left as they are.
            outcomes: by the provider.
            max_tries: of a line whose failure may pass.
        """
        first: dict[str, LineOutcome] = {}
        for one in outcomes:
            first.setdefault(one.key, one)
        if first:
            await self._session.execute(
                text(_STORE),
                {
                    "job": job.id,
                    "experiment": job.experiment_id,
                    "max_tries": max_tries,
                    "keys": list(first),
                    "responses": [one.response for one in first.values()],
                    "kinds": [one.failure_kind for one in first.values()],
                    "messages": [one.failure_message or None for one in first.values()],
                    "again": [
                        one.failure_kind is not None and one.failure_kind.retryable for one in first.values()
                    ],
                },
            )

    async def give_up_lines(self, job_id: uuid.UUID, max_tries: int) -> None:
        """Let lines of a job that have no outcome wait for another one, or fail."""
        again = BatchLine.tries < max_tries
        await self._session.execute(
            update(BatchLine)
            .where(BatchLine.job_id == job_id, BatchLine.state == BatchLineState.SENT)
            .values(
                state=case((again, BatchLineState.WAITING), else_=BatchLineState.FAILED),
                job_id=case((again, None), else_=BatchLine.job_id),
                failure_kind=FailureKind.TIMEOUT,
                failure_message=_UNANSWERED,
            )
            .execution_options(synchronize_session=False)
        )

    async def give_back_lines(self, job_id: uuid.UUID) -> None:
        """Let the lines of a job wait for another one, as if they had not been part of it."""
        await self._session.execute(
            update(BatchLine)
            .where(BatchLine.job_id == job_id, BatchLine.state == BatchLineState.SENT)
            .values(state=BatchLineState.WAITING, job_id=None, tries=BatchLine.tries - 1)
            .execution_options(synchronize_session=False)
        )

    async def forget_lines(self, experiment_id: uuid.UUID) -> None:
        """Remove the lines of an experiment that has ended: what came of them is in its runs."""
        await self._session.execute(delete(BatchLine).where(BatchLine.experiment_id == experiment_id))

    # -- jobs -----------------------------------------------------------------------------------

    async def live(self, experiment_id: uuid.UUID) -> list[BatchJob]:
        """Return the jobs of an experiment that have not ended, in order."""
        return [one for one in await self._jobs(experiment_id) if one.state != BatchJobState.DONE]

    async def _jobs(self, experiment_id: uuid.UUID) -> Sequence[BatchJob]:
        return await ProviderWaitRepository(self._session).batch_jobs(experiment_id)

    async def plan(
        self, experiment_id: uuid.UUID, most_lines: int, most_bytes: int, delay_s: float, discount: float
    ) -> bool:
        """Make a job of the lines that wait, the first ones; return whether there were any.

        Args:
            experiment_id: whose lines.
            most_lines: of a job.
            most_bytes: of its requests, unless a single one has more.
            delay_s: seconds before it is to be uploaded.
            discount: see ``BatchJob``.
        """
        waiting = (
            select(
                BatchLine.key,
                BatchLine.size_bytes,
                func.sum(BatchLine.size_bytes).over(order_by=BatchLine.number).label("total"),
                func.row_number().over(order_by=BatchLine.number).label("place"),
            )
            .where(BatchLine.experiment_id == experiment_id, BatchLine.state == BatchLineState.WAITING)
            .order_by(BatchLine.number)
            .limit(most_lines)
            .subquery()
        )
        query = select(waiting.c.key, waiting.c.size_bytes)
        query = query.where(or_(waiting.c.total <= most_bytes, waiting.c.place == 1))
        rows = (await self._session.execute(query)).all()
        if not rows:
            return False
        job = BatchJob(
            id=uuid.uuid4(),
            experiment_id=experiment_id,
            number=len(await self._jobs(experiment_id)) + 1,
            state=BatchJobState.PLANNED,
            lines=len(rows),
            size_bytes=sum(row[1] for row in rows),
            discount=discount,
        )
        self._session.add(job)
        await self._session.flush()
        later = func.clock_timestamp() + timedelta(seconds=delay_s)
        await self._session.execute(update(BatchJob).where(BatchJob.id == job.id).values(next_poll_at=later))
        await self._session.execute(
            update(BatchLine)
            .where(
                BatchLine.experiment_id == experiment_id,
                BatchLine.key == func.any(bindparam("keys", type_=ARRAY(Text))),
            )
            .values(state=BatchLineState.SENT, job_id=job.id, tries=BatchLine.tries + 1)
            .execution_options(synchronize_session=False),
            {"keys": [row[0] for row in rows]},
        )
        return True

    async def update(self, job_id: uuid.UUID, lease: uuid.UUID, pause_s: float, **values: object) -> bool:
        """Change a job, if the lease exists; return whether it does.

        Args:
            job_id: which job.
            lease: of the executor.
            pause_s: seconds until the provider is to be asked next.
            values: of the columns.
        """
        moments = {BatchJobState.SUBMITTED: "submitted_at", BatchJobState.DONE: "ended_at"}
        state = values.get("state")
        if isinstance(state, BatchJobState) and state in moments:
            values[moments[state]] = func.clock_timestamp()
        held = select(ExecutorRow.id).where(ExecutorRow.id == lease)
        statement = (
            update(BatchJob)
            .where(BatchJob.id == job_id, held.exists())
            .values(next_poll_at=func.clock_timestamp() + timedelta(seconds=pause_s), **values)
            .returning(BatchJob.id)
            .execution_options(synchronize_session=False)
        )
        return (await self._session.execute(statement)).first() is not None

    async def give_up(self, experiment_id: uuid.UUID, lease: uuid.UUID, reason: str) -> None:
        """Count the jobs of an experiment as ended, whatever becomes of them, if the lease exists."""
        for job in await self.live(experiment_id):
            await self.update(job.id, lease, 0.0, state=BatchJobState.DONE, last_error=reason)

    async def seconds_until_due(self, job_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, float]:
        """Return for each job the seconds until its provider is to be asked; below 0 when it is late."""
        wait_s = func.extract("epoch", BatchJob.next_poll_at - func.clock_timestamp())
        query = select(BatchJob.id, wait_s).where(BatchJob.id.in_(job_ids))
        return {row[0]: float(row[1]) for row in await self._session.execute(query)}


_STORE = """
update batch_lines line set
  state = case when told.kind is null then 'answered'
               when told.again and line.tries < :max_tries then 'waiting' else 'failed' end,
  job_id = case when told.kind is not null and told.again and line.tries < :max_tries then null
                else line.job_id end,
  response = told.response, failure_kind = told.kind, failure_message = told.message
from unnest(
  cast(:keys as text[]), cast(:responses as text[]), cast(:kinds as text[]), cast(:messages as text[]),
  cast(:again as boolean[])
) as told (key, response, kind, message, again)
where line.experiment_id = :experiment and line.key = told.key
  and line.job_id = :job and line.state = 'sent'
"""
