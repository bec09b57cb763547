"""Routes of people's labels."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from app.api.deps import LabelQueueDep, LabelsDep, LabelSummariesDep, Scorings
from app.api.errors import error_responses
from app.schemas.common import Text
from app.schemas.label import (
    MOST_LABELS,
    LabelIn,
    Labeller,
    LabelOut,
    LabelSummaryOut,
    QueueOut,
)
from app.services.labels.queue import QueueOrder

_MAX_ID = 2**63 - 1
Ids = Annotated[
    list[uuid.UUID], Query(min_length=1, max_length=12, description="Experiments; the first is the baseline.")
]

router = APIRouter(prefix="/labels", tags=["labels"], responses=error_responses(401, 403, 404, 422, 503))


@router.get("", operation_id="list_labels")
async def list_labels(service: LabelsDep, ids: Ids) -> list[LabelOut]:
    """List all labels of the runs of these experiments, in the order of their questions."""
    return [LabelOut.model_validate(one) for one in await service.list(ids)]


@router.put("", operation_id="put_labels", status_code=204)
async def put_labels(
    service: LabelsDep, labels: Annotated[list[LabelIn], Body(min_length=1, max_length=MOST_LABELS)]
) -> None:
    """Store labels, all or none; each takes the place of the same person's label of the same run."""
    await service.put(labels)


@router.get("/queue", operation_id="get_label_queue")
async def get_label_queue(
    service: LabelQueueDep,
    ids: Ids,
    labeller: Annotated[Labeller, Query()],
    order: Annotated[
        QueueOrder,
        Query(
            description="random: what estimates need; doubtful: those first on which scores or experiments "
            "differ, or of which a score is unsure."
        ),
    ] = "random",
    score: Annotated[
        Text, Query(min_length=1, max_length=100, description="By which experiments differ.")
    ] = "exact_match",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> QueueOut:
    """Return the next answers that a person has not labelled, without what would tell whose they are."""
    return QueueOut.model_validate(await service.next(ids, order, labeller, score, limit))


@router.get("/summary", operation_id="get_label_summary")
async def get_label_summary(
    service: LabelSummariesDep,
    ids: Ids,
    scoring: Scorings = [],  # noqa: B006
) -> LabelSummaryOut:
    """Return what labels say: accuracy corrected by them, and who agrees with whom."""
    return LabelSummaryOut.model_validate(await service.summary(ids, scoring))


@router.delete("/{run_id}", operation_id="remove_label", status_code=204)
async def remove_label(
    run_id: Annotated[int, Path(ge=1, le=_MAX_ID)],
    service: LabelsDep,
    labeller: Annotated[Labeller, Query()],
) -> None:
    """Remove one person's label of a run."""
    await service.remove(run_id, labeller)
