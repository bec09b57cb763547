"""Whether an experiment can be made of a configuration, with what is found on the way."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.models import Dataset, KnowledgeBase
from app.schemas.experiment_config import MAX_EXAMPLES, ExperimentConfig
from app.schemas.method_config import NEEDED_FEATURES, ReactMethodConfig, knowledge_of
from app.services.datasets.service import DatasetService
from app.services.evaluation.scorers.faithfulness import JUDGE_SETTING
from app.services.evaluation.scorers.registry import SCORERS
from app.services.inference.catalog import CatalogError, ModelSpec, ProviderSpec
from app.services.inference.registry import ModelRegistry, ModelStatus
from app.services.knowledge.retriever_factory import require_model_here, require_models
from app.services.knowledge.service import KnowledgeService
from app.services.methods.base import Method
from app.services.methods.exemplars import ExemplarsError
from app.services.methods.registry import build_method
from app.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """What a configuration names.

    Attributes:
        questions: size of the sample.
        method: as it asks questions of this dataset.
        fingerprint: of the model; empty if its file is missing and may be.
        knowledge: the knowledge base that the method reads, if it reads one.
    """

    dataset: Dataset
    questions: int
    method: Method
    spec: ModelSpec
    status: ModelStatus
    fingerprint: str
    knowledge: KnowledgeBase | None


async def resolve(
    session: AsyncSession, runtime: Runtime, config: ExperimentConfig, *, file_needed: bool = True
) -> ResolvedConfig:
    """Return what ``config`` names; the model's key may be missing.

    Args:
        session: to read the dataset with.
        runtime: for the models.
        config: what to check.
        file_needed: false: the files of models that run here may be missing, too.

    Raises:
        InvalidInput: if the model, the dataset, the sample size or the worked examples cannot be;
            names the field.
    """
    dataset = await DatasetService(session).require(config.dataset.name, config.dataset.version)
    questions = _sample_size(config, dataset.size)
    method = _method(config, dataset)
    models = runtime.models()
    try:
        provider, spec = models.catalog.find(config.model)
        _require_feature(config, provider, spec)
        status = models.status(config.model)
        fingerprint = ""
        if file_needed or status.state != "file_missing":
            # Reading a large model file for its hash takes a while the first time.
            fingerprint = await asyncio.to_thread(models.fingerprint, config.model)
    except CatalogError as error:
        raise model_error(error, "GET /api/v1/models lists the models.") from error
    knowledge = await _knowledge(session, config, models_needed=file_needed)
    _check_scorers(config, models, model_needed=file_needed)
    await _check_judge(config, models, model_needed=file_needed)
    return ResolvedConfig(dataset, questions, method, spec, status, fingerprint, knowledge)


async def _knowledge(
    session: AsyncSession, config: ExperimentConfig, *, models_needed: bool
) -> KnowledgeBase | None:
    wanted = knowledge_of(config.method)
    if wanted is None:
        return None
    row = await KnowledgeService(session).require(wanted.knowledge_base, wanted.version)
    if models_needed:
        await asyncio.to_thread(require_models, wanted)  # may ask the hub
    return row


def _check_scorers(config: ExperimentConfig, models: ModelRegistry, *, model_needed: bool) -> None:
    """Raise unless every scorer that is named exists, and its model is there."""
    for name, options in config.scorers.items():
        scorer = SCORERS.get(name)
        if scorer is None or scorer.applies is not None:
            there = ", ".join(SCORERS.chosen_by_name()) or "none"
            raise InvalidInput(
                f"There is no scorer {name!r} to choose.",
                hint=f"Scorers to choose: {there}.",
                errors=[FieldError(f"scorers.{name}", "no such scorer")],
            )
        where = f"scorers.{name}.model"
        if scorer.asks_model and options.model is None:
            raise InvalidInput(
                f"The scorer {name} asks a model.",
                hint=f"Name it under {where}, as provider/model.",
                errors=[FieldError(where, "name the model, as provider/model")],
            )
        if options.model is not None and model_needed:
            _require_model(models, options.model, where)


def _require_model(models: ModelRegistry, model: str, where: str) -> None:
    try:
        models.require(model)
    except CatalogError as error:
        raise InvalidInput(
            error.message, hint=error.hint, errors=[FieldError(where, error.message)]
        ) from error


async def _check_judge(config: ExperimentConfig, models: ModelRegistry, *, model_needed: bool) -> None:
    wanted = config.faithfulness
    if wanted is None or not model_needed:
        return
    if wanted.judge == "nli":
        await asyncio.to_thread(require_model_here, wanted.model, JUDGE_SETTING)
        return
    _require_model(models, wanted.model, JUDGE_SETTING)


def _require_feature(config: ExperimentConfig, provider: ProviderSpec, spec: ModelSpec) -> None:
    """Raise unless the model can keep the form of the agent's steps."""
    method = config.method
    if not isinstance(method, ReactMethodConfig):
        return
    wanted = method.needed_feature
    if wanted is None or (wanted in provider.features and spec.api == "chat"):
        return
    if spec.api != "chat":
        raise InvalidInput(
            f"{config.model} completes text; the form {method.form} needs a chat model.",
            hint="Choose text.",
            errors=[FieldError("method.form", "needs a chat model")],
        )
    able = [name for name, feature in NEEDED_FEATURES.items() if feature in provider.features]
    raise InvalidInput(
        f"{config.model} is not known to take steps in the form {method.form}.",
        hint=f"Choose {' or '.join(['text', *able])}; or, if it can, name it under `features` of the "
        f"provider {spec.provider} in the model catalog.",
        errors=[FieldError("method.form", f"the provider {spec.provider} has no feature {wanted}")],
    )


def _method(config: ExperimentConfig, dataset: Dataset) -> Method:
    try:
        return build_method(config.method, dataset.scoring)
    except ExemplarsError as error:
        raise InvalidInput(str(error), errors=[FieldError("method.exemplars", str(error))]) from error


def model_error(error: CatalogError, hint: str = "") -> InvalidInput:
    """Return what the catalog says of a model as an error of the field ``model``.

    Args:
        error: the catalog's.
        hint: for when the catalog has none.
    """
    return InvalidInput(error.message, hint=error.hint or hint, errors=[FieldError("model", error.message)])


def _sample_size(config: ExperimentConfig, size: int) -> int:
    n = config.dataset.n or size
    if n > size:
        message = f"The dataset {config.dataset.name} has {size} examples, not {n}."
        raise InvalidInput(
            message,
            hint=f"Ask for {size} or fewer, or leave n out for all.",
            errors=[FieldError("dataset.n", f"must be at most {size}")],
        )
    if n * config.repeats > MAX_EXAMPLES:
        raise InvalidInput(
            f"{n} examples × {config.repeats} repeats are more than {MAX_EXAMPLES:,} runs.",
            errors=[FieldError("repeats", "too many runs")],
        )
    return n
