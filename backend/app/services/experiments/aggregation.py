"""Aggregating the stored runs of an experiment to its result."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.domain.metrics import RunContext, RunFacts
from app.domain.provenance import Provenance
from app.domain.run import LEFT_OUT
from app.models import Experiment, Result
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.retries import as_provenance
from app.services.experiments.retry_repository import RetryRepository
from app.services.runs.repository import RunRepository
from app.services.runs.result_repository import ResultRepository
from app.services.runs.shared_expense_repository import shared_expense


async def aggregate(
    session: AsyncSession,
    experiment_id: uuid.UUID,
    wall_s: float | None,
    facts: Sequence[RunFacts] | None = None,
) -> Result | None:
    """Compute the result of an experiment from its runs and store it, in place of an earlier one.

    The caller commits. Returns ``None``, and stores nothing, if there is no run yet.

    Args:
        session: of the database.
        experiment_id: of which experiment.
        wall_s: seconds between its first and last run; ``None`` if unknown.
        facts: of all its runs, if the caller has read them; they are read otherwise.
    """
    experiment = await ExperimentRepository(session).get(experiment_id, deleted=True)
    facts = await RunRepository(session).facts(experiment_id) if facts is None else facts
    if experiment is None or not facts:
        return None
    context = await run_context(session, experiment, wall_s)
    metrics = compute_metrics(facts, context)
    found = [kind.removeprefix(LEFT_OUT) for kind in metrics.warnings if kind.startswith(LEFT_OUT)]
    provenance = experiment.provenance
    if made := await RetryRepository(session).of(experiment_id):
        provenance = {**provenance, "retries": [as_provenance(one) for one in made]}
    if found:
        provenance = {**provenance, "left_out": sorted({*provenance.get("left_out", ()), *found})}
    return await ResultRepository(session).replace(experiment_id, metrics.as_dict(), provenance)


async def scoring_metrics(session: AsyncSession, experiment: Experiment, scoring_id: uuid.UUID) -> JsonObject:
    """Return the metrics of an experiment's runs with the scores of one of its scorings.

    Args:
        session: of the database.
        experiment: with its result, if it has one.
        scoring_id: whose scores count.
    """
    facts = await RunRepository(session).facts(experiment.id, scoring_id)
    wall_s = None if experiment.result is None else experiment.result.metrics.get("wall_s")
    return compute_metrics(facts, await run_context(session, experiment, wall_s)).as_dict()


async def run_context(session: AsyncSession, experiment: Experiment, wall_s: float | None) -> RunContext:
    """Return what the metrics of an experiment are computed from beside its runs.

    Args:
        session: of the database.
        experiment: whose metrics they are.
        wall_s: seconds between its first and last run; ``None`` if unknown.
    """
    grouped = (experiment.config.get("execution") or {}).get("mode") == "batched"
    return RunContext(
        planned=experiment.total,
        wall_s=wall_s,
        parameters=Provenance.from_json(experiment.provenance).model_parameters,
        seed=experiment.seed,
        shared=await shared_expense(session, experiment.id) if grouped else None,
        superseded=await RetryRepository(session).superseded(experiment.id),
    )
