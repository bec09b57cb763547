"""SQL of experiments: their status, and what is known of those that have ended."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload, with_expression

from app.domain.batch import BatchJobState
from app.domain.json import JsonObject
from app.domain.progress import CANCELLED
from app.domain.status import ExperimentStatus
from app.models import BatchJob, BatchLine, ExecutorRow, Experiment, Result, Shard

# SQLAlchemy does not type what JSON columns can do.
_metrics: Any = Result.metrics
_config: Any = Experiment.config
_progress: Any = Experiment.progress
# An agent's calls are taken as its steps; repair prompts are left out, which is close enough for an estimate.
_samples: Any = _config[("method", "samples")]
_CALLS_A_RUN = func.coalesce(
    _metrics[("agent", "iterations", "value")].as_float(),
    # A configuration of another version may have anything there.
    case((func.jsonb_typeof(_samples) == "number", _samples.as_float())),
    1.0,
)


class ExperimentRepository:
    """Reads and writes experiments within the session it is given; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, experiment: Experiment) -> None:
        """Store a new experiment."""
        self._session.add(experiment)
        await self._session.flush()

    async def get(self, experiment_id: uuid.UUID, *, deleted: bool = False) -> Experiment | None:
        """Return an experiment with its result and place in the queue; a deleted one only if asked for."""
        query = (
            select(Experiment)
            .where(Experiment.id == experiment_id)
            .options(
                joinedload(Experiment.result), with_expression(Experiment.queue_position, _place_in_queue())
            )
        )
        if not deleted:
            query = query.where(Experiment.deleted_at.is_(None))
        query = query.execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def resumed(self, experiment: Experiment) -> list[uuid.UUID]:
        """Return the experiments whose work this one continues, the nearest first.

        Those before a change of the model are left out: its answers would be others now.
        """
        found: list[uuid.UUID] = []
        fingerprint = experiment.provenance["model_fingerprint"]
        while experiment.resumes_parent and experiment.parent_id is not None:
            parent = await self.get(experiment.parent_id, deleted=True)
            if parent is None or parent.provenance["model_fingerprint"] != fingerprint:
                break
            found.append(parent.id)
            experiment = parent
        return found

    async def set_deleted(self, experiment_id: uuid.UUID, *, deleted: bool) -> bool:
        """Mark an experiment as deleted, or no longer; return whether it existed and changed."""
        changing = Experiment.deleted_at.is_(None) if deleted else Experiment.deleted_at.is_not(None)
        return await self._changed(
            (Experiment.id == experiment_id, changing),
            deleted_at=func.clock_timestamp() if deleted else None,
            **({"waits_until": None} if deleted else {}),
        )

    async def lock(self, experiment_id: uuid.UUID) -> Experiment | None:
        """Return an experiment, for changes of what people add to it; a deleted one counts as none."""
        query = select(Experiment).where(Experiment.id == experiment_id, Experiment.deleted_at.is_(None))
        found: Experiment | None = await self._session.scalar(query.with_for_update(key_share=True))
        return found

    async def set_archived(self, experiment_id: uuid.UUID, *, archived: bool) -> None:
        """Archive an experiment, or take it out of the archive; one that is archived keeps its time."""
        changing = Experiment.archived_at.is_(None) if archived else Experiment.archived_at.is_not(None)
        await self._changed(
            (Experiment.id == experiment_id, changing),
            archived_at=func.clock_timestamp() if archived else None,
        )

    async def mark_queued(self, experiment_id: uuid.UUID) -> bool:
        """Mark an experiment as queued; true for exactly one of several callers."""
        return await self._changed(
            (
                Experiment.id == experiment_id,
                Experiment.status == ExperimentStatus.PENDING,
                Experiment.queued_at.is_(None),
                Experiment.deleted_at.is_(None),
            ),
            queued_at=func.clock_timestamp(),
        )

    async def request_cancel(self, experiment_id: uuid.UUID, stale_after_s: float) -> bool:
        """Cancel an experiment that nobody works on, or ask its executor to; false if it has ended.

        One whose provider works on batch jobs needs an executor, which cancels them, and stores what they
        have answered.
        """
        at_once = await self._changed(
            (
                Experiment.id == experiment_id,
                or_(
                    Experiment.status == ExperimentStatus.PENDING,
                    and_(_abandoned(stale_after_s), ~_at_provider()),
                ),
            ),
            status=ExperimentStatus.CANCELLED,
            reason=CANCELLED.reason,
            finished_at=func.clock_timestamp(),
        )
        if at_once:  # an executor that is alive after all must not write any more
            for table in (ExecutorRow, Shard, BatchLine):
                await self._session.execute(delete(table).where(table.experiment_id == experiment_id))
        return at_once or await self._changed(
            (Experiment.id == experiment_id, Experiment.status == ExperimentStatus.RUNNING),
            cancel_requested=True,
            waits_until=None,
        )

    async def unattended(self, stale_after_s: float) -> Sequence[uuid.UUID]:
        """Return the experiments that need an executor: queued, or running with a stale heartbeat."""
        return (await self._session.execute(_waiting(stale_after_s))).scalars().all()

    async def first_before(self, experiment_id: uuid.UUID, stale_after_s: float) -> uuid.UUID | None:
        """Return the first of the experiments that wait with a higher priority than this one."""
        own = select(Experiment.priority).where(Experiment.id == experiment_id).scalar_subquery()
        query = _waiting(stale_after_s).where(Experiment.priority > own).limit(1)
        found: uuid.UUID | None = await self._session.scalar(query)
        return found

    async def count_waiting(
        self, experiment_id: uuid.UUID, priority: int, since_s: float, stale_after_s: float
    ) -> int:
        """Return how many other experiments wait for a worker, and have waited for ``since_s`` seconds.

        Only those count that have this priority at least.
        """
        earlier = func.clock_timestamp() - timedelta(seconds=since_s)
        waiting = _waiting(stale_after_s).where(
            Experiment.id != experiment_id, Experiment.priority >= priority, Experiment.queued_at < earlier
        )
        return int(await self._session.scalar(select(func.count()).select_from(waiting.subquery())) or 0)

    async def count_unended(self) -> int:
        """Return how many experiments are queued or running."""
        running = Experiment.status == ExperimentStatus.RUNNING
        query = select(func.count()).where(_wanted(), or_(_queued(), running))
        return int(await self._session.scalar(query) or 0)

    async def counts_by_status(self) -> dict[str, int]:
        """Return how many experiments there are in each status."""
        query = (
            select(Experiment.status, func.count())
            .where(Experiment.deleted_at.is_(None))
            .group_by(Experiment.status)
        )
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def count_runs(self) -> tuple[int, int]:
        """Return how many runs there are, and how many of them failed, without reading any run."""
        sums = [
            func.coalesce(
                func.sum(
                    func.coalesce(
                        _metrics[("counts", in_result)].as_integer(), _progress[in_progress].as_integer(), 0
                    )
                ),
                0,
            )
            for in_result, in_progress in (("stored", "done"), ("failed", "failed"))
        ]
        query = (
            select(*sums)
            .select_from(Experiment)
            .outerjoin(Result, Result.experiment_id == Experiment.id)
            .where(Experiment.deleted_at.is_(None))
        )
        row = (await self._session.execute(query)).one()
        return int(row[0]), int(row[1])

    async def completed_results(
        self, model: str, dataset: str, method: JsonObject, limit: int
    ) -> list[tuple[uuid.UUID, JsonObject, float]]:
        """Return id, metrics and calls a run of the newest completed experiments of this kind.

        Args:
            model: catalog name.
            dataset: name.
            method: fields that the method's configuration has to have.
            limit: at most so many.
        """
        query = (
            _completed(model)
            .where(Experiment.method == method["name"], Experiment.dataset_name == dataset)
            .where(_config["method"].contains(method))
            .with_only_columns(Result.experiment_id, Result.metrics, _CALLS_A_RUN)
            .order_by(Experiment.finished_at.desc())
            .limit(limit)
        )
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def newest_throughput(self, model: str, method: str) -> tuple[float, str] | None:
        """Return the calls a second of the newest completed experiment with this model, and its method.

        That is ``method`` if it has any: the length of answers, and so the speed, goes by the method.
        """
        throughput = _metrics["throughput_per_s"].as_float()
        query = (
            _completed(model)
            .where(throughput.is_not(None))
            .with_only_columns(throughput * _CALLS_A_RUN, Experiment.method)
            .order_by((Experiment.method == method).desc(), Experiment.finished_at.desc())
            .limit(1)
        )
        row = (await self._session.execute(query)).first()
        return None if row is None else (float(row[0]), row[1])

    async def newest_like(self, experiment: Experiment, method: str) -> Experiment | None:
        """Return the newest completed experiment of a method with the model, dataset and seed of another."""
        query = (
            _completed(experiment.model)
            .where(Experiment.method == method, Experiment.dataset_id == experiment.dataset_id)
            .where(_config["seed"].as_string() == str(experiment.seed))
            .with_only_columns(Experiment)
            .order_by(Experiment.finished_at.desc())
            .limit(1)
        )
        found: Experiment | None = await self._session.scalar(query)
        return found

    async def _changed(self, where: Sequence[ColumnElement[bool]], **values: object) -> bool:
        statement = update(Experiment).where(*where).values(**values).returning(Experiment.id)
        return (await self._session.execute(statement)).first() is not None


