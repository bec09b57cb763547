"""The end of a retry in place: what was not asked again is put back."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.json import JsonObject
from app.domain.progress import Ending
from app.domain.status import ExperimentStatus
from app.models import Retry
from app.services.experiments.retry_repository import RetryRepository


async def end_retry(session: AsyncSession, experiment_id: uuid.UUID, ending: Ending) -> Ending:
    """End the retry of an experiment, if it has one, and return what the experiment ends with.

    A complete experiment whose retry was cancelled, or could not go on, is complete again: each of its runs
    is there, the failed ones as they were. The caller commits, before or with the aggregation.
    """
    repository = RetryRepository(session)
    retry = await repository.open(experiment_id)
    if retry is None:
        return ending
    completed = ending.status is ExperimentStatus.COMPLETED
    await repository.end(retry, None if completed else ending.reason or ending.status.lower())
    if completed or retry.before["status"] != ExperimentStatus.COMPLETED:
        return ending
    return Ending(ExperimentStatus.COMPLETED, retry.before["reason"])


def as_provenance(retry: Retry) -> JsonObject:
    """Return what the provenance of a result says of a retry."""
    return {
        "at": retry.created_at.isoformat(),
        "by": retry.created_by,
        "runs": retry.runs,
        "answered": retry.answered,
        "failed_again": retry.failed_again,
        "put_back": retry.put_back,
    }
