"""The command line's client of the API: find or start it, call it, print its errors."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Annotated, BinaryIO, Self, TypedDict, TypeVar, Unpack
from uuid import UUID

import httpx
import httpx_sse
import typer
from pydantic import TypeAdapter, ValidationError

from app.core.config import Settings, get_settings
from app.core.platform_state import answers, platform_url
from app.core.processes import ProcessError
from app.core.visible import visible
from app.schemas.common import ErrorBody, Page
from app.schemas.experiment import ExperimentEvent, ExperimentSummary

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_SHORTEST_PREFIX = 4
_UUID_LENGTH = 36

T = TypeVar("T")
Query = str | int | float | bool | None | Sequence[str]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


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


def say(text: str) -> None:
    """Print a message for a person to stderr, apart from the command's output."""
    sys.stderr.write(f"{visible(text)}\n")
    sys.stderr.flush()


class Failure(typer.Exit):
    """The end of a command with an error that was printed: ``message``, and ``hint`` on what to do."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(code)
        self.message = message
        self.hint = hint


def fail(message: str, hint: str = "", code: int = 1) -> Failure:
    """Print an error and return the exception that ends the command with ``code``."""
    say(f"error: {message}" + (f"\n       {hint}" if hint else ""))
    return Failure(message, hint, code)


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
            typer.Exit: if there is none, or more than one.
        """
        if len(given) == _UUID_LENGTH:
            try:
                return UUID(given)
            except ValueError:
                raise fail(f"{given!r} is not an id.", "`llmforge list` shows the ids.") from None
        if len(given) < _SHORTEST_PREFIX:
            raise fail(f"{given!r} is too short for an id.", f"Give {_SHORTEST_PREFIX} characters or more.")
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
            raise fail(f"{problem} an id that begins with {given}.", "`llmforge list` shows the ids.")
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


def _configured_url(settings: Settings) -> str | None:
    explicit = os.environ.get("LLMFORGE_API_URL", "").rstrip("/")
    if explicit:
        return explicit
    running = platform_url(settings.home)
    if running is not None:
        return running
    default = f"http://127.0.0.1:{settings.port or 8000}"
    return default if _is_llmforge(default, settings) else None


def _is_llmforge(url: str, settings: Settings) -> bool:
    # Another program may use the default port.
    if not answers(url):
        return False
    try:
        key = settings.client_key
        response = httpx.get(f"{url}/openapi.json", headers={"x-api-key": key}, timeout=3, trust_env=False)
        return bool(response.json()["info"]["title"] == "LlmForge")
    except (httpx.HTTPError, ValueError, LookupError):
        return False


@contextmanager
def connected(*, start: bool = True) -> Iterator[Api]:
    """Connect to the configured API, or the running one, or one that is started for this command.

    Errors of the API and of the connection are printed and end the command with exit code 1.
    """
    settings = get_settings()
    url = _configured_url(settings)
    if url is None and not start:
        raise fail("No platform is running.", "Start it with `llmforge up`.")
    with (
        nullcontext(url) if url is not None else _started(settings) as url,
        errors_told(url),
        Api(url, settings.client_key) as api,
    ):
        yield api


@contextmanager
def _started(settings: Settings) -> Iterator[str]:
    """Start a platform for one command, and give its URL."""
    from app.launcher import Platform  # a platform takes a second to import, a request does not need it

    platform = Platform(settings, say)
    try:
        platform.start()
        say(f"until this command ends, the platform answers at {platform.url}/")
        yield platform.url
    except ProcessError as error:
        raise fail(str(error)) from error
    finally:
        platform.stop()


@contextmanager
def errors_told(url: str) -> Iterator[None]:
    """Print errors of the API and of the connection, and end the command with exit code 1."""
    try:
        yield
    except ApiError as error:
        for problem in error.body.errors:
            say(f"  {problem.field}: {problem.message}")
        raise fail(error.body.message, error.body.hint) from error
    except OtherVersion as error:
        raise fail(
            f"The API at {url} has another version ({error}).", "Use the same version on both sides."
        ) from error
    except httpx.TransportError as error:
        raise fail(
            f"The API at {url} does not answer ({type(error).__name__}).",
            "`llmforge doctor` shows what is wrong.",
        ) from error
