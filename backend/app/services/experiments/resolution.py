"""From a configuration to what it names: dataset, method, model and knowledge base."""

import asyncio
import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.domain.provenance import Provenance
from app.models import Dataset, Experiment, KnowledgeBase
from app.schemas.experiment_config import ExperimentConfig
from app.services.datasets.repository import DatasetRepository
from app.services.datasets.service import DatasetService
from app.services.inference.catalog import CatalogError, ModelSpec, ProviderSpec
from app.services.inference.engines.connector import ModelStatus
from app.services.inference.registry import ModelRegistry
from app.services.knowledge.repository import KnowledgeRepository
from app.services.knowledge.service import KnowledgeService
from app.services.methods.base import Method, Sources
from app.services.methods.exemplars import ExemplarsError
from app.services.methods.registry import build_method
from app.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class PinnedVersions:
    """The versions that an experiment was created with; later ones of the same names do not count."""

    dataset_id: uuid.UUID
    knowledge_base_id: uuid.UUID | None

    @classmethod
    def of(cls, experiment: Experiment) -> "PinnedVersions":
        """Return the versions that an experiment was created with."""
        retrieval = Provenance.from_json(experiment.provenance).retrieval
        knowledge_base_id = None if retrieval is None else uuid.UUID(retrieval.knowledge_base.id)
        return cls(experiment.dataset_id, knowledge_base_id)


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """What a configuration names.

    Attributes:
        method: as it asks questions of this dataset; without sources, it shows prompts but answers nothing.
        models: the registry that the model was found in.
        status: whether the model can be used now.
        fingerprint: of the model; empty if its file is missing and may be.
        knowledge: the knowledge base that the method reads, if it reads one.
    """

    config: ExperimentConfig
    dataset: Dataset
    method: Method
    models: ModelRegistry
    provider: ProviderSpec
    spec: ModelSpec
    status: ModelStatus
    fingerprint: str
    knowledge: KnowledgeBase | None

    @property
    def questions(self) -> int:
        """Size of the sample."""
        return self.config.dataset.n or self.dataset.size

    def method_with(self, sources: Sources) -> Method:
        """Return the method with what it reads from."""
        return build_method(self.config.method, self.dataset.scoring, sources)


async def resolve(
    session: AsyncSession,
    runtime: Runtime,
    config: ExperimentConfig,
    pinned: PinnedVersions | None = None,
    *,
    file_needed: bool = True,
) -> ResolvedConfig:
    """Return what ``config`` names; the model's key may be missing.

    Args:
        session: to read datasets and knowledge bases with.
        runtime: for the models.
        config: what to resolve.
        pinned: the versions to use; without them those that ``config`` names, or the newest.
        file_needed: false: the file of a model that runs here may be missing.

    Raises:
        InvalidInput: if a name or the worked examples cannot be resolved; names the field.
        NotFound: if a pinned version does not exist any more.
        CatalogError: if the model catalog cannot be read.
    """
    dataset = await _dataset(session, config, pinned)
    knowledge = await _knowledge(session, config, pinned)
    try:
        method = build_method(config.method, dataset.scoring)
    except ExemplarsError as error:
        raise InvalidInput(str(error), errors=[FieldError("method.exemplars", str(error))]) from error
    models = runtime.models()
    try:
        provider, spec = models.catalog.find(config.model)
        status = models.status(config.model)
        fingerprint = ""
        if file_needed or status.state != "file_missing":
            # Reading a large model file for its hash takes a while the first time.
            fingerprint = await asyncio.to_thread(
                models.fingerprint, config.model, prefix_cache=config.execution.prefix_cache
            )
    except CatalogError as error:
        raise model_error(error, "GET /api/v1/models lists the models.") from error
    return ResolvedConfig(config, dataset, method, models, provider, spec, status, fingerprint, knowledge)


async def _dataset(session: AsyncSession, config: ExperimentConfig, pinned: PinnedVersions | None) -> Dataset:
    if pinned is None:
        return await DatasetService(session).require(config.dataset.name, config.dataset.version)
    dataset = await DatasetRepository(session).get(pinned.dataset_id)
    if dataset is None:
        raise NotFound("The dataset of this experiment is gone.")
    return dataset


async def _knowledge(
    session: AsyncSession, config: ExperimentConfig, pinned: PinnedVersions | None
) -> KnowledgeBase | None:
    wanted = config.method.knowledge
    if wanted is None:
        return None
    if pinned is None:
        return await KnowledgeService(session).require(wanted.knowledge_base, wanted.version)
    row = None
    if pinned.knowledge_base_id is not None:
        row = await KnowledgeRepository(session).get(pinned.knowledge_base_id)
    if row is None:
        raise NotFound("The knowledge base of this experiment is gone.")
    return row


def model_error(error: CatalogError, hint: str = "") -> InvalidInput:
    """Return an error of the catalog as one of the field ``model``.

    Args:
        error: of the catalog.
        hint: for when the catalog has none.
    """
    return InvalidInput(error.message, hint=error.hint or hint, errors=[FieldError("model", error.message)])
