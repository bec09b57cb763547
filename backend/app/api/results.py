"""Routes of results and runs."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from app.api.convert import result_out, run_out, run_summary
from app.api.deps import ResultsDep, RuntimeDep
from app.api.errors import error_responses
from app.schemas.common import KeysetPage
from app.schemas.result import (
    Compared,
    ComparisonOut,
    Metrics,
    ResultOut,
    RunOut,
    RunSummary,
    ScoreDifference,
)
from app.services.experiments.export import MEDIA_TYPES, ExportFormat, export_runs
from app.services.experiments.run_repository import RunFilter

_MAX_ID = 2**63 - 1

router = APIRouter(prefix="/results", tags=["results"], responses=error_responses(401, 403, 404, 422, 503))


# Before the routes with an id, which would take "compare" for one.
@router.get("/compare", operation_id="compare_results")
async def compare_results(
    service: ResultsDep,
    ids: Annotated[list[uuid.UUID], Query(description="Two or more; the first is the baseline.")],
) -> ComparisonOut:
    """Put experiments side by side, with differences on the questions that both answered."""
    pairs, differences, warnings = await service.compare(ids)
    experiments = [
        Compared(
            experiment_id=experiment.id,
            name=experiment.name,
            status=experiment.status,
            model=experiment.model,
            method=experiment.method,
            dataset=experiment.dataset_name,
            dataset_version=experiment.provenance["dataset"]["version"],
            seed=experiment.config["seed"],
            metrics=Metrics.model_validate(result.metrics),
        )
        for experiment, result in pairs
    ]
    return ComparisonOut(
        baseline_id=ids[0],
        experiments=experiments,
        differences=[ScoreDifference.model_validate(difference) for difference in differences],
        warnings=warnings,
    )


@router.get("/{experiment_id}", operation_id="get_result")
async def get_result(experiment_id: uuid.UUID, service: ResultsDep) -> ResultOut:
    """Return the result: metrics, configuration, provenance."""
    return result_out(*await service.result(experiment_id))


@router.get("/{experiment_id}/metrics", operation_id="get_metrics")
async def get_metrics(experiment_id: uuid.UUID, service: ResultsDep) -> Metrics:
    """Return the metrics alone."""
    _, result = await service.result(experiment_id)
    return Metrics.model_validate(result.metrics)


@router.get("/{experiment_id}/runs", operation_id="list_runs")
async def list_runs(
    experiment_id: uuid.UUID,
    service: ResultsDep,
    where: Annotated[RunFilter, Query(alias="filter")] = "all",
    sort: Annotated[str, Query(description="order, latency_ms, f1; - before it: descending.")] = "order",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> KeysetPage[RunSummary]:
    """List runs, in the order in which they were stored, or by latency or F1."""
    rows, total, following = await service.runs(experiment_id, where, sort, cursor, limit)
    return KeysetPage(items=[run_summary(run, example) for run, example in rows], total=total, next=following)


@router.get("/{experiment_id}/runs/{run_id}", operation_id="get_run")
async def get_run(
    experiment_id: uuid.UUID, run_id: Annotated[int, Path(ge=1, le=_MAX_ID)], service: ResultsDep
) -> RunOut:
    """Return one run with every call, as sent and as answered."""
    return run_out(*await service.run(experiment_id, run_id))


@router.get(
    "/{experiment_id}/export",
    operation_id="export_runs",
    response_class=StreamingResponse,
    responses={200: {"description": "The file, streamed.", "content": {t: {} for t in MEDIA_TYPES.values()}}},
)
async def export_results(
    experiment_id: uuid.UUID,
    service: ResultsDep,
    runtime: RuntimeDep,
    fmt: Annotated[ExportFormat, Query(alias="format")] = "jsonl",
) -> StreamingResponse:
    """Download all runs with questions, answers, scores and calls."""
    await service.experiment(experiment_id)
    return StreamingResponse(
        export_runs(runtime.sessions, experiment_id, fmt),
        media_type=MEDIA_TYPES[fmt],
        headers={"content-disposition": f'attachment; filename="experiment-{experiment_id}.{fmt}"'},
    )
