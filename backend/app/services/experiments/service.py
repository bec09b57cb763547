"""The life of experiments, as users steer it."""

import asyncio
import uuid
from collections.abc import Sequence

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.core.logging import bind, get_logger
from app.core.queue import enqueue_experiment
from app.domain.progress import ProgressSnapshot
from app.domain.provenance import DatasetProvenance, RetrievalProvenance
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import knowledge_of
from app.services.experiments.aggregation import aggregate
from app.services.experiments.provenance import build_provenance
from app.services.experiments.repository import SORT_KEYS, ExperimentFilter, ExperimentRepository
from app.services.experiments.validation import ResolvedConfig, model_error, resolve
from app.services.inference.catalog import CatalogError
from app.services.knowledge.retriever_factory import describe
from app.services.runtime import Runtime

log = get_logger(__name__)


class ExperimentService:
    """The one way to experiments; commits what it changes."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._repository = ExperimentRepository(session)

    async def create(self, config: ExperimentConfig, parent_id: uuid.UUID | None = None) -> Experiment:
        """Store a new experiment.

        Raises:
            InvalidInput: if the model, the dataset or the sample size cannot be; names the field.
        """
        checked = await resolve(self._session, self._runtime, config)
        dataset = checked.dataset
        if parent_id is not None:
            await self.get(parent_id)
        provenance = build_provenance(
            config,
            checked.method,
            DatasetProvenance(dataset.name, dataset.version, dataset.size, dataset.scoring),
            dataset.scoring,
            model_fingerprint=checked.fingerprint,
            model_parameters=checked.spec.parameters,
            retrieval=await self._retrieval(config, checked),
        )
        experiment = Experiment(
            id=uuid.uuid4(),
            name=config.name,
            description=config.description,
            config=config.as_json(),
            config_hash=provenance.config_hash,
            model=config.model,
            method=config.method.name,
            dataset_id=dataset.id,
            dataset_name=dataset.name,
            provenance=provenance.as_json(),
            total=checked.questions * config.repeats,
            parent_id=parent_id,
            status=ExperimentStatus.PENDING,
        )
        await self._repository.add(experiment)
        await self._session.commit()
        log.info(
            "experiment_created", experiment_id=str(experiment.id), model=config.model, total=experiment.total
        )
        return await self.get(experiment.id)

    async def _retrieval(
        self, config: ExperimentConfig, checked: ResolvedConfig
    ) -> RetrievalProvenance | None:
        wanted = knowledge_of(config.method)
        if checked.knowledge is None or wanted is None:
            return None
        return await asyncio.to_thread(describe, wanted, checked.knowledge)  # reads model files once

    async def get(self, experiment_id: uuid.UUID) -> Experiment:
        """Return an experiment.

        Raises:
            NotFound: if there is none, or it is deleted.
        """
        experiment = await self._repository.get(experiment_id)
        if experiment is None:
            raise NotFound(
                f"There is no experiment {experiment_id}.", hint="GET /api/v1/experiments lists them."
            )
        return experiment

    async def list_page(
        self, where: ExperimentFilter, sort: str, offset: int, limit: int
    ) -> tuple[Sequence[Experiment], int]:
        """Return a page of experiments and how many there are; ``-key`` sorts downwards.

        Raises:
            InvalidInput: for an unknown sort key.
        """
        key = sort.removeprefix("-")
        if key not in SORT_KEYS:
            raise InvalidInput(
                f"Cannot sort by {key!r}.",
                hint=f"Sort by one of {', '.join(SORT_KEYS)}, with - before it for descending.",
                errors=[FieldError("sort", "unknown key")],
            )
        return await self._repository.list_page(
            where, key, descending=sort.startswith("-"), offset=offset, limit=limit
        )

    async def facets(self) -> tuple[list[str], list[str], list[str]]:
        """Return the methods, models and datasets of all experiments, each sorted."""
        return await self._repository.facets()

    async def delete(self, experiment_id: uuid.UUID) -> None:
        """Hide an experiment; a running one is cancelled by that.

        Raises:
            NotFound: if there is none.
        """
        await self.get(experiment_id)
        await self._repository.set_deleted(experiment_id, deleted=True)
        await self._session.commit()

    async def restore(self, experiment_id: uuid.UUID) -> Experiment:
        """Undo a deletion.

        Raises:
            NotFound: if there is no such experiment.
        """
        await self._repository.set_deleted(experiment_id, deleted=False)
        await self._session.commit()
        return await self.get(experiment_id)

    async def start(self, experiment_id: uuid.UUID) -> tuple[Experiment, bool]:
        """Queue an experiment that has not been started.

        Returns:
            The experiment, and whether it is on the queue; false: Redis is away, and the caller
            has to run it in its own process.

        Raises:
            NotFound: if there is none.
            Conflict: if it was started before.
            InvalidInput: if the model cannot be used as things are; names what is missing.
        """
        experiment = await self.get(experiment_id)
        with bind(experiment_id=str(experiment_id)):
            self._require_model(experiment.model)
            if not await self._repository.mark_queued(experiment_id):
                conflict = _already_started(experiment)  # before the rollback, which empties the object
                await self._session.rollback()
                raise conflict
            await self._session.commit()
            return await self.get(experiment_id), await self._enqueue(experiment_id)

    async def cancel(self, experiment_id: uuid.UUID) -> Experiment:
        """Cancel a pending experiment now, or a running one within two seconds.

        Raises:
            NotFound: if there is none.
            Conflict: if it has ended.
        """
        experiment = await self.get(experiment_id)
        before = experiment.status
        stale_after_s = self._runtime.settings.stale_after_s
        if not await self._repository.request_cancel(experiment_id, stale_after_s):
            conflict = Conflict(f"The experiment has ended: it is {experiment.status}.")
            await self._session.rollback()
            raise conflict
        if before == ExperimentStatus.RUNNING:
            await self._aggregate_if_cancelled(experiment_id)
        await self._session.commit()
        return await self.get(experiment_id)

    async def _aggregate_if_cancelled(self, experiment_id: uuid.UUID) -> None:
        """Give an abandoned experiment, which no executor will end, the result of what it has."""
        experiment = await self.get(experiment_id)
        if experiment.status == ExperimentStatus.CANCELLED:
            progress = experiment.progress and ProgressSnapshot.from_dict(experiment.progress)
            await aggregate(self._session, experiment_id, wall_s=progress.active_s if progress else None)

    async def resume(self, experiment_id: uuid.UUID) -> tuple[Experiment, bool]:
        """Go on with an experiment: queue it (again), or repeat an ended one as its child.

        A child takes the answers that its parent got from the cache, and asks for the others.

        Returns:
            The experiment that goes on, and whether it is on the queue (see ``start``).

        Raises:
            NotFound: if there is none.
            Conflict: if it is complete, or somebody is working on it.
        """
        experiment = await self.get(experiment_id)
        status = ExperimentStatus(experiment.status)
        if status is ExperimentStatus.COMPLETED:
            raise Conflict("The experiment is complete; there is nothing to resume.")
        if status.ended:
            config = ExperimentConfig.model_validate(experiment.config)
            child = await self.create(config, parent_id=experiment_id)
            return await self.start(child.id)
        if status is ExperimentStatus.PENDING and experiment.queued_at is None:
            return await self.start(experiment_id)
        if experiment_id not in await self._repository.unattended(self._runtime.settings.stale_after_s):
            raise Conflict("The experiment is running; it needs no help.")
        return experiment, await self._enqueue(experiment_id)

    async def _enqueue(self, experiment_id: uuid.UUID) -> bool:
        url = self._runtime.redis_url
        if not url:
            return False
        try:
            await asyncio.to_thread(
                enqueue_experiment,
                url,
                self._runtime.settings.queue,
                str(experiment_id),
                uuid.uuid4().hex[:8],
            )
        except (RedisError, OSError) as error:
            log.warning("queue_away", error=type(error).__name__)
            return False
        return True

    def _require_model(self, model: str) -> None:
        try:
            self._runtime.models().require(model)
        except CatalogError as error:
            raise model_error(error) from error


def _already_started(experiment: Experiment) -> Conflict:
    if experiment.status == ExperimentStatus.PENDING:
        return Conflict("The experiment is queued already.")
    if experiment.status == ExperimentStatus.RUNNING:
        return Conflict("The experiment is running already.")
    return Conflict(
        f"The experiment has ended: it is {experiment.status}.",
        hint="Resume it (a child takes over what was answered), or clone it.",
    )
