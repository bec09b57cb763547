"""Comparisons: one description that becomes several experiments, and experiments against a baseline."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.json import JsonObject
from app.domain.provenance import Provenance
from app.domain.scoring import DEFAULT_MARGIN, ScoreFamily
from app.domain.spending import BudgetState
from app.models import Experiment, Result
from app.schemas.common import readable_problem
from app.schemas.comparison import ComparisonConfig, Variant
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.result import Metrics as MetricsOut
from app.schemas.scoring import ORIGINAL
from app.services.comparisons.comparison import Comparison, comparable_scores, compared
from app.services.comparisons.repository import RunArraysRepository
from app.services.comparisons.settling import SettlingService, check_settling
from app.services.comparisons.token_ratio import TokenRatio, against_naive
from app.services.datasets.service import DatasetService
from app.services.evaluation.metrics.stored import metrics_out
from app.services.experiments.budget_repository import BudgetRepository
from app.services.experiments.service import ExperimentService
from app.services.experiments.validation import check_budget, validate
from app.services.results.service import ResultService
from app.services.runtime import Runtime

_MOST_PROBLEMS = 20  # that an answer names
_SHARED = ("dataset", "seed", "repeats")
"""What pairs the questions: a variant that changed it would answer other questions than the baseline."""


@dataclass(frozen=True, slots=True)
class ResultReport:
    """A result as the API shows it.

    Attributes:
        experiment: that was run.
        result: its provenance, and the metrics as stored.
        metrics: described for people.
        tokens_to_naive: tokens against naive prompting; ``None`` if there is no such experiment.
    """

    experiment: Experiment
    result: Result
    metrics: MetricsOut
    tokens_to_naive: TokenRatio | None


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
            problems += [_problem(each, index, variant) for each in error.errors(include_url=False)]
        if len(problems) > _MOST_PROBLEMS:  # fields of the base are wrong in every variant
            break
    if problems:
        found = list(dict.fromkeys(problems))
        raise InvalidInput(
            f"{found[0].field}: {found[0].message}"
            if len(found) == 1
            else f"{len(found)} fields of the comparison are wrong.",
            hint="`errors` names "
            + (f"the first {_MOST_PROBLEMS}." if len(found) > _MOST_PROBLEMS else "each field."),
            errors=found[:_MOST_PROBLEMS],
        )
    return configs


def _merged(comparison: ComparisonConfig, variant: Variant) -> JsonObject:
    own = {"description": comparison.description, **(variant.model_extra or {})}
    return overlaid(comparison.base, own) | {"name": f"{comparison.name}: {variant.name}"}


def overlaid(base: JsonObject, own: JsonObject) -> JsonObject:
    """Return ``base`` with the fields of ``own`` over it; objects in both are merged field by field."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        # A method is replaced as a whole: the fields of one method mean nothing to another.
        if key != "method" and isinstance(value, dict) and isinstance(below, dict):
            merged[key] = overlaid(below, value)
        else:
            merged[key] = value
    return merged


def _problem(problem: ErrorDetails, index: int, variant: Variant) -> FieldError:
    top = str(problem["loc"][0]) if problem["loc"] else ""
    where = f"variants.{index}" if top in (variant.model_extra or {}) else "base"
    path = ".".join(str(part) for part in problem["loc"])
    return FieldError(f"{where}.{path}", readable_problem(problem["type"], problem["msg"]))


class ComparisonService:
    """Creates the experiments of comparisons, and compares experiments."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime
        self._experiments = ExperimentService(session, runtime)
        self._results = ResultService(session)
        self._settling = SettlingService(session)

    async def create(self, comparison: ComparisonConfig) -> list[Experiment]:
        """Store the experiments of ``comparison``: all of them, or none if one is invalid.

        Raises:
            InvalidInput: if a field is wrong, or the model, the dataset or the sample size of one
                experiment is.
        """
        configs = expand(comparison)
        checked = [await validate(self._session, self._runtime, config) for config in configs]
        if comparison.budget is not None:
            for one in checked:
                check_budget(one, comparison.budget.limits)
        if comparison.stop == "all":
            return await self._store(comparison, configs)
        datasets, first = DatasetService(self._session), checked[0]
        _, units = await datasets.sample_at(first.dataset, first.config.dataset.n, first.config.seed, [0])
        check_settling(comparison, configs, units, first.questions)
        experiments = await self._store(comparison, configs)
        await self._settling.store(comparison, experiments)
        return [await self._experiments.get(one.id) for one in experiments]

    async def _store(
        self, comparison: ComparisonConfig, configs: Sequence[ExperimentConfig]
    ) -> list[Experiment]:
        """Store the experiments of a comparison, and the budget that they share."""
        budget_id = None
        if comparison.budget is not None:
            budget_id = uuid.uuid4()
            budget = BudgetState(budget_id, "comparison", comparison.budget.limits, name=comparison.name)
            await BudgetRepository(self._session).open(budget)
        return [await self._experiments.create(config, budget_id=budget_id) for config in configs]

    async def report(self, experiment_id: uuid.UUID, scoring: str = ORIGINAL) -> ResultReport:
        """Return a result with its tokens against naive prompting.

        Raises:
            NotFound: if there is no experiment, no result yet, or no such scoring.
        """
        found = await self._results.result(experiment_id, scoring)
        tokens = await against_naive(self._session, found.experiment)
        return ResultReport(found.experiment, found.result, metrics_out(found.result.metrics), tokens)

    async def compare(
        self,
        ids: Sequence[uuid.UUID],
        margin: float = DEFAULT_MARGIN,
        scorings: Sequence[str] = (),
        family: ScoreFamily = "score",
    ) -> Comparison:
        """Compare experiments with the first of them, on the questions that both answered.

        Args:
            ids: of the experiments.
            margin: the largest difference of a score that does not matter.
            scorings: by which the answers are compared; see ``ResultService.compared``.
            family: see ``compare_experiments``.

        Raises:
            InvalidInput: for fewer than two, or too many, or the same twice.
            NotFound: if one has no result, or no such scoring.
        """
        results = await self._results.compared(ids, scorings)
        scores = comparable_scores([Provenance.from_json(one.result.provenance) for one in results])
        repository = RunArraysRepository(self._session)
        runs = [
            await repository.arrays(one.experiment.id, scores, answers=True, scoring_id=one.scoring_id)
            for one in results
        ]
        settling = await self._settling.shared([one.experiment for one in results])
        # In a thread: resampling 10,000 questions takes tenths of a second.
        return await asyncio.to_thread(compared, results, runs, margin, family, settling)
