"""Counts of experiments, runs, datasets and models."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.status import ExperimentStatus
from app.schemas.catalog import OverviewOut
from app.services.datasets.repository import DatasetRepository
from app.services.experiments.repository import ExperimentRepository
from app.services.monitoring.model_check import state_of
from app.services.runtime import Runtime


async def count_all(session: AsyncSession, runtime: Runtime) -> OverviewOut:
    """Return the counts of the overview page."""
    experiments = ExperimentRepository(session)
    counts = await experiments.counts_by_status()
    runs, failed = await experiments.count_runs()
    models = runtime.models()
    return OverviewOut(
        experiments=sum(counts.values()),
        by_status={status.value: counts.get(status, 0) for status in ExperimentStatus},
        runs=runs,
        failed_runs=failed,
        datasets=len(await DatasetRepository(session).names()),
        models_ready=sum(state_of(models, spec.name).state == "ready" for spec in models.catalog.models),
    )
