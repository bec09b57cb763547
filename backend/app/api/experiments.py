"""Routes of experiments."""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.deps import AnnotationsDep, DispatcherDep, ExperimentsDep, PreviewsDep, WatcherDep
from app.api.errors import body_error_responses, error_responses, stream_error_responses
from app.domain.status import ExperimentStatus
from app.schemas.annotation import Archived, ExperimentChange, Tag
from app.schemas.batch_job import BatchJobOut
from app.schemas.budget import BudgetOut
from app.schemas.common import Page, Text, Words
from app.schemas.experiment import (
    ExperimentCreate,
    ExperimentEvent,
    ExperimentOut,
    ExperimentResume,
    ExperimentSummary,
    FacetsOut,
)
from app.schemas.preview import PreviewOut
from app.schemas.retry import RetryOut
from app.services.experiments.list_repository import ExperimentFilter

router = APIRouter(prefix="/experiments", tags=["experiments"], responses=error_responses(401, 403, 422, 503))

_SORT_HELP = (
    "created_at, name, status, model, method, dataset, finished_at, latency_p50_ms, latency_p95_ms, "
    "cost_usd, tokens_per_answer or the name of a score; - before it: descending."
)
_MAX_POSITION = 2**31 - 1


@router.post("", status_code=201, operation_id="create_experiment", responses=body_error_responses(404))
async def create_experiment(
    body: ExperimentCreate, service: ExperimentsDep, response: Response
) -> ExperimentOut:
    """Store a new experiment, without starting it."""
    experiment = await service.create(body.config, body.parent_id, tags=body.tags)
    response.headers["location"] = f"/api/v1/experiments/{experiment.id}"
    return ExperimentOut.model_validate(experiment)


@router.get("", operation_id="list_experiments")
async def list_experiments(
    service: ExperimentsDep,
    status: Annotated[list[ExperimentStatus], Query(description="Any of these.")] = [],  # noqa: B006
    method: Annotated[list[Text], Query(description="Any of these.")] = [],  # noqa: B006
    model: Annotated[list[Text], Query(description="Any of these.")] = [],  # noqa: B006
    dataset: Annotated[list[Text], Query(description="Any of these.")] = [],  # noqa: B006
    text: Annotated[
        Words, Query(max_length=200, description="All words, in name, description, notes, model or dataset.")
    ] = "",
    tag: Annotated[list[Tag], Query(description="All of these.")] = [],  # noqa: B006
    archived: Annotated[Archived, Query(description="Whether to list archived experiments.")] = "exclude",
    sort: Annotated[str, Query(description=_SORT_HELP)] = "-created_at",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 25,
) -> Page[ExperimentSummary]:
    """List experiments, with the scores of those that have ended."""
    where = ExperimentFilter(
        tuple(status), tuple(method), tuple(model), tuple(dataset), text, tuple(tag), archived
    )
    rows, total = await service.list_page(where, sort, offset, limit)
    items = [ExperimentSummary.model_validate(row) for row in rows]
    return Page(items=items, total=total, offset=offset, limit=limit)


@router.post("/preview", operation_id="preview_experiment", responses=body_error_responses(404))
async def preview_experiment(
    body: ExperimentCreate,
    service: PreviewsDep,
    position: Annotated[
        int, Query(ge=0, le=_MAX_POSITION, description="In the sample, modulo its size.")
    ] = 0,
) -> PreviewOut:
    """Show one prompt as it would be sent, and estimate calls, tokens, cost and time; stores nothing."""
    return await service.preview(body.config, body.parent_id, position)


# Before the routes with an id, which would match "facets" as one.
@router.get("/facets", operation_id="list_facets")
async def list_facets(service: ExperimentsDep) -> FacetsOut:
    """List the methods, models, datasets and tags of all experiments, for filters."""
    return FacetsOut.model_validate(await service.facets())


@router.get("/{experiment_id}", operation_id="get_experiment", responses=error_responses(404))
async def get_experiment(experiment_id: uuid.UUID, service: ExperimentsDep) -> ExperimentOut:
    """Return an experiment with its configuration, progress and provenance."""
    return ExperimentOut.model_validate(await service.get(experiment_id))


@router.patch("/{experiment_id}", operation_id="change_experiment", responses=body_error_responses(404))
async def change_experiment(
    experiment_id: uuid.UUID, body: ExperimentChange, annotations: AnnotationsDep, service: ExperimentsDep
) -> ExperimentOut:
    """Rename, tag, annotate or archive an experiment, at any time; what is measured stays as it is."""
    await annotations.change(experiment_id, body)
    return ExperimentOut.model_validate(await service.get(experiment_id))


@router.delete(
    "/{experiment_id}", status_code=204, operation_id="delete_experiment", responses=error_responses(404)
)
async def delete_experiment(experiment_id: uuid.UUID, service: ExperimentsDep) -> None:
    """Hide an experiment from lists; its data are kept, and it can be restored."""
    await service.delete(experiment_id)


