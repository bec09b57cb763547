"""Routes of storage."""

from fastapi import APIRouter

from app.api.deps import StorageDep
from app.api.errors import body_error_responses, error_responses
from app.schemas.storage import PruneIn, PruneOut, StorageOut

router = APIRouter(prefix="/storage", tags=["storage"], responses=error_responses(401, 403, 503))


@router.get("", operation_id="get_storage")
async def get_storage(service: StorageDep) -> StorageOut:
    """Return what takes space, in the database and on the machine of the API."""
    return await service.measure()


@router.post("/prune", operation_id="prune_storage", responses=body_error_responses(422))
async def prune_storage(body: PruneIn, service: StorageDep) -> PruneOut:
    """Remove what is old and no longer needed, for good; unless `dry_run` is false, only say what that is.

    Postgres uses the space of removed rows again; it gives it back to the disk only in parts.
    """
    return await service.prune(body)
