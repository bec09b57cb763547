"""The one error of this package, and what is turned into it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from app.client.api import ApiError, OtherVersion
from app.client.errors import UnusableInput
from app.core.visible import visible
from app.schemas.common import FieldProblem

NO_PLATFORM = (
    "Start it in a terminal with `llmforge up`, and leave that open. One that runs elsewhere is named by "
    "LLMFORGE_API_URL, or by Lab(url)."
)


class LabError(Exception):
    """Something was refused, or the platform does not answer.

    Attributes:
        message: what happened.
        hint: what to do; may be empty.
        fields: what is wrong with each field of the input, if that is it.
        status: of the HTTP response; None if there was none.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        fields: Sequence[FieldProblem] = (),
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.fields = tuple(fields)
        self.status = status

    def __str__(self) -> str:
        problems = [f"{one.field}: {one.message}" for one in self.fields]
        # The message of a single problem is that problem.
        more = [f"  {one}" for one in problems if one != self.message]
        return visible("\n".join(filter(None, [self.message, *more, self.hint])))


@contextmanager
def told(url: str = "") -> Iterator[None]:
    """Raise as ``LabError`` what goes wrong with the API at ``url``, or with what it was to be sent."""
    try:
        yield
    except ApiError as error:
        body = error.body
        raise LabError(body.message, hint=body.hint, fields=body.errors, status=error.status) from None
    except UnusableInput as error:
        raise LabError(error.message, hint=error.hint, fields=error.errors) from None
    except OtherVersion as error:
        raise LabError(
            f"The platform at {url} has another version ({error}).",
            hint="Use the same version on both sides.",
        ) from error
    except httpx.ConnectError as error:
        raise LabError(f"No platform answers at {url}.", hint=NO_PLATFORM) from error
    except httpx.TransportError as error:
        raise LabError(
            f"The platform at {url} does not answer ({type(error).__name__}).",
            hint="`llmforge doctor` shows what is wrong.",
        ) from error
