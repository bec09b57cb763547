"""Tokens per question of a method, divided by those of naive prompting."""

import asyncio
import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Experiment
from app.services.comparisons.compare import compare_quantity
from app.services.comparisons.repository import RunArraysRepository
from app.services.evaluation.statistics.quantity import QuantityDifference
from app.services.experiments.repository import ExperimentRepository

_NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class TokenRatio:
    """Tokens per question against those of a naive experiment, on the questions that both answered."""

    experiment_id: uuid.UUID
    name: str
    tokens: QuantityDifference


async def against_naive(session: AsyncSession, experiment: Experiment) -> TokenRatio | None:
    """Compare with the newest naive experiment that has the same model, dataset and seed, if there is one."""
    if experiment.method == _NAIVE:
        return None
    naive = await ExperimentRepository(session).newest_like(experiment, _NAIVE)
    if naive is None:
        return None
    repository = RunArraysRepository(session)
    baseline, own = await repository.arrays(naive.id, []), await repository.arrays(experiment.id, [])
    tokens = (await asyncio.to_thread(compare_quantity, baseline, own, "tokens")).paired
    return None if tokens is None else TokenRatio(naive.id, naive.name, tokens)
