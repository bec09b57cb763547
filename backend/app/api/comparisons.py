"""Routes of comparisons."""

from fastapi import APIRouter

from app.api.convert import experiment_out
from app.api.deps import ComparisonsDep, DispatcherDep
from app.api.errors import error_responses
from app.schemas.comparison import ComparisonCreate, ComparisonCreated

router = APIRouter(prefix="/comparisons", tags=["comparisons"], responses=error_responses(401, 403, 422, 503))


@router.post("", status_code=201, operation_id="create_comparison", responses=error_responses(404, 409, 413))
async def create_comparison(
    body: ComparisonCreate,
    comparisons: ComparisonsDep,
    dispatcher: DispatcherDep,
) -> ComparisonCreated:
    """Store the experiments of a comparison and, unless told otherwise, queue them in their order."""
    rows = await comparisons.create(body.config)
    if body.run:
        rows = [await dispatcher.start(row.id) for row in rows]
    return ComparisonCreated(
        ids=[row.id for row in rows], experiments=[experiment_out(row, None) for row in rows]
    )
