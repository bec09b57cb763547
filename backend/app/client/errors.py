"""What is raised before the API is asked."""

from collections.abc import Sequence

from app.schemas.common import FieldProblem


class UnusableInput(Exception):
    """An id, a file or a value that was given cannot be used.

    Attributes:
        message: what is wrong, for a person.
        hint: what to do; may be empty.
        errors: the fields that are wrong, if it is about fields.
    """

    def __init__(self, message: str, *, hint: str = "", errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.errors = tuple(errors)
