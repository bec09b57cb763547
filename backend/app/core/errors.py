"""Errors that a user may see, each with its HTTP status.

::

    AppError                 500
    ├── InvalidInput         422   the request is understood and wrong; names the field
    ├── NotFound             404
    ├── Conflict             409   right request, wrong moment
    ├── TooLarge             413
    ├── Unauthorized         401
    ├── Forbidden            403
    └── Unavailable          503   a part we depend on does not answer

One handler in ``app.api.errors`` maps them to the error schema; services raise them and know
nothing of HTTP beyond the number.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (``a.b.0``) or line (``line 12``) of the input."""

    field: str
    message: str


class AppError(Exception):
    """Something a person can act on: what happened, and what to do about it."""

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
    """No such thing, or it has been deleted."""

    status_code = 404
    code = "not_found"


class Conflict(AppError):
    """The thing is not in a state in which this can be done."""

    status_code = 409
    code = "conflict"


class TooLarge(AppError):
    """The request body is over the limit."""

    status_code = 413
    code = "too_large"


class Unauthorized(AppError):
    """No API key, or a wrong one."""

    status_code = 401
    code = "unauthorized"


class Forbidden(AppError):
    """The request comes from a host or a page that is not allowed."""

    status_code = 403
    code = "forbidden"


class Unavailable(AppError):
    """A part that this needs does not answer at the moment."""

    status_code = 503
    code = "unavailable"
