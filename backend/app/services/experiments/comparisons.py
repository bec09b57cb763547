"""Comparisons: one description that becomes several experiments over the same questions and seed."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.models import Experiment
from app.schemas.common import readable_problem
from app.schemas.comparison import ComparisonConfig, Variant
from app.schemas.experiment_config import ExperimentConfig
from app.services.experiments.checks import check_config
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime

_SHARED = ("dataset", "seed", "repeats")
"""What pairs the questions: a variant that changed it would be compared with other questions."""


def expand(comparison: ComparisonConfig) -> list[ExperimentConfig]:
    """Return the experiments of ``comparison``, in the order of its variants.

    Raises:
        InvalidInput: names each wrong field as ``base.…`` or ``variants.N.…``.
    """
    problems = [
        FieldError(f"variants.{index}.{field}", "belongs to base: all variants answer the same questions")
        for index, variant in enumerate(comparison.variants)
        for field in _SHARED
        if field in (variant.model_extra or {})
    ]
    names = [variant.name for variant in comparison.variants]
    problems += [
        FieldError(f"variants.{index}.name", f"another variant is called {name!r}, too")
        for index, name in enumerate(names)
        if name in names[:index]
    ]
    if "name" in comparison.base:
        problems.append(FieldError("base.name", "experiments are named after their variants"))
    configs = []
    for index, variant in enumerate(comparison.variants):
        try:
            configs.append(ExperimentConfig.model_validate(_merged(comparison, variant)))
        except ValidationError as error:
            problems += [_problem(each, index, variant) for each in error.errors()]
    if problems:
        raise InvalidInput(
            f"{problems[0].field}: {problems[0].message}"
            if len(problems) == 1
            else f"{len(problems)} fields of the comparison are wrong.",
            hint="`errors` names each field.",
            errors=list(dict.fromkeys(problems)),
        )
    return configs


def _merged(comparison: ComparisonConfig, variant: Variant) -> dict[str, Any]:
    own = {"description": comparison.description, **(variant.model_extra or {})}
    return _laid_over(comparison.base, own) | {"name": f"{comparison.name}: {variant.name}"}


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        # Fields of one method mean nothing to another.
        together = key != "method" and isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = _laid_over(below, value) if together else value  # type: ignore[arg-type]
    return merged


def _problem(problem: Any, index: int, variant: Variant) -> FieldError:
    top = str(problem["loc"][0]) if problem["loc"] else ""
    where = f"variants.{index}" if top in (variant.model_extra or {}) else "base"
    path = ".".join(str(part) for part in problem["loc"])
    return FieldError(f"{where}.{path}", readable_problem(problem["type"], problem["msg"]))


class ComparisonService:
    """Makes and starts the experiments of comparisons."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._experiments = ExperimentService(session, runtime)

    async def create(self, comparison: ComparisonConfig) -> list[Experiment]:
        """Store the experiments of ``comparison``, all or, if one of them cannot be, none.

        Raises:
            InvalidInput: if a field is wrong, or a model, the dataset or the sample size cannot be.
        """
        configs = expand(comparison)
        for config in configs:
            await check_config(self._session, self._runtime, config)
        return [await self._experiments.create(config) for config in configs]
