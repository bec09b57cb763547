"""A client of the API: calls it, reads its answers as the schemas say, and raises its errors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Self, TypedDict, TypeVar, Unpack
from uuid import UUID

import httpx
import httpx_sse
from pydantic import TypeAdapter, ValidationError

from app.client.errors import UnusableInput
from app.schemas.common import ErrorBody, Page
from app.schemas.experiment import ExperimentEvent, ExperimentSummary

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_SHORTEST_PREFIX = 4
_UUID_LENGTH = 36

T = TypeVar("T")
Query = str | int | float | bool | None | Sequence[str]


class ApiError(Exception):
    """The API answered with an error, which is ``body``."""

    def __init__(self, status: int, body: ErrorBody) -> None:
        super().__init__(body.message)
        self.status = status
        self.body = body


class OtherVersion(Exception):
    """The API's answer does not fit the schemas of this version."""


class Sent(TypedDict, total=False):
    """Arguments of a request, as in ``httpx``."""

    params: Mapping[str, Query]
    json: object
    data: Mapping[str, str | Sequence[str]]
    files: Sequence[tuple[str, tuple[str, bytes | BinaryIO]]]
    timeout: float


class Api:
    """A client of one API; a context manager that closes its connections."""

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url
        headers = {"x-api-key": key} if key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def send(self, method: str, path: str, **sent: Unpack[Sent]) -> bytes:
        """Call ``/api/v1{path}`` and return the body of the answer.

        Raises:
            ApiError: if the answer is an error.
        """
        response = self.http.request(method, f"/api/v1{path}", **sent)
        if response.is_error:
            raise error_of(response)
        return response.content

    def get(self, path: str, model: type[T], /, **params: Query) -> T:
        """Send ``GET`` with query parameters and read the answer as ``model``.

        Raises:
            ApiError: if the answer is an error.
            OtherVersion: if the answer does not fit ``model``.
        """
        return _read(self.send("GET", path, params=params), model)

    def post(self, path: str, model: type[T], /, **sent: Unpack[Sent]) -> T:
        """Send ``POST`` with a JSON body or a form; see ``get``."""
        return _read(self.send("POST", path, **sent), model)

    def patch(self, path: str, model: type[T], /, **sent: Unpack[Sent]) -> T:
        """Send ``PATCH`` with a JSON body; see ``get``."""
        return _read(self.send("PATCH", path, **sent), model)

    def events(self, experiment_id: UUID) -> Iterator[ExperimentEvent]:
        """Yield the events of an experiment until it ends or the connection breaks."""
        path = f"/api/v1/experiments/{experiment_id}/events"
        timeout = httpx.Timeout(60.0, connect=5.0)
        with httpx_sse.connect_sse(self.http, "GET", path, timeout=timeout) as source:
            if source.response.is_error:
                source.response.read()
                raise error_of(source.response)
            for event in source.iter_sse():
                yield _read(event.data, ExperimentEvent)

    def resolve(self, given: str) -> UUID:
        """Return the id of the one experiment whose id is ``given`` or begins with it.

        Raises:
            UnusableInput: if there is none, or more than one.
        """
        if len(given) == _UUID_LENGTH:
            try:
                return UUID(given)
            except ValueError:
                raise UnusableInput(
                    f"{given!r} is not an id.", hint="`llmforge list` shows the ids."
                ) from None
        if len(given) < _SHORTEST_PREFIX:
            raise UnusableInput(
                f"{given!r} is too short for an id.", hint=f"Give {_SHORTEST_PREFIX} characters or more."
            )
        offset = 0
        found: list[UUID] = []
        while True:
            page = self.get(
                "/experiments", Page[ExperimentSummary], limit=200, offset=offset, archived="include"
            )
            found += [one.id for one in page.items if str(one.id).startswith(given.lower())]
            offset += 200
            if offset >= page.total:
                break
        if len(found) != 1:
            problem = "No experiment has" if not found else f"{len(found)} experiments have"
            raise UnusableInput(
                f"{problem} an id that begins with {given}.", hint="`llmforge list` shows the ids."
            )
        return found[0]


def error_of(response: httpx.Response) -> ApiError:
    """Return the error in an answer."""
    try:
        body = ErrorBody.model_validate_json(response.content)
    except ValidationError:  # from a proxy, for example
        message = f"HTTP {response.status_code} from {response.url}"
        body = ErrorBody(code="unknown", message=message, hint="", errors=[])
    return ApiError(response.status_code, body)


def _read(content: bytes | str, model: type[T]) -> T:
    try:
        # By field name: the aliases are the attributes from which the API fills the fields.
        return TypeAdapter(model).validate_json(content, by_alias=False, by_name=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OtherVersion(f"its answer has unexpected content: {where}: {first['msg']}") from error
