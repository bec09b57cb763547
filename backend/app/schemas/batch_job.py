"""Wire types of batch jobs at providers."""

from datetime import datetime

from pydantic import Field

from app.domain.batch import BatchJobState
from app.schemas.common import FromAttributes


class BatchJobOut(FromAttributes):
    """A batch job that makes calls of an experiment."""

    number: int = Field(description="In the experiment, from 1.")
    state: BatchJobState = Field(description="How far it is here; `submitted`: the provider works on it.")
    provider_status: str | None = Field(
        description="The provider's last word, such as `in_progress`; null before it has the job."
    )
    file_id: str | None = Field(description="Of the file of requests, at the provider.")
    batch_id: str | None = Field(description="Of the job, at the provider.")
    lines: int = Field(description="Calls that it makes.")
    done: int = Field(description="Of them, those that the provider says are answered.")
    failed: int = Field(description="Of them, those that the provider says have failed.")
    discount: float = Field(description="What the calls cost less than others, as a share of the price.")
    cancel_asked: bool = Field(description="Whether the provider was asked to cancel it.")
    last_error: str | None = Field(description="What the provider's batch API last failed with; else null.")
    created_at: datetime
    submitted_at: datetime | None = Field(description="When the provider had it.")
    ended_at: datetime | None = Field(description="When its answers were stored.")
    next_poll_at: datetime = Field(description="When the provider is asked next; of one that has ended, was.")
