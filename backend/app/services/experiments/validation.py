"""Whether an experiment with some configuration can run, before there is one."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.spending import Limits
from app.schemas.experiment_config import MAX_EXAMPLES, ExperimentConfig
from app.services.evaluation.scorers.faithfulness import JUDGE_SETTING
from app.services.evaluation.scorers.registry import SCORERS
from app.services.experiments.resolution import ResolvedConfig, resolve
from app.services.inference.catalog import CatalogError
from app.services.inference.registry import ModelRegistry
from app.services.knowledge.retriever_factory import require_model_here, require_models
from app.services.runtime import Runtime


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
    if config.method.name == "imported":
        raise InvalidInput(
            "Imported experiments are never run: their answers were given elsewhere.",
            hint="Choose a method and a model of the catalog.",
            errors=[FieldError("method.name", "is imported")],
        )
    SCORERS.load_own(runtime.settings.scorers_dir)
    resolved = await resolve(session, runtime, config, file_needed=files_needed)
    _check_sample_size(resolved)
    _check_features(resolved)
    check_budget(resolved, Limits() if config.budget is None else config.budget.limits)
    check_budget(resolved, runtime.settings.daily_budget, "LLMFORGE_DAILY_BUDGET")
    _check_batch_api(resolved)
    _check_prefix_cache(resolved)
    check_scorers(config, resolved.models, model_needed=files_needed)
    if files_needed:
        await _check_models_of_retrieval(config)
        await check_judge(config, resolved.models)
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
    """Raise unless the model's provider has the feature that the method needs."""
    config, provider, spec = resolved.config, resolved.provider, resolved.spec
    method = config.method
    wanted, field = method.needed_feature, method.feature_field
    if wanted is None or (wanted in provider.features and spec.api == "chat"):
        return
    chosen = getattr(method, field)
    if spec.api != "chat":
        able = [name for name, feature in method.feature_choices.items() if feature is None]
        raise InvalidInput(
            f"{config.model} completes text; the {field} {chosen} needs a chat model.",
            hint=f"Choose {' or '.join(able)}." if able else "",
            errors=[FieldError(f"method.{field}", "needs a chat model")],
        )
    able = [
        name
        for name, feature in method.feature_choices.items()
        if feature is None or feature in provider.features
    ]
    choose = f"Choose {' or '.join(able)}; or, if" if able else "If"
    raise InvalidInput(
        f"{config.model} is not known to support the {field} {chosen}.",
        hint=f"{choose} it can, name {wanted} under `features` of the provider {spec.provider} in the "
        "model catalog.",
        errors=[FieldError(f"method.{field}", f"the provider {spec.provider} has no feature {wanted}")],
    )


def _check_batch_api(resolved: ResolvedConfig) -> None:
    """Raise if the experiment is to be answered by batch jobs, and the model has no batch API."""
    config, provider, spec = resolved.config, resolved.provider, resolved.spec
    if config.execution.mode != "batch_job":
        return
    if config.execution.measure_first_token:
        raise InvalidInput(
            "The answers of batch jobs are not streamed, so that no first token can be measured.",
            hint="Leave out execution.measure_first_token, or choose another execution.mode.",
            errors=[FieldError("execution.measure_first_token", "not with batch_job")],
        )
    if resolved.models.has_batch_api(config.model):
        return
    hint = "Choose another execution.mode"
    if provider.engine == "openai":
        hint += (
            "; or, if its provider has OpenAI's batch API (/v1/files and /v1/batches), say "
            f"`batch_api: openai` and `batch_discount` of the provider {spec.provider} in the model catalog"
        )
    raise InvalidInput(
        f"{config.model} is not known to take batch jobs.",
        hint=f"{hint}.",
        errors=[FieldError("execution.mode", f"{config.model} has no batch_api in the model catalog")],
    )


def check_budget(resolved: ResolvedConfig, limits: Limits, setting: str = "") -> None:
    """Refuse a budget that cannot be held: calls are sent all at once, or a price is not known.

    Args:
        resolved: an experiment whose calls it counts.
        limits: of the budget.
        setting: that has them; empty if they are in the experiment's file, or in that of its comparison.

    Raises:
        InvalidInput: names the field.
    """
    config = resolved.config
    if not limits.any:
        return
    kind = f"budget for a day ({setting})" if setting else "budget"
    if config.execution.mode == "batch_job":
        leave = "" if setting else "Leave out budget, or choose"
        raise InvalidInput(
            f"A batch job is paid as a whole when it is submitted, so that no {kind} can be held.",
            hint=f"{leave or 'Choose'} another execution.mode; a dry run says what the job will cost.",
            errors=[FieldError("execution.mode" if setting else "budget", "not with batch_job")],
        )
    if limits.usd is None:
        return
    judge = config.faithfulness
    asked = [config.model, *([judge.model] if judge is not None and judge.judge == "llm" else [])]
    asked += [options.model for options in config.scorers.values() if options.model is not None]
    for model in asked:
        try:
            known = resolved.models.connector(model).model.usd_per_1m is not None
        except CatalogError:  # said by the check of what the model is for
            continue
        if not known:
            instead = "." if setting else ", or give the budget in calls or tokens."
            raise InvalidInput(
                f"The price of {model} is not known, so that no {kind} in US dollars can be held.",
                hint=f"Say its usd_per_1m in the model catalog{instead}",
                errors=[
                    FieldError("model" if setting else "budget.usd", f"the price of {model} is not known")
                ],
            )


def _check_prefix_cache(resolved: ResolvedConfig) -> None:
    """Raise if a prompt cache is chosen that only the provider can choose."""
    config = resolved.config
    if config.execution.prefix_cache and not resolved.models.connector(config.model).runs_here:
        raise InvalidInput(
            f"The prompt cache of {config.model} is not ours to choose: its provider decides.",
            hint="Leave execution.prefix_cache out; results tell which prompt tokens came from a cache.",
            errors=[FieldError("execution.prefix_cache", "only for models that run on this machine")],
        )


async def _check_models_of_retrieval(config: ExperimentConfig) -> None:
    wanted = config.method.knowledge
    if wanted is not None:
        await asyncio.to_thread(require_models, wanted)  # may ask the hub


def check_scorers(config: ExperimentConfig, models: ModelRegistry, *, model_needed: bool) -> None:
    """Raise unless every scorer that is named exists, and its model is there."""
    for name, options in config.scorers.items():
        scorer = SCORERS.get(name)
        if scorer is None or scorer.applies is not None:
            there = ", ".join(SCORERS.chosen_by_name()) or "none"
            broken = "".join(f" {one.file} gives none: {one.message}" for one in SCORERS.own.problems)
            raise InvalidInput(
                f"There is no scorer {name!r} to choose.",
                hint=f"Scorers to choose: {there}.{broken}",
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


async def check_judge(config: ExperimentConfig, models: ModelRegistry) -> None:
    """Raise unless the model of the judge that is named, if one is, can be used."""
    wanted = config.faithfulness
    if wanted is None:
        return
    if wanted.judge == "nli":
        await asyncio.to_thread(require_model_here, wanted.model, JUDGE_SETTING)
    else:
        _require_model(models, wanted.model, JUDGE_SETTING)
