"""Routes of optimisation matrices."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.deps import DispatcherDep, MatricesDep, MatrixPlansDep, MatrixReportsDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.common import Page
from app.schemas.experiment import ExperimentOut
from app.schemas.matrix import (
    MatrixCreate,
    MatrixOut,
    MatrixPlan,
    MatrixPlanOut,
    MatrixSummary,
    NextTrialOut,
)
from app.services.matrices.markdown import markdown_of
from app.services.matrices.report import summary_of

router = APIRouter(prefix="/matrices", tags=["matrices"], responses=error_responses(401, 403, 422, 503))


@router.post("", status_code=201, operation_id="create_matrix", responses=body_error_responses(409))
async def create_matrix(body: MatrixCreate, service: MatricesDep, response: Response) -> MatrixSummary:
    """Store a matrix without starting it, or return the newest one with the same content."""
    stored = await service.find_or_create(body.config, anew=body.anew)
    response.headers["location"] = f"/api/v1/matrices/{stored.matrix.id}"
    return summary_of(stored)


@router.post("/plan", operation_id="plan_matrix", responses=body_error_responses(404))
async def plan_matrix(body: MatrixPlan, plans: MatrixPlansDep) -> MatrixPlanOut:
    """Estimate calls, tokens, cost and time of a matrix; stores nothing, calls no model."""
    return await plans.plan(body.config)


@router.get("", operation_id="list_matrices", responses=error_responses(409))
async def list_matrices(
    service: MatricesDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 25,
) -> Page[MatrixSummary]:
    """List matrices, the newest first."""
    rows, total = await service.list_page(offset, limit)
    return Page(items=[summary_of(row) for row in rows], total=total, offset=offset, limit=limit)


@router.get("/{matrix_id}", operation_id="get_matrix", responses=error_responses(404, 409))
async def get_matrix(matrix_id: uuid.UUID, service: MatricesDep, reports: MatrixReportsDep) -> MatrixOut:
    """Return a matrix with what each cell is worth, as far as it has been run."""
    return await reports.report(await service.get(matrix_id))


@router.get(
    "/{matrix_id}/markdown",
    operation_id="export_matrix",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"text/markdown": {}}},
        **error_responses(404, 409),
    },
)
async def export_matrix(matrix_id: uuid.UUID, service: MatricesDep, reports: MatrixReportsDep) -> Response:
    """Return a matrix as Markdown: tables, advice, and what failed."""
    text = markdown_of(await reports.report(await service.get(matrix_id)))
    return Response(text, media_type="text/markdown")


@router.delete(
    "/{matrix_id}", status_code=204, operation_id="delete_matrix", responses=error_responses(404, 409)
)
async def delete_matrix(matrix_id: uuid.UUID, service: MatricesDep) -> None:
    """Hide a matrix; its experiments stay."""
    await service.delete(matrix_id)


@router.post(
    "/{matrix_id}/next",
    status_code=202,
    operation_id="run_next_trial",
    responses=error_responses(404, 409),
)
async def run_next_trial(
    matrix_id: uuid.UUID, service: MatricesDep, dispatcher: DispatcherDep
) -> NextTrialOut:
    """Start the trial whose turn it is, unless one is at work: trials run one at a time."""
    found = await service.run_next(matrix_id, dispatcher)
    trial = found.trial
    return NextTrialOut(
        method=trial.method if trial else None,
        optimisation=trial.optimisation if trial else None,
        round=trial.round if trial else None,
        experiment=ExperimentOut.model_validate(found.experiment) if found.experiment else None,
        ended=found.ended,
        total=found.total,
    )


@router.post(
    "/{matrix_id}/retry",
    operation_id="retry_failed_trials",
    responses=error_responses(404, 409),
)
async def retry_failed_trials(matrix_id: uuid.UUID, service: MatricesDep) -> MatrixSummary:
    """Make trials that failed, were cancelled or refused wait again; starts none."""
    await service.forget_failed(matrix_id)
    return summary_of(await service.get(matrix_id))
