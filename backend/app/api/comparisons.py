"""Routes of comparisons."""

import uuid

from fastapi import APIRouter

from app.api.deps import ComparisonsDep, DispatcherDep, PreviewsDep, ResumingDep, SettlingDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.budget import ComparisonResume
from app.schemas.comparison import ComparisonCreate, ComparisonCreated, ComparisonEstimate, Settling
from app.schemas.experiment import ExperimentOut
from app.services.comparisons.estimating import estimate_comparison

router = APIRouter(prefix="/comparisons", tags=["comparisons"], responses=error_responses(401, 403, 422, 503))


@router.post("", status_code=201, operation_id="create_comparison", responses=body_error_responses(404, 409))
async def create_comparison(
    body: ComparisonCreate,
    comparisons: ComparisonsDep,
    dispatcher: DispatcherDep,
) -> ComparisonCreated:
    """Store the experiments of a comparison and, unless `run` is false, start them in their order."""
    rows = await comparisons.create(body.config)
    if body.run:
        rows = [await dispatcher.start(row.id) for row in rows]
    return ComparisonCreated(
        ids=[row.id for row in rows], experiments=[ExperimentOut.model_validate(row) for row in rows]
    )


@router.post("/estimate", operation_id="estimate_comparison", responses=body_error_responses(404))
async def estimate(body: ComparisonCreate, previews: PreviewsDep) -> ComparisonEstimate:
    """Estimate calls, tokens and cost of the experiments of a comparison; stores nothing."""
    return await estimate_comparison(previews, body.config)


@router.post(
    "/budgets/{budget_id}/resume",
    status_code=202,
    operation_id="resume_comparison",
    responses=body_error_responses(404, 409),
)
async def resume_comparison(
    budget_id: uuid.UUID, body: ComparisonResume, resuming: ResumingDep
) -> ComparisonCreated:
    """Continue all experiments that share a budget, and have not completed, with a larger one.

    Each goes on in a child, which takes over what was answered. Those that are complete, or have not ended,
    are in the answer, too: it is what is to be compared.
    """
    limits = None if body.budget is None else body.budget.limits
    experiments = await resuming.resume(budget_id, limits)
    return ComparisonCreated(
        ids=[one.id for one in experiments],
        experiments=[ExperimentOut.model_validate(one) for one in experiments],
    )


@router.get("/{comparison_id}/settling", operation_id="get_settling", responses=error_responses(404))
async def get_settling(comparison_id: uuid.UUID, settling: SettlingDep) -> Settling:
    """Return how far a comparison is that ends as soon as it is settled; also while it runs."""
    return await settling.get(comparison_id)
