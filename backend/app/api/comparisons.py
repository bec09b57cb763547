"""Routes of comparisons."""

from fastapi import APIRouter, BackgroundTasks

from app.api.deps import ComparisonsDep, ExperimentsDep, RuntimeDep
from app.api.errors import error_responses
from app.schemas.comparison import ComparisonCreate, ComparisonCreated
from app.schemas.experiment import ExperimentOut
from app.services.execution.executor import run_experiment

router = APIRouter(prefix="/comparisons", tags=["comparisons"], responses=error_responses(401, 403, 422, 503))


@router.post("", status_code=201, operation_id="create_comparison", responses=error_responses(404, 409, 413))
async def create_comparison(
    body: ComparisonCreate,
    comparisons: ComparisonsDep,
    experiments: ExperimentsDep,
    runtime: RuntimeDep,
    background: BackgroundTasks,
) -> ComparisonCreated:
    """Store the experiments of a comparison and, unless `run` is false, start them in their order."""
    rows = await comparisons.create(body.config)
    if body.run:
        started = [await experiments.start(row.id) for row in rows]
        rows = [row for row, _ in started]
        for row, queued in started:
            if not queued:
                background.add_task(run_experiment, runtime, row.id, "in_process")
    return ComparisonCreated(
        ids=[row.id for row in rows], experiments=[ExperimentOut.model_validate(row) for row in rows]
    )
