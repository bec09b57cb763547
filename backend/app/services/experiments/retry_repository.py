"""SQL of retries: failed runs leave the experiment, are kept, and come back unless they were asked again."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.metrics import RunFacts
from app.domain.progress import Ending
from app.domain.status import ExperimentStatus
from app.models import Example, Experiment, Result, RetriedRun, Retry, Run

_run: Any = RetriedRun.run  # SQLAlchemy does not type what JSON columns can do
_ENDED = [one for one in ExperimentStatus if one.ended]
_KEEP = text(
    """
    insert into retried_runs (retry_id, run_id, experiment_id, example_id, repeat, run)
    select :retry_id, id, experiment_id, example_id, repeat, to_jsonb(runs) from runs
    where experiment_id = :experiment_id and status = 'failed'
    """
)
# A run that was asked again has another row with the same question and repeat.
_PUT_BACK = text(
    """
    with missing as (
        delete from retried_runs using retries
        where retry_id = retries.id and retries.id = :retry_id and not exists (
            select from runs where runs.experiment_id = retried_runs.experiment_id
            and runs.example_id = retried_runs.example_id and runs.repeat = retried_runs.repeat
        )
        returning run
    ), back as (
        insert into runs select one.* from missing, jsonb_populate_record(null::runs, run) as one returning 1
    )
    select count(*) from back
    """
)
_BECAME = text(
    """
    select count(*) filter (where runs.status = 'ok'), count(*) filter (where runs.status = 'failed')
    from retried_runs as before join runs using (experiment_id, example_id, repeat)
    where before.retry_id = :retry_id
    """
)


class RetriedFailure(NamedTuple):
    """A run as it failed before its retry, and the run of the same question and repeat now."""

    retry_id: int
    example_key: str
    repeat: int
    failure_kind: str
    failure_message: str
    run_id: int | None
    status: str | None


class RetryRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, experiment_id: uuid.UUID, by: str | None) -> Retry | None:
        """Take the failed runs out of an experiment that has ended, and queue it; ``None`` if it is not so.

        Its result goes as well: it is computed anew when the experiment ends.
        """
        locked = select(Experiment).where(
            Experiment.id == experiment_id, Experiment.status.in_(_ENDED), Experiment.deleted_at.is_(None)
        )
        query = locked.with_for_update().execution_options(populate_existing=True)
        experiment = (await self._session.execute(query)).scalar_one_or_none()
        if experiment is None:
            return None
        failed = select(func.count()).where(Run.experiment_id == experiment_id, Run.status == "failed")
        before = {
            "status": experiment.status,
            "reason": experiment.reason,
            "finished_at": None if experiment.finished_at is None else experiment.finished_at.isoformat(),
        }
        retry = Retry(
            experiment_id=experiment_id,
            created_by=by,
            before=before,
            runs=await self._session.scalar(failed) or 0,
        )
        self._session.add(retry)
        await self._session.flush()
        chosen = {"retry_id": retry.id, "experiment_id": experiment_id}
        await self._session.execute(_KEEP, chosen)
        await self._session.execute(
            delete(Run).where(Run.experiment_id == experiment_id, Run.status == "failed")
        )
        await self._session.execute(delete(Result).where(Result.experiment_id == experiment_id))
        await self._session.execute(
            update(Experiment)
            .where(Experiment.id == experiment_id)
            .values(
                status=ExperimentStatus.PENDING,
                queued_at=func.clock_timestamp(),
                reason=None,
                finished_at=None,
                cancel_requested=False,
                ending=None,
            )
            .execution_options(synchronize_session=False)
        )
        return retry

    async def open(self, experiment_id: uuid.UUID) -> Retry | None:
        """Return the retry of an experiment that has not ended, if there is one."""
        query = select(Retry).where(Retry.experiment_id == experiment_id, Retry.ended_at.is_(None))
        return (await self._session.execute(query)).scalar_one_or_none()

    async def end(self, retry: Retry, reason: str | None) -> None:
        """Put back what was not asked again, and note what became of the runs.

        Args:
            retry: that ends.
            reason: why it ended before all were asked again, if it did.
        """
        put_back = int(await self._session.scalar(_PUT_BACK, {"retry_id": retry.id}) or 0)
        answered, failed = (await self._session.execute(_BECAME, {"retry_id": retry.id})).one()
        retry.answered, retry.failed_again, retry.put_back = answered, failed, put_back
        retry.reason = reason
        retry.ended_at = func.clock_timestamp()
        await self._session.flush()

    async def set_ending(self, experiment_id: uuid.UUID, ending: Ending) -> None:
        """Note what an experiment that nobody works on has ended with."""
        await self._session.execute(
            update(Experiment)
            .where(Experiment.id == experiment_id)
            .values(status=ending.status, reason=ending.reason)
            .execution_options(synchronize_session=False)
        )

    async def of(self, experiment_id: uuid.UUID) -> Sequence[Retry]:
        """Return the retries of an experiment, in order."""
        query = select(Retry).where(Retry.experiment_id == experiment_id).order_by(Retry.id)
        return (await self._session.scalars(query)).all()

    async def failures(self, experiment_id: uuid.UUID, limit: int) -> list[RetriedFailure]:
        """Return up to ``limit`` of the runs that were asked again, as they had failed before."""
        query = (
            select(
                RetriedRun.retry_id,
                Example.key,
                RetriedRun.repeat,
                _run["failure_kind"].astext,
                _run["failure_message"].astext,
                Run.id,
                Run.status,
            )
            .join(Example, Example.id == RetriedRun.example_id)
            .outerjoin(
                Run,
                and_(
                    Run.experiment_id == RetriedRun.experiment_id,
                    Run.example_id == RetriedRun.example_id,
                    Run.repeat == RetriedRun.repeat,
                ),
            )
            .where(RetriedRun.experiment_id == experiment_id)
            .order_by(RetriedRun.retry_id, Example.position, RetriedRun.repeat)
            .limit(limit)
        )
        return [RetriedFailure(*row) for row in await self._session.execute(query)]

    async def superseded(self, experiment_id: uuid.UUID) -> list[RunFacts]:
        """Return the facts of runs that were asked again since: their calls were paid for, too."""
        query = select(RetriedRun.run).where(RetriedRun.experiment_id == experiment_id)
        return [
            RunFacts(
                ok=False,
                failure_kind=run["failure_kind"],
                parse_outcome=None,
                scores={},
                cached=run["cached"],
                attempts=run["attempts"],
                latency_ms=None,
                **{name: run.get(name) for name in _TOOK},
            )
            for run in (await self._session.execute(query)).scalars()
        ]


_TOOK = (
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "paid_prompt_tokens",
    "paid_completion_tokens",
    "paid_usd",
    "reasoning_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)
