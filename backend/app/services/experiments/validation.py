"""Whether an experiment with some configuration can run, before there is one."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.schemas.experiment_config import MAX_EXAMPLES, ExperimentConfig
from app.schemas.method_config import NEEDED_FEATURES, ReactMethodConfig, knowledge_of
from app.services.experiments.resolution import ResolvedConfig, resolve
from app.services.inference.catalog import CatalogError, ProviderSpec
from app.services.inference.registry import ModelRegistry
from app.services.knowledge.retriever_factory import require_model_here, require_models
from app.services.runtime import Runtime

JUDGE_SETTING = "faithfulness.model"
"""The field that names the judge's model."""


async def validate(
    session: AsyncSession, runtime: Runtime, config: ExperimentConfig, *, files_needed: bool = True
) -> ResolvedConfig:
    """Return what ``config`` names, if an experiment can be created with it; the key may be missing.

    Args:
        session: to read datasets and knowledge bases with.
        runtime: for the models.
        config: what to check.
        files_needed: false: the files of models that run here may be missing.

    Raises:
        InvalidInput: if something does not exist or does not fit together; names the field.
    """
    resolved = await resolve(session, runtime, config, file_needed=files_needed)
    _check_sample_size(resolved)
    _check_features(resolved)
    if files_needed:
        await _check_models_of_retrieval(config)
        await _check_judge(config, resolved.models)
    return resolved


def _check_sample_size(resolved: ResolvedConfig) -> None:
    config, size, n = resolved.config, resolved.dataset.size, resolved.questions
    if n > size:
        raise InvalidInput(
            f"The dataset {config.dataset.name} has {size} examples, not {n}.",
            hint=f"Ask for {size} or fewer, or leave n out for all.",
            errors=[FieldError("dataset.n", f"must be at most {size}")],
        )
    if n * config.repeats > MAX_EXAMPLES:
        raise InvalidInput(
            f"{n} examples × {config.repeats} repeats are more than {MAX_EXAMPLES:,} runs.",
            errors=[FieldError("repeats", "too many runs")],
        )


def _check_features(resolved: ResolvedConfig) -> None:
    """Raise unless the model supports the form of the agent's steps."""
    config, provider, spec = resolved.config, resolved.provider, resolved.spec
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
    raise InvalidInput(
        f"{config.model} is not known to take steps in the form {method.form}.",
        hint=f"Choose {' or '.join(['text', *_forms(provider)])}; or, if it can, name it under `features` "
        f"of the provider {spec.provider} in the model catalog.",
        errors=[FieldError("method.form", f"the provider {spec.provider} has no feature {wanted}")],
    )


def _forms(provider: ProviderSpec) -> list[str]:
    """Return the forms of steps that need a feature which this provider has."""
    return [name for name, feature in NEEDED_FEATURES.items() if feature in provider.features]


async def _check_models_of_retrieval(config: ExperimentConfig) -> None:
    wanted = knowledge_of(config.method)
    if wanted is not None:
        await asyncio.to_thread(require_models, wanted)  # may ask the hub


async def _check_judge(config: ExperimentConfig, models: ModelRegistry) -> None:
    wanted = config.faithfulness
    if wanted is None:
        return
    if wanted.judge == "nli":
        await asyncio.to_thread(require_model_here, wanted.model, JUDGE_SETTING)
        return
    try:
        models.require(wanted.model)
    except CatalogError as error:
        raise InvalidInput(
            error.message, hint=error.hint, errors=[FieldError(JUDGE_SETTING, error.message)]
        ) from error
