"""The command line's view of the API: find it (or start it), call it, turn errors into sentences."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Self

import httpx
import orjson
import typer

from app.core.config import Settings, get_settings
from app.core.embedded.process import ProcessError
from app.launcher import Platform, answers, platform_url

_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_SHORTEST_PREFIX = 4
_UUID_LENGTH = 36

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


class ApiError(Exception):
    """The API refused; ``body`` is its error."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body.get("message", body)))
        self.status = status
        self.body = body


def say(text: str) -> None:
    """Tell a person something, apart from the command's output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def fail(message: str, hint: str = "", code: int = 1) -> typer.Exit:
    """Print an error and return the exit to raise."""
    say(f"error: {message}" + (f"\n       {hint}" if hint else ""))
    return typer.Exit(code)


class Api:
    """Calls to one API; a context manager, which closes the connections."""

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url
        headers = {"x-api-key": key} if key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """Call ``/api/v1{path}`` and return its JSON.

        Raises:
            ApiError: if the API refuses.
        """
        response = self.http.request(method, f"/api/v1{path}", **kwargs)
        if response.is_error:
            raise _error(response)
        return orjson.loads(response.content) if response.content else None

    def get(self, path: str, **params: Any) -> Any:
        """``GET`` with query parameters."""
        return self.call("GET", path, params=params)

    def post(self, path: str, json: Any = None) -> Any:
        """``POST`` with a JSON body."""
        return self.call("POST", path, json=json)

    def events(self, experiment_id: str) -> Iterator[dict[str, Any]]:
        """Yield the events of an experiment until it has ended or the connection breaks."""
        path = f"/api/v1/experiments/{experiment_id}/events"
        timeout = httpx.Timeout(60.0, connect=5.0)
        with self.http.stream("GET", path, timeout=timeout) as response:
            if response.is_error:
                response.read()
                raise _error(response)
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield orjson.loads(line.removeprefix("data:"))

    def resolve(self, given: str) -> str:
        """Return the experiment id that ``given`` is, or is the unique beginning of.

        Raises:
            typer.Exit: if there is none, or more than one.
        """
        if len(given) == _UUID_LENGTH:
            return given
        if len(given) < _SHORTEST_PREFIX:
            raise fail(f"{given!r} is too short for an id.", f"Give {_SHORTEST_PREFIX} characters or more.")
        offset, found = 0, []
        while True:
            page = self.get("/experiments", limit=200, offset=offset)
            found += [item["id"] for item in page["items"] if item["id"].startswith(given.lower())]
            offset += 200
            if offset >= page["total"]:
                break
        if len(found) != 1:
            problem = "No experiment has" if not found else f"{len(found)} experiments have"
            raise fail(f"{problem} an id that begins with {given}.", "`llmforge list` shows them.")
        return str(found[0])


def _error(response: httpx.Response) -> ApiError:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = {}
    if not isinstance(body, dict) or "message" not in body:
        body = {"message": f"HTTP {response.status_code} from {response.url}", "hint": "", "errors": []}
    return ApiError(response.status_code, body)


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
    # Another program may live at the default port.
    if not answers(url):
        return False
    try:
        key = settings.api_key.get_secret_value()
        response = httpx.get(f"{url}/openapi.json", headers={"x-api-key": key}, timeout=3, trust_env=False)
        return bool(response.json()["info"]["title"] == "LlmForge")
    except (httpx.HTTPError, ValueError, LookupError):
        return False


@contextmanager
def connected(*, start: bool = True) -> Iterator[Api]:
    """Give the API: the configured one, the running one, or one started for this command.

    Errors of the API and of the connection become messages and exit code 1.
    """
    settings = get_settings()
    url = _configured_url(settings)
    platform: Platform | None = None
    try:
        if url is None:
            if not start:
                raise fail("No platform is running.", "Start it with `llmforge up`.")
            platform = Platform(settings, say)
            platform.start()
            url = platform.url
        with _errors_told(url), Api(url, settings.api_key.get_secret_value()) as api:
            yield api
    except ProcessError as error:
        raise fail(str(error)) from error
    finally:
        if platform is not None:
            platform.stop()


@contextmanager
def _errors_told(url: str) -> Iterator[None]:
    try:
        yield
    except ApiError as error:
        body = error.body
        for problem in body.get("errors") or []:
            say(f"  {problem['field']}: {problem['message']}")
        raise fail(str(error), body.get("hint") or "") from error
    except httpx.TransportError as error:
        raise fail(
            f"The API at {url} does not answer ({type(error).__name__}).",
            "`llmforge doctor` tells what is wrong.",
        ) from error
