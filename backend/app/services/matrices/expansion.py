"""From a matrix's configuration to its trials, in the order in which they are run: pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pydantic import ValidationError

from app.core.errors import FieldError, InvalidInput
from app.domain.json import JsonObject
from app.schemas.common import readable_problem
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.matrix_config import MatrixConfig, MatrixMethod, Optimisation
from app.services.comparisons.service import overlaid

_OWN = ("name", "execution", "concurrency", "cache", "repeats", "workers")
"""What the matrix decides, and neither base nor methods may."""
_SHARED = ("dataset", "seed")
_WORKERS = 1
"""Workers of a trial: with more of them the speed would depend on how many happen to be idle."""


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One cell in one round; ``round`` counts from 1."""

    method: str
    optimisation: str
    round: int


def order_of_trials(config: MatrixConfig, seed: int) -> list[PlannedTrial]:
    """Return all trials in their order.

    Within a round those of one method follow each other, so that each is near to its baseline in time. The
    methods take turns in being first, and the order of the optimisations is drawn anew for each method and
    round, so that a machine that slows down or speeds up favours none. The warm trial follows its cold one
    at once.
    """
    trials: list[PlannedTrial] = []
    names = [one.name for one in config.methods]
    warm = config.warm
    for number in range(1, config.rounds + 1):
        first = (number - 1) % len(names)
        for method in names[first:] + names[:first]:
            rng = Random(f"{seed}/{number}/{method}")  # noqa: S311 - an order, no secret
            drawn = [one for one in config.optimisations if one is not warm]
            rng.shuffle(drawn)
            for one in drawn:
                trials.append(PlannedTrial(method, one.name, number))
                if one.cache == "cold" and warm is not None:
                    trials.append(PlannedTrial(method, warm.name, number))
    return trials


def experiment_of(config: MatrixConfig, trial: PlannedTrial, scope: str) -> ExperimentConfig:
    """Return the experiment of a trial.

    Args:
        config: of the matrix.
        trial: one of its trials.
        scope: the name under which its answers are stored, and looked for.

    Raises:
        InvalidInput: names each wrong field as ``base.…``, ``methods.N.…`` or ``optimisations.N.…``.
    """
    method = next(one for one in config.methods if one.name == trial.method)
    way = next(one for one in config.optimisations if one.name == trial.optimisation)
    merged = overlaid(config.base, method.model_extra or {}) | {
        "name": f"{config.name}: {method.name}, {way.name}, round {trial.round}",
        "description": config.description,
        "execution": way.execution.model_dump(mode="json") | {"cache_scope": scope},
        "concurrency": way.concurrency,
        "cache": way.cache != "none",
        "workers": _WORKERS,
    }
    try:
        return ExperimentConfig.model_validate(merged)
    except ValidationError as error:
        problems = [
            FieldError(
                _where([str(part) for part in each["loc"]], config, method, way),
                readable_problem(each["type"], each["msg"]),
            )
            for each in error.errors(include_url=False)
        ]
        raise _refused(problems) from error


def check(config: MatrixConfig) -> list[ExperimentConfig]:
    """Return the experiments of one round, in the order of methods and optimisations.

    Raises:
        InvalidInput: if one of them is not valid; names the fields.
    """
    problems = [
        FieldError(f"base.{field}", "is chosen by the matrix") for field in _OWN if field in config.base
    ]
    for index, method in enumerate(config.methods):
        given = method.model_extra or {}
        problems += [
            FieldError(f"methods.{index}.{field}", "is chosen by the matrix")
            for field in _OWN[1:]
            if field in given
        ]
        problems += [
            FieldError(f"methods.{index}.{field}", "belongs to base: all methods answer the same questions")
            for field in _SHARED
            if field in given
        ]
    if problems:
        raise _refused(problems)
    return [
        experiment_of(config, PlannedTrial(method.name, way.name, 1), "check")
        for method in config.methods
        for way in config.optimisations
    ]


def _where(path: list[str], config: MatrixConfig, method: MatrixMethod, way: Optimisation) -> str:
    top = path[0] if path else ""
    place = "base"
    if top in {"execution", "concurrency"}:
        place = f"optimisations.{config.optimisations.index(way)}"
    elif top in (method.model_extra or {}):
        place = f"methods.{config.methods.index(method)}"
    return ".".join([place, *path])


def _refused(problems: Sequence[FieldError]) -> InvalidInput:
    first = problems[0]
    message = f"{first.field}: {first.message}"
    if len(problems) > 1:
        message = f"{len(problems)} fields of the matrix are wrong."
    return InvalidInput(message, hint="`errors` names each field.", errors=list(problems))


def pinned(config: JsonObject, version: str) -> JsonObject:
    """Return a matrix's configuration with the version of the dataset that all of its trials are to use."""
    return overlaid(config, {"base": {"dataset": {"version": version}}})
