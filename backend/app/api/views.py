"""Routes of saved views of the list of experiments."""

import uuid

from fastapi import APIRouter

from app.api.deps import SavedViewsDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.saved_view import SavedViewChange, SavedViewIn, SavedViewOut

router = APIRouter(prefix="/views", tags=["experiments"], responses=error_responses(401, 403, 422, 503))


@router.get("", operation_id="list_views")
async def list_views(service: SavedViewsDep) -> list[SavedViewOut]:
    """List the saved views of the list of experiments, by name."""
    return [SavedViewOut.model_validate(one) for one in await service.all()]


@router.post("", status_code=201, operation_id="create_view", responses=body_error_responses(409))
async def create_view(body: SavedViewIn, service: SavedViewsDep) -> SavedViewOut:
    """Save filters, order and columns under a name, for everybody who uses this API."""
    return SavedViewOut.model_validate(await service.add(body))


@router.patch("/{view_id}", operation_id="change_view", responses=body_error_responses(404, 409))
async def change_view(view_id: uuid.UUID, body: SavedViewChange, service: SavedViewsDep) -> SavedViewOut:
    """Rename a view, or change what it shows."""
    return SavedViewOut.model_validate(await service.change(view_id, body))


@router.delete("/{view_id}", status_code=204, operation_id="delete_view", responses=error_responses(404))
async def delete_view(view_id: uuid.UUID, service: SavedViewsDep) -> None:
    """Delete a view; experiments stay."""
    await service.remove(view_id)
