"""Whether an experiment can be made of a configuration, with what is found on the way."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.models import Dataset
from app.schemas.experiment_config import MAX_EXAMPLES, ExperimentConfig
from app.services.datasets.service import DatasetService
from app.services.evaluation.scorers import ScoringRule
from app.services.inference.catalog import CatalogError, ModelSpec
from app.services.inference.registry import ModelStatus
from app.services.methods.base import Method
from app.services.methods.exemplars import ExemplarsError
from app.services.methods.registry import build_method
from app.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Checked:
    """What a configuration names.

    Attributes:
        questions: size of the sample.
        method: as it asks questions of this dataset.
        fingerprint: of the model; empty if its file is missing and may be.
    """

    dataset: Dataset
    questions: int
    method: Method
    spec: ModelSpec
    status: ModelStatus
    fingerprint: str


async def check_config(
    session: AsyncSession, runtime: Runtime, config: ExperimentConfig, *, file_needed: bool = True
) -> Checked:
    """Return what ``config`` names; the model's key may be missing.

    Args:
        session: to read the dataset with.
        runtime: for the models.
        config: what to check.
        file_needed: false: a local model's file may be missing, too.

    Raises:
        InvalidInput: if the model, the dataset, the sample size or the worked examples cannot be;
            names the field.
    """
    dataset = await DatasetService(session).require(config.dataset.name, config.dataset.version)
    questions = _sample_size(config, dataset.size)
    method = _method(config, dataset)
    models = runtime.models()
    try:
        _, spec = models.catalog.find(config.model)
        status = models.status(config.model)
        fingerprint = ""
        if file_needed or status.state != "file_missing":
            # Reading a large model file for its hash takes a while the first time.
            fingerprint = await asyncio.to_thread(models.fingerprint, config.model)
    except CatalogError as error:
        raise model_error(error, "GET /api/v1/models lists the models.") from error
    return Checked(dataset, questions, method, spec, status, fingerprint)


def _method(config: ExperimentConfig, dataset: Dataset) -> Method:
    rule: ScoringRule = dataset.scoring  # type: ignore[assignment]
    try:
        return build_method(config.method, rule)
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
