"""The lines of a batch job: requests as they go up, and what comes back for them."""

from typing import Any, Literal

import orjson

from app.domain.batch import LineOutcome
from app.domain.generation import GenerationResult
from app.domain.status import FailureKind
from app.services.inference.answers import read_answer
from app.services.inference.base import EngineError
from app.services.inference.failures import clean, failure_from_status, failure_in_answer

_UNFINISHED = frozenset({"batch_expired", "batch_cancelled", "request_timeout"})
"""Codes of lines that the provider has not come to."""

Api = Literal["chat", "completion"]


def request_line(key: str, endpoint: str, body: str) -> bytes:
    """Return a line of a file of requests.

    Args:
        key: by which its answer is found.
        endpoint: path of the API that is to answer.
        body: of the request, as JSON.
    """
    head = orjson.dumps({"custom_id": key, "method": "POST", "url": endpoint})
    return head[:-1] + b',"body":' + body.encode() + b"}\n"


def read_line(line: bytes, api: Api) -> LineOutcome | None:
    """Return what a line of a file of answers or failures says; ``None`` if it is about no request."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    key = value.get("custom_id")
    if not isinstance(key, str):
        return None
    try:
        return LineOutcome(key, response=_answered(value, api))
    except EngineError as error:
        return LineOutcome(key, failure_kind=error.kind, failure_message=error.message)


def _answered(value: dict[str, Any], api: Api) -> str:
    """Return the body of the answer, which can be read.

    Raises:
        EngineError: if there is none.
    """
    response, error = value.get("response"), value.get("error")
    if not isinstance(response, dict):
        raise _without_response(error)
    status, body = response.get("status_code"), response.get("body")
    payload = orjson.dumps(body)
    if status != 200:
        raise failure_from_status(status if type(status) is int else 500, payload, {})
    text = clean(payload.decode(), limit=None)
    read_response(text, api)
    return text


def _without_response(error: object) -> EngineError:
    code = error.get("code") if isinstance(error, dict) else None
    if code in _UNFINISHED or not error:
        said = clean(str(error.get("message") or code)) if isinstance(error, dict) else "no answer"
        return EngineError(FailureKind.TIMEOUT, f"The batch job ended before this call was made: {said}")
    return failure_in_answer(error, {})


def read_response(response: str, api: Api) -> GenerationResult:
    """Return the answer of a line, whose latency nobody knows.

    Raises:
        EngineError: if the answer cannot be read, or there is an error in its place.
    """
    try:
        return read_answer(response.encode(), {}, api, latency_s=None)
    except EngineError as error:
        if error.kind is FailureKind.MALFORMED:
            error.message = f"The answer in the batch job {error.message}"
        raise
