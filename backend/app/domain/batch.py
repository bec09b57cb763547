"""Batch jobs: many calls in one file, which a provider answers when it likes."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.status import FailureKind


class BatchJobState(StrEnum):
    """How far a job is: PLANNED → UPLOADING → UPLOADED → CREATING → SUBMITTED → DONE.

    UPLOADING and CREATING are stored before the request is sent that they are named for.
    """

    PLANNED = "planned"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    CREATING = "creating"
    SUBMITTED = "submitted"
    DONE = "done"
    """The provider has ended it, and its answers are stored; or it never came to be."""


class BatchLineState(StrEnum):
    """WAITING → SENT → ANSWERED or FAILED, or WAITING again, for another try."""

    WAITING = "waiting"
    SENT = "sent"
    ANSWERED = "answered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What a provider made of one line of a job.

    Attributes:
        key: of the line.
        response: body of the answer, as JSON; ``None`` if there is none.
        failure_kind: why not.
        failure_message: likewise, in words.
    """

    key: str
    response: str | None = None
    failure_kind: FailureKind | None = None
    failure_message: str = ""


@dataclass(frozen=True, slots=True)
class BatchProblem:
    """Why a provider refuses a whole job.

    Attributes:
        code: the provider's word.
        message: for people.
        line: number of the line in the file that it is about, from 1; ``None``: about all.
    """

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """A job, as its provider describes it.

    Attributes:
        id: the provider's.
        status: the provider's word: ``validating``, ``in_progress``, ``finalizing``, ``completed``, ….
        lines: that it has counted; 0 before it has.
        done: lines that are answered.
        failed: lines that have failed.
        output_file_id: of the file of answers, once there is one.
        error_file_id: of the file of failures, once there is one.
        problems: why the job as a whole has failed.
    """

    id: str
    status: str
    lines: int = 0
    done: int = 0
    failed: int = 0
    output_file_id: str | None = None
    error_file_id: str | None = None
    problems: tuple[BatchProblem, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the provider works on it no longer."""
        return self.status in _ENDED


_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
