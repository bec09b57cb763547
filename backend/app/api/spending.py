"""Routes of what was spent."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.deps import SpendingDep
from app.api.errors import error_responses
from app.schemas.spending import SpendingOut
from app.services.monitoring.spending import DEFAULT_DAYS, as_csv

router = APIRouter(prefix="/spending", tags=["spending"], responses=error_responses(401, 403, 422, 503))

_CSV = "text/csv; charset=utf-8"
Since = Annotated[
    date | None,
    Query(description=f"The first day (UTC); {DEFAULT_DAYS} days in all if left out."),
]
Until = Annotated[date | None, Query(description="The last day (UTC); today if left out.")]


@router.get("", operation_id="get_spending")
async def get_spending(service: SpendingDep, since: Since = None, until: Until = None) -> SpendingOut:
    """Return what the runs of a period have taken, by day, model and method, and what the cache has saved."""
    return await service.spending(since, until)


@router.get(
    "/export",
    operation_id="export_spending",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {_CSV: {}}}},
)
async def export_spending(service: SpendingDep, since: Since = None, until: Until = None) -> Response:
    """Download what the runs of a period have taken, by day, model and method, as CSV."""
    spending = await service.spending(since, until)
    name = f"spending-{spending.since}-{spending.until}.csv"
    return Response(
        as_csv(spending),
        media_type=_CSV,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
