"""The route of the overview."""

from fastapi import APIRouter

from app.api.deps import RuntimeDep, SessionDep
from app.api.errors import error_responses
from app.schemas.catalog import OverviewOut
from app.services.monitoring.overview import count_all

router = APIRouter(prefix="/overview", tags=["overview"], responses=error_responses(401, 403, 503))


@router.get("", operation_id="get_overview")
async def get_overview(session: SessionDep, runtime: RuntimeDep) -> OverviewOut:
    """Count experiments, runs, datasets and usable models."""
    return await count_all(session, runtime)
