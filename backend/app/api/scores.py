"""The route of the scores that exist."""

from fastapi import APIRouter

from app.api.deps import RuntimeDep
from app.api.errors import error_responses
from app.schemas.score import ScoreOut
from app.services.evaluation.scorers.registry import SCORERS

router = APIRouter(prefix="/scores", tags=["results"], responses=error_responses(401, 403))


@router.get("", operation_id="list_scores")
async def list_scores(runtime: RuntimeDep) -> list[ScoreOut]:
    """List all scores with what they measure, in the order in which they are shown."""
    SCORERS.load_own(runtime.settings.scorers_dir)
    return [ScoreOut.model_validate(score) for score in SCORERS.descriptions()]
