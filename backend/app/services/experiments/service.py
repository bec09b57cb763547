"""Creating, finding, cancelling and deleting experiments."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, FieldError, InvalidInput, NotFound
from app.core.logging import get_logger
from app.domain.progress import CANCELLED
from app.domain.provenance import DatasetProvenance, Provenance, RetrievalProvenance
from app.domain.status import ExperimentStatus
from app.models import BatchJob, Experiment, Retry
from app.schemas.experiment_config import PRIORITIES, ExperimentConfig
from app.services.evaluation.scorers.registry import SCORERS
from app.services.experiments.aggregation import aggregate
from app.services.experiments.list_repository import (
    SORT_KEYS,
    ExperimentFilter,
    ExperimentListRepository,
    Facets,
)
from app.services.experiments.provenance import build_provenance
from app.services.experiments.provider_wait_repository import ProviderWaitRepository
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.resolution import ResolvedConfig
from app.services.experiments.retries import end_retry
from app.services.experiments.retry_repository import RetriedFailure, RetryRepository
from app.services.experiments.validation import validate
from app.services.inference.catalog import spellings_of
from app.services.knowledge.retriever_factory import describe
from app.services.notifications.repository import DeliveryRepository
from app.services.runtime import Runtime

log = get_logger(__name__)


_MOST_FAILURES = 1_000
"""Runs of retries that are named at most."""


@dataclass(frozen=True, slots=True)
class RetryDetails:
    """A retry, and its runs as they had failed before."""

    retry: Retry
    failures: Sequence[RetriedFailure]


class ExperimentService:
    """What users do with experiments, except starting them; commits what it changes."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._repository = ExperimentRepository(session)

    async def create(
        self,
        config: ExperimentConfig,
        parent_id: uuid.UUID | None = None,
        *,
        resumes_parent: bool = False,
        budget_id: uuid.UUID | None = None,
        tags: Sequence[str] = (),
    ) -> Experiment:
        """Store a new experiment.

        Args:
            config: of the experiment.
            parent_id: the experiment that it repeats.
            resumes_parent: whether it takes over what its parent was answered, instead of asking again.
                It then has its parent's tags as well.
            budget_id: of the budget that it shares with others; its parent's if it resumes that.
            tags: of it.

        Raises:
            InvalidInput: if something does not exist or does not fit together; names the field.
            NotFound: if there is no such parent.
        """
        checked = await validate(self._session, self._runtime, config)
        dataset = checked.dataset
        if parent_id is not None:
            parent = await self.get(parent_id)
            budget_id = budget_id or (parent.budget_id if resumes_parent else None)
            tags = parent.tags if resumes_parent else tags
        provenance = await self._provenance(config, checked)
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
            resumes_parent=resumes_parent,
            budget_id=budget_id,
            priority=PRIORITIES[config.priority],
            status=ExperimentStatus.PENDING,
            tags=list(tags),
        )
        await self._repository.add(experiment)
        await self._session.commit()
        log.info(
            "experiment_created", experiment_id=str(experiment.id), model=config.model, total=experiment.total
        )
        return await self.get(experiment.id)

    async def _provenance(self, config: ExperimentConfig, checked: ResolvedConfig) -> Provenance:
        dataset = checked.dataset
        return build_provenance(
            config,
            checked.method,
            DatasetProvenance(dataset.name, dataset.version, dataset.size, dataset.scoring),
            dataset.scoring,
            model_fingerprint=checked.fingerprint,
            model_parameters=checked.spec.parameters,
            retrieval=await self._retrieval(config, checked),
            left_out=_left_out(config, checked),
        )

    async def _retrieval(
        self, config: ExperimentConfig, checked: ResolvedConfig
    ) -> RetrievalProvenance | None:
        wanted = config.method.knowledge
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

    async def retries(self, experiment_id: uuid.UUID) -> list[RetryDetails]:
        """Return the retries of an experiment, in order, with the runs that were asked again.

        Raises:
            NotFound: if there is no such experiment.
        """
        await self.get(experiment_id)
        repository = RetryRepository(self._session)
        retries = await repository.of(experiment_id)
        failures = await repository.failures(experiment_id, _MOST_FAILURES) if retries else []
        return [
            RetryDetails(retry, [one for one in failures if one.retry_id == retry.id]) for retry in retries
        ]

    async def batch_jobs(self, experiment_id: uuid.UUID) -> Sequence[BatchJob]:
        """Return the batch jobs of an experiment, in order.

        Raises:
            NotFound: if there is no such experiment.
        """
        await self.get(experiment_id)
        return await ProviderWaitRepository(self._session).batch_jobs(experiment_id)

    async def list_page(
        self, where: ExperimentFilter, sort: str, offset: int, limit: int
    ) -> tuple[Sequence[Experiment], int]:
        """Return a page of experiments and how many there are; ``-key`` sorts in descending order.

        A key is one of ``SORT_KEYS``, or the name of a score.

        Raises:
            InvalidInput: for an unknown sort key.
        """
        key = sort.removeprefix("-")
        keys = (*SORT_KEYS, *(score.name for score in SCORERS.descriptions()))
        if key not in keys:
            raise InvalidInput(
                f"Cannot sort by {key!r}.",
                hint=f"Sort by one of {', '.join(keys)}, with - before it for descending.",
                errors=[FieldError("sort", "unknown key")],
            )
        return await ExperimentListRepository(self._session).list_page(
            where, key, descending=sort.startswith("-"), offset=offset, limit=limit
        )

    async def facets(self) -> Facets:
        """Return the methods, models, datasets and tags of all experiments, each sorted."""
        return await ExperimentListRepository(self._session).facets()

    async def delete(self, experiment_id: uuid.UUID) -> None:
        """Hide an experiment; this also cancels a running one.

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

    async def cancel(self, experiment_id: uuid.UUID) -> Experiment:
        """Cancel an experiment: at once, or a running one with its executor's next heartbeat.

        Raises:
            NotFound: if there is none.
            Conflict: if it has ended.
        """
        experiment = await self.get(experiment_id)
        stale_after_s = self._runtime.settings.stale_after_s
        if not await self._repository.request_cancel(experiment_id, stale_after_s):
            conflict = Conflict(f"The experiment has ended: it is {experiment.status}.")
            await self._session.rollback()
            raise conflict
        await self._aggregate_if_cancelled(experiment_id)
        await self._session.commit()
        return await self.get(experiment_id)

    async def _aggregate_if_cancelled(self, experiment_id: uuid.UUID) -> None:
        """Aggregate an abandoned experiment, since no executor will."""
        experiment = await self.get(experiment_id)
        if experiment.status == ExperimentStatus.CANCELLED:
            ending = await end_retry(self._session, experiment_id, CANCELLED)
            await RetryRepository(self._session).set_ending(experiment_id, ending)
            progress = experiment.progress_snapshot
            await aggregate(self._session, experiment_id, wall_s=progress.active_s if progress else None)
            if self._runtime.settings.has_webhook:
                await DeliveryRepository(self._session).announce(experiment_id)


def _left_out(config: ExperimentConfig, checked: ResolvedConfig) -> tuple[str, ...]:
    """Return the parameters of the configuration that the catalog knows the model does not take."""
    params = config.params
    chosen = {
        "temperature": True,
        "max_tokens": True,
        "seed": True,
        "top_p": params.top_p is not None,
        "stop": bool(params.stop or config.method.reserved_stops),
    }
    spellings = spellings_of(checked.provider, checked.spec)
    return tuple(name for name, is_set in chosen.items() if is_set and spellings.get(name, name) is None)
