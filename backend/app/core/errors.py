"""Errors that are shown to users, each with its HTTP status.

::

    AppError                 500
    ├── InvalidInput         422   the input is wrong; names the field
    ├── NotFound             404
    ├── MethodNotAllowed     405
    ├── Conflict             409   not possible in the current state
    ├── TooLarge             413
    ├── TooSlow              408   the request's body takes too long
    ├── Unauthorized         401
    ├── Forbidden            403
    └── Unavailable          503   a part that is needed does not answer

A handler in ``app.api.errors`` maps them to the error schema. Services raise them, and use nothing else
of HTTP.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in one field (``a.b.0``) or line (``line 12``) of the input."""

    field: str
    message: str


class AppError(Exception):
    """An error for a person: ``message`` says what happened, ``hint`` what to do."""

    status_code = 500
    code = "internal_error"

    def __init__(self, message: str, *, hint: str = "", errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.errors = tuple(errors)


class InvalidInput(AppError):
    """The input cannot be accepted."""

    status_code = 422
    code = "invalid_input"


class NotFound(AppError):
    """The object does not exist, or has been deleted."""

    status_code = 404
    code = "not_found"


class MethodNotAllowed(AppError):
    """The path exists, but has no such method."""

    status_code = 405
    code = "method_not_allowed"


class Conflict(AppError):
    """The object is in a state in which this is not possible."""

    status_code = 409
    code = "conflict"


class TooLarge(AppError):
    """The request body is over the limit."""

    status_code = 413
    code = "too_large"


class TooSlow(AppError):
    """The request body has not arrived in time."""

    status_code = 408
    code = "too_slow"


class Unauthorized(AppError):
    """No API key, or a wrong one."""

    status_code = 401
    code = "unauthorized"


class Forbidden(AppError):
    """The request comes from a host or an origin that is not allowed."""

    status_code = 403
    code = "forbidden"


class Unavailable(AppError):
    """A part that is needed does not answer at the moment."""

    status_code = 503
    code = "unavailable"
