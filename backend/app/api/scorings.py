"""Routes of scorings: stored outputs that are scored again."""

import uuid

from fastapi import APIRouter

from app.api.deps import ScoringsDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.scoring import ScoringCreate, ScoringOut, ScoringsOut

router = APIRouter(
    prefix="/experiments/{experiment_id}/scorings",
    tags=["results"],
    responses=error_responses(401, 403, 404, 422, 503),
)


@router.post("", status_code=202, operation_id="create_scoring", responses=body_error_responses(409))
async def create_scoring(experiment_id: uuid.UUID, body: ScoringCreate, service: ScoringsDep) -> ScoringOut:
    """Score the stored outputs of an experiment again, without asking its model; the original scores stay.

    A scoring of the same name and request that lacks runs, or has failed, goes on.
    """
    return await service.create(experiment_id, body)


@router.get("", operation_id="list_scorings")
async def list_scorings(experiment_id: uuid.UUID, service: ScoringsDep) -> ScoringsOut:
    """List the scorings of an experiment beside the original one, and what could be scored again."""
    return await service.list_all(experiment_id)


@router.get("/{name}", operation_id="get_scoring")
async def get_scoring(experiment_id: uuid.UUID, name: str, service: ScoringsDep) -> ScoringOut:
    """Return one scoring; also while it is being made."""
    return await service.get(experiment_id, name)


@router.delete("/{name}", status_code=204, operation_id="delete_scoring")
async def delete_scoring(experiment_id: uuid.UUID, name: str, service: ScoringsDep) -> None:
    """Remove a scoring; the original scores and all runs stay."""
    await service.delete(experiment_id, name)
