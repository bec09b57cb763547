"""The route of bundles."""

import uuid
from collections.abc import Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.api.deps import BundlesDep, Family, Scorings
from app.api.errors import error_responses
from app.domain.scoring import DEFAULT_MARGIN
from app.services.bundles.service import Bundling

_ZIP = "application/zip"
_PIECE = 1 << 18  # bytes

router = APIRouter(prefix="/bundles", tags=["results"], responses=error_responses(401, 403, 404, 422))


@router.get(
    "",
    operation_id="export_bundle",
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {_ZIP: {}}}},
)
async def export_bundle(
    *,
    service: BundlesDep,
    ids: Annotated[
        list[uuid.UUID],
        Query(description="Up to 12; of several, the first is the baseline.", min_length=1, max_length=12),
    ],
    scoring: Scorings = [],  # noqa: B006
    dataset: Annotated[
        bool,
        Query(description="With questions, accepted answers and prompts; else with their hashes alone."),
    ] = True,
    margin: Annotated[
        float,
        Query(gt=0, le=1, allow_inf_nan=False, description="The largest difference that does not matter."),
    ] = DEFAULT_MARGIN,
    family: Family = "score",
) -> StreamingResponse:
    """Return experiments with all that their numbers are computed from; `llmforge verify` reads it."""
    file = await service.bundle(Bundling(ids, scoring, dataset, margin, family))
    return StreamingResponse(
        _pieces(file),
        media_type=_ZIP,
        headers={"content-disposition": f'attachment; filename="bundle-{str(ids[0])[:8]}.zip"'},
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