def _completed(model: str) -> Select[JsonObject]:
    return (
        select(Result.metrics)
        .join(Experiment, Experiment.id == Result.experiment_id)
        .where(
            Experiment.model == model,
            Experiment.status == ExperimentStatus.COMPLETED,
            Experiment.deleted_at.is_(None),
        )
    )


def _waiting(stale_after_s: float) -> Select[uuid.UUID]:
    """Return the query of the experiments that need an executor, in the order in which they are to get it."""
    return (
        select(Experiment.id)
        .where(_wanted(), or_(_queued(), _abandoned(stale_after_s)))
        .order_by(Experiment.priority.desc(), Experiment.queued_at)
    )


def _wanted() -> ColumnElement[bool]:
    """Return the condition of experiments to work on: deleted ones only to cancel what is at the provider."""
    return or_(Experiment.deleted_at.is_(None), _at_provider())


def _queued(of: type[Experiment] = Experiment) -> ColumnElement[bool]:
    return and_(of.status == ExperimentStatus.PENDING, of.queued_at.is_not(None))


def _place_in_queue() -> ColumnElement[int | None]:
    """Return the place of an experiment among those that wait to begin, from 1; null if it does not."""
    other = aliased(Experiment)
    before = or_(
        other.priority > Experiment.priority,
        and_(other.priority == Experiment.priority, other.queued_at < Experiment.queued_at),
    )
    count = select(func.count() + 1).select_from(other)
    count = count.where(_queued(other), other.deleted_at.is_(None), before)
    return case((_queued(), count.scalar_subquery()))


def _abandoned(stale_after_s: float) -> ColumnElement[bool]:
    oldest = func.clock_timestamp() - timedelta(seconds=stale_after_s)
    return and_(
        Experiment.status == ExperimentStatus.RUNNING,
        or_(Experiment.heartbeat_at.is_(None), Experiment.heartbeat_at < oldest),
        or_(Experiment.waits_until.is_(None), Experiment.waits_until <= func.clock_timestamp()),
    )


def _at_provider() -> ColumnElement[bool]:
    """Return the condition that batch jobs of an experiment have not ended."""
    return (
        select(BatchJob.id)
        .where(BatchJob.experiment_id == Experiment.id, BatchJob.state != BatchJobState.DONE)
        .exists()
    )
