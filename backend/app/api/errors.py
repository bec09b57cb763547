"""Maps every error to an HTTP answer with the body of ``ErrorBody``."""

from collections.abc import Mapping, Sequence
from errno import EDQUOT, ENOSPC
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.database import is_database_away, is_of_other_schema
from app.core.errors import AppError, FieldError, Unavailable
from app.core.logging import get_logger
from app.core.redaction import redact
from app.domain.json import JsonObject
from app.domain.readable_errors import sentence_of
from app.schemas.common import ErrorBody, readable_problem
from app.services.inference.catalog import CatalogError

log = get_logger(__name__)

_SHOWN_ERRORS = 20
_SHOWN_PARTS = 20
_SHOWN_CHARS = 200
_OTHER_SCHEMA = "The database's schema is not the one that this version of LlmForge works with."

_NO_ROOM = Unavailable(
    "The server's disk has no room for this upload; nothing was imported.",
    hint="Free some space where it keeps temporary files (TMPDIR names another folder), and try again.",
)

_DESCRIPTIONS = {
    400: "The request cannot be parsed.",
    401: "The API key is missing or wrong.",
    403: "The request comes from a host or a page that is not allowed.",
    404: "What the path names does not exist.",
    408: "The request's body has not arrived in time.",
    409: "The request conflicts with the present state.",
    413: "The request is too large.",
    422: "The input is invalid; `errors` names each field.",
    503: "The database, or another part that is needed, does not answer.",
}


def error_responses(*statuses: int) -> dict[int | str, JsonObject]:
    """Return the ``responses=`` argument of a route that may answer with these statuses."""
    return {status: {"model": ErrorBody, "description": _DESCRIPTIONS[status]} for status in statuses}


def body_error_responses(*statuses: int) -> dict[int | str, JsonObject]:
    """Return the same for a route with a body, which may be unreadable, too slow or too large."""
    return error_responses(400, 408, 413, *statuses)


def stream_error_responses(*statuses: int) -> dict[int | str, JsonObject]:
    """Return the same for a route that answers with an event stream, whose errors are JSON."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}
    return {status: {"content": content, "description": _DESCRIPTIONS[status]} for status in statuses}


def error_response(error: AppError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return the answer for ``error``."""
    content = {
        "code": error.code,
        "message": redact(error.message),
        "hint": redact(error.hint),
        "errors": [{"field": redact(e.field), "message": redact(e.message)} for e in error.errors],
    }
    return JSONResponse(content, status_code=error.status_code, headers=headers)


def _path(location: Sequence[str | int]) -> str:
    # Names of unknown fields come from the request: they may have any length and contain lone surrogates.
    location = [part[:_SHOWN_CHARS] if isinstance(part, str) else part for part in location[:_SHOWN_PARTS]]
    parts = [str(part).encode("utf-8", "replace").decode() for part in location]
    if parts and parts[0] in {"body", "query", "path", "header", "cookie"}:
        parts = parts[1:] or parts
    return ".".join(parts)


def _validation_error(error: RequestValidationError) -> AppError:
    problems = []
    found = error.errors()
    for problem in found[:_SHOWN_ERRORS]:
        where = _path(problem["loc"])
        message = readable_problem(problem["type"], problem["msg"])
        if problem["type"] == "json_invalid":
            where, message = "body", f"is not valid JSON: {problem['ctx']['error']}"
        problems.append(FieldError(where, message))
    first = problems[0]
    result = AppError(
        f"{first.field}: {first.message}" if len(found) == 1 else f"{len(found)} fields are wrong.",
        hint="`errors` names "
        + (f"the first {_SHOWN_ERRORS}" if len(found) > _SHOWN_ERRORS else "each field")
        + "; /docs describes them.",
        errors=problems,
    )
    result.status_code, result.code = 422, "invalid_input"
    return result


def _http_error(error: HTTPException) -> AppError:
    if getattr(error.__cause__, "errno", None) in {ENOSPC, EDQUOT}:  # uploads wait in a temporary file
        return _NO_ROOM
    shown = AppError(str(error.detail) if error.detail else HTTPStatus(error.status_code).phrase)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # only a body that cannot be read gets here
        hint = "Send UTF-8 JSON, or a multipart form for an upload; /docs describes the fields."
        shown = AppError(shown.message, hint=hint, errors=[FieldError("body", shown.message)])
    shown.status_code = error.status_code
    shown.code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return shown


def install_error_handlers(app: FastAPI) -> None:
    """Map every error to the error schema."""

    @app.exception_handler(AppError)
    async def on_app_error(_: Request, error: AppError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(RequestValidationError)
    async def on_validation_error(_: Request, error: RequestValidationError) -> JSONResponse:
        return error_response(_validation_error(error))

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        return error_response(_http_error(error), error.headers)

    @app.exception_handler(CatalogError)
    async def on_catalog_error(_: Request, error: CatalogError) -> JSONResponse:
        return error_response(AppError(error.message, hint=error.hint))


class CrashMiddleware:
    """Answers what no handler answers: a database that does not answer, and crashes.

    Starlette runs a handler of ``Exception`` outside of all middleware. Its answer would lack the headers
    that let a page of another origin read it, which could then not tell a crash from an API that is away.

    Args:
        app: what answers requests; to be wrapped directly, below all other middleware.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, and answer it if that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = False

        async def watched_send(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except Exception as error:
            if answered:
                raise
            await _answer_to(error, scope["path"])(scope, receive, send)


def _answer_to(error: Exception, path: str) -> JSONResponse:
    if is_database_away(error):
        log.warning("database_away", path=path, error=type(error).__name__)
        away = Unavailable("The database does not answer.", hint="Try again in a moment; see /health.")
        return error_response(away, {"retry-after": "2"})
    if is_of_other_schema(error):
        log.error("schema_of_another_version", path=path, error=sentence_of(error))
        return error_response(Unavailable(_OTHER_SCHEMA, hint="Restart the API with the newest version."))
    log.error("request_crashed", path=path, exc_info=error)
    return error_response(AppError("The server failed to answer this request; its log has the details."))
