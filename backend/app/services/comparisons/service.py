"""Comparisons: one description that becomes several experiments, and experiments held against each other."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.models import Experiment, Result
from app.schemas.common import readable_problem
from app.schemas.comparison import ComparisonConfig, Variant
from app.schemas.experiment_config import ExperimentConfig
from app.services.comparisons.compare import ExperimentComparison, best_of, compare_experiments
from app.services.comparisons.repository import RunArraysRepository
from app.services.comparisons.token_ratio import TokenRatio, against_naive
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import resolve
from app.services.results.service import ResultService
from app.services.runtime import Runtime

_SHARED = ("dataset", "seed", "repeats")
"""What pairs the questions: a variant that changed it would be compared with other questions."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Experiments held against the first of them.

    Attributes:
        pairs: the experiments with their results; the first is the baseline.
        arms: each other experiment against it.
        best: by score, the ids of the best and of all that cannot be told from it.
        warnings: what makes them less comparable.
    """

    pairs: list[tuple[Experiment, Result]]
    arms: list[ExperimentComparison]
    best: dict[str, list[str]]
    warnings: list[str]


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
    """Makes the experiments of comparisons, and compares experiments."""

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
            await resolve(self._session, self._runtime, config)
        return [await self._experiments.create(config) for config in configs]

    async def against_naive(self, experiment: Experiment) -> TokenRatio | None:
        """Return what an experiment costs in tokens against naive prompting, if that was tried."""
        return await against_naive(self._session, experiment)

    async def compare(self, ids: Sequence[uuid.UUID]) -> Compared:
        """Compare experiments with the first of them, on the questions that both answered.

        Raises:
            InvalidInput: for fewer than two, or too many, or the same twice.
            NotFound: if one has no result.
        """
        pairs = await ResultService(self._session).compared(ids)
        experiments = [experiment for experiment, _ in pairs]
        versions = [experiment.provenance["scorers"] for experiment in experiments]
        names = [name for name in versions[0] if all(name in other for other in versions)]
        scores = [name for name in names if len({other[name] for other in versions}) == 1]
        arms = [await RunArraysRepository(self._session).arm(one, scores) for one in ids]
        # Resampling 10,000 questions takes tenths of a second: the loop answers others meanwhile.
        found = await asyncio.to_thread(compare_experiments, arms[0], arms[1:], scores)
        named = {str(one): arm for one, arm in zip(ids, arms, strict=True)}
        best = await asyncio.to_thread(lambda: {name: best_of(named, name) for name in scores})
        return Compared(pairs, found, best, _warnings(experiments, scores))


def _warnings(experiments: Sequence[Experiment], comparable: Sequence[str]) -> list[str]:
    def differ(what: str, values: Sequence[Any]) -> list[str]:
        return [f"{what} differ: {', '.join(map(str, values))}."] if len(set(values)) > 1 else []

    datasets = [e.provenance["dataset"] for e in experiments]
    warnings = differ("Datasets", [d["name"] for d in datasets])
    if not warnings:
        warnings = differ(f"Versions of {datasets[0]['name']}", [d["version"] for d in datasets])
    warnings += differ("Seeds", [e.config["seed"] for e in experiments])
    scorers = [e.provenance["scorers"] for e in experiments]
    # What only some methods are scored by, such as retrieval, is no difference of versions.
    for name in sorted(set.intersection(*(set(one) for one in scorers))):
        if name not in comparable:
            versions = ", ".join(str(one[name]) for one in scorers)
            warnings.append(f"Scorer versions of {name} differ: {versions}; not compared.")
    return warnings
