"""The lives of an experiment and of a run, and the kinds of failure."""

from enum import StrEnum


class ExperimentStatus(StrEnum):
    """PENDING → RUNNING → one of COMPLETED, FAILED, CANCELLED; never back, never skipping.

    (PENDING may also become CANCELLED.)
    """

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        """Whether nothing can change any more."""
        return self in _ENDED


_ENDED = frozenset({ExperimentStatus.COMPLETED, ExperimentStatus.FAILED, ExperimentStatus.CANCELLED})


class RunStatus(StrEnum):
    """Whether a run (one example, one repeat) has an answer."""

    OK = "ok"
    FAILED = "failed"


class FailureKind(StrEnum):
    """Why a model call failed for good."""

    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER = "server"
    MALFORMED = "malformed"
    REFUSED = "refused"
    """The provider's content filter blocked the prompt or the answer."""
    UNAVAILABLE = "unavailable"
    """The endpoint loads its model, or is overloaded, for longer than we have patience."""
    CONTEXT_LENGTH = "context_length"
    TOO_LARGE = "too_large"
    """The request alone exceeds what the plan allows in a minute."""
    BAD_REQUEST = "bad_request"
    UNSUPPORTED = "unsupported"
    """The model refuses a parameter that the experiment sets, whatever its value, or a role."""
    AUTH = "auth"
    QUOTA = "quota"
    """The account's quota is used up, or the endpoint asks for a longer wait than we have patience."""
    MODEL_NOT_FOUND = "model_not_found"
    INTERNAL = "internal"
    """A defect of ours, met while handling this one example."""

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed if it is made again."""
        return self in _RETRYABLE

    @property
    def fatal(self) -> bool:
        """Whether every other call of the experiment is bound to fail the same way."""
        return self in _FATAL


_RETRYABLE = frozenset(
    {
        FailureKind.RATE_LIMIT,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.SERVER,
        FailureKind.MALFORMED,
        FailureKind.UNAVAILABLE,
    }
)
_FATAL = frozenset(
    {
        FailureKind.AUTH,
        FailureKind.QUOTA,
        FailureKind.MODEL_NOT_FOUND,
        FailureKind.UNAVAILABLE,
        FailureKind.UNSUPPORTED,
    }
)