@router.post("/{experiment_id}/restore", operation_id="restore_experiment", responses=error_responses(404))
async def restore_experiment(experiment_id: uuid.UUID, service: ExperimentsDep) -> ExperimentOut:
    """Undo a deletion."""
    return ExperimentOut.model_validate(await service.restore(experiment_id))


@router.post(
    "/{experiment_id}/run",
    status_code=202,
    operation_id="run_experiment",
    responses=error_responses(404, 409),
)
async def start_experiment(experiment_id: uuid.UUID, dispatcher: DispatcherDep) -> ExperimentOut:
    """Start an experiment: it is queued for a worker, or run in this process if there is no queue."""
    return ExperimentOut.model_validate(await dispatcher.start(experiment_id))


@router.post(
    "/{experiment_id}/resume",
    status_code=202,
    operation_id="resume_experiment",
    responses=error_responses(404, 409),
)
async def resume_experiment(
    experiment_id: uuid.UUID, dispatcher: DispatcherDep, wanted: ExperimentResume | None = None
) -> ExperimentOut:
    """Continue an experiment: the same one if it has not ended, else a child of it.

    The child takes over what was answered, and asks for what failed or is missing: of a complete experiment,
    for its failed runs.
    """
    budget = None if wanted is None else wanted.budget
    return ExperimentOut.model_validate(await dispatcher.resume(experiment_id, budget))


@router.post(
    "/{experiment_id}/retry-failed",
    status_code=202,
    operation_id="retry_failed_runs",
    responses=error_responses(404, 409),
)
async def retry_failed_runs(experiment_id: uuid.UUID, dispatcher: DispatcherDep) -> ExperimentOut:
    """Ask again for the failed runs of an experiment that has ended, in place; answered runs stay.

    An experiment that ended early is also asked for the runs that it lacks. What the failed runs were before
    is kept, with who asked for it and when.
    """
    return ExperimentOut.model_validate(await dispatcher.retry_failed(experiment_id))


@router.get("/{experiment_id}/budgets", operation_id="list_budgets", responses=error_responses(404))
async def list_budgets(experiment_id: uuid.UUID, dispatcher: DispatcherDep) -> list[BudgetOut]:
    """List the budgets that count the calls of an experiment, and what was spent of each."""
    return [BudgetOut.model_validate(one) for one in await dispatcher.budgets(experiment_id)]


@router.get("/{experiment_id}/retries", operation_id="list_retries", responses=error_responses(404))
async def list_retries(experiment_id: uuid.UUID, service: ExperimentsDep) -> list[RetryOut]:
    """List the retries of an experiment's failed runs, in order, with what the runs had failed with."""
    return [RetryOut.model_validate(one) for one in await service.retries(experiment_id)]


@router.post(
    "/{experiment_id}/cancel",
    status_code=202,
    operation_id="cancel_experiment",
    responses=error_responses(404, 409),
)
async def cancel_experiment(experiment_id: uuid.UUID, dispatcher: DispatcherDep) -> ExperimentOut:
    """Cancel an experiment, and its provider's batch jobs; what has been answered is kept and aggregated."""
    return ExperimentOut.model_validate(await dispatcher.cancel(experiment_id))


@router.get("/{experiment_id}/batch-jobs", operation_id="list_batch_jobs", responses=error_responses(404))
async def list_batch_jobs(experiment_id: uuid.UUID, service: ExperimentsDep) -> list[BatchJobOut]:
    """List the provider's batch jobs that make the calls of an experiment; none in other modes."""
    return [BatchJobOut.model_validate(job) for job in await service.batch_jobs(experiment_id)]


async def _place(watcher: WatcherDep) -> AsyncIterator[None]:
    # Held until the stream ends, and taken before the database is asked for anything.
    with watcher.place():
        yield


async def _require_experiment(
    experiment_id: uuid.UUID, service: ExperimentsDep, _: Annotated[None, Depends(_place)]
) -> uuid.UUID:
    # Apart from the stream, which must neither begin for what does not exist nor use this session.
    await service.get(experiment_id)
    return experiment_id


@router.get(
    "/{experiment_id}/events",
    operation_id="watch_experiment",
    response_class=EventSourceResponse,
    responses=stream_error_responses(401, 403, 404, 422, 503),
)
async def experiment_events(
    experiment_id: Annotated[uuid.UUID, Depends(_require_experiment)], watcher: WatcherDep
) -> AsyncIterator[ServerSentEvent]:
    """Stream status and progress as server-sent events (`progress`), until the experiment has ended."""
    async for state in watcher.watch(experiment_id):
        body = ExperimentEvent.model_validate(state)
        yield ServerSentEvent(event="progress", data=body.model_dump(mode="json"))
