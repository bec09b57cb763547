"""From a server's error to a failure kind, a wait, and a message that is safe to show."""

import re
from collections.abc import Callable, Mapping

from app.core.visible import visible
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.error_bodies import ErrorBody, read_error, read_error_body
from app.services.inference.failure_words import (
    CALLS_IN_FLIGHT,
    CONTENT_FILTER,
    CONTEXT_LENGTH,
    LOADING,
    OVERLOADED,
    WRONG_KEY,
    limit_of,
    status_of_words,
)
from app.services.inference.refused_parameters import refused_parameter
from app.services.inference.stated_waits import reset_s, retry_after_s, wait_in_body_s

_MESSAGE_LIMIT = 500
MAX_OUTPUT = 4_000_000
"""Characters of a model's output that are kept; the largest token limit gives a tenth of it at most."""
_EDGE = 2_000  # characters, more than any spelling of a secret has
_EXCERPT_BYTES = 100_000  # of which an excerpt is made; far more than it shows, so that no cut key is shown
_OVERLOADED_STATUS = 529
_MAY_BE_QUOTA = frozenset({400, 403, 412})  # beside 402, which says so, and the statuses of limits
_LIMITS = frozenset({413, 429, 498})

_by_status: dict[int, FailureKind] = {
    401: FailureKind.AUTH,
    402: FailureKind.QUOTA,
    403: FailureKind.AUTH,
    404: FailureKind.MODEL_NOT_FOUND,
    408: FailureKind.TIMEOUT,
    409: FailureKind.SERVER,
    413: FailureKind.CONTEXT_LENGTH,
    425: FailureKind.SERVER,
    429: FailureKind.RATE_LIMIT,
    498: FailureKind.RATE_LIMIT,  # Groq's word for no capacity at the moment
    _OVERLOADED_STATUS: FailureKind.UNAVAILABLE,
}
_BY_WORDS: tuple[tuple[frozenset[int], re.Pattern[str], FailureKind], ...] = (
    (frozenset({400}), WRONG_KEY, FailureKind.AUTH),
    (frozenset({402}), CALLS_IN_FLIGHT, FailureKind.RATE_LIMIT),
    (frozenset({400, 413, 422, 500}), CONTEXT_LENGTH, FailureKind.CONTEXT_LENGTH),
    (frozenset({400, 422}), CONTENT_FILTER, FailureKind.REFUSED),
    (frozenset({500, 503}), LOADING, FailureKind.UNAVAILABLE),
    (frozenset({500, 503}), OVERLOADED, FailureKind.UNAVAILABLE),
)
"""What a status means together with some words, the first that fits."""
_MAY_BE_UNSUPPORTED = frozenset({FailureKind.BAD_REQUEST, FailureKind.SERVER})
_REFUSALS = frozenset({400, 404, 422, 500, 501})
_WITH_WAIT = frozenset({FailureKind.RATE_LIMIT, FailureKind.SERVER, FailureKind.UNAVAILABLE})

_redact: Callable[[str], str] = str


def redact_with(function: Callable[[str], str]) -> None:
    """Pass all text from servers through ``function`` before it is stored or shown."""
    global _redact
    _redact = function


def clean(text: str, limit: int | None = _MESSAGE_LIMIT) -> str:
    """Return text from a server in a form that is safe to store and to show.

    Postgres cannot store NUL and lone surrogates; secrets must not be stored.

    Args:
        text: from the server.
        limit: characters that are kept, of a message for people, in which control characters are made
            visible; ``None``: of a model's output, which is stored as it is. One that is longer than
            ``MAX_OUTPUT`` characters, far beyond any token limit, is kept without its middle.
    """
    if limit is None:
        return _storable(text) if len(text) <= MAX_OUTPUT else _without_middle(text)
    text = visible(_storable(text))
    return text if len(text) <= limit else text[:limit] + " …"


def _storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return _redact(text)


def _without_middle(text: str) -> str:
    half = MAX_OUTPUT // 2
    # Masked before the cut, which could leave a part of a secret; what is at the outer edges may be one.
    begin = _storable(text[: half + _EDGE])[:-_EDGE]
    end = _storable(text[-half - _EDGE :])[_EDGE:]
    left_out = len(text) - len(begin) - len(end)
    return f"{begin}\n[… {left_out:,} characters left out …]\n{end}"


def excerpt(payload: bytes, limit: int = _MESSAGE_LIMIT) -> str:
    """Return the beginning of an answer that cannot be read, safe to store and to show.

    Args:
        payload: body of the answer.
        limit: characters that are kept. Secrets are masked before the cut, which could leave a part of one.
    """
    return clean(payload[:_EXCERPT_BYTES].decode(errors="replace").strip(), limit)


def failure_from_status(status: int, payload: bytes, headers: Mapping[str, str]) -> EngineError:
    """Return the error for an HTTP response with a status other than 200."""
    error = read_error_body(payload)
    if 300 <= status < 400:
        redirect = f"redirect to {headers.get('location', 'nowhere')}, not followed. {error.message}"
        error = ErrorBody(redirect)
    return _failure(status, error, headers, f"HTTP {status}")


def failure_in_answer(error: object, headers: Mapping[str, str]) -> EngineError:
    """Return the error that a response with the status 200 holds in place of an answer.

    Args:
        error: the JSON that describes it.
        headers: of the response.
    """
    read = read_error(error)
    status = status_of_words(read)
    return _failure(status, read, headers, f"HTTP 200 with an error ({status})")


def _failure(status: int, error: ErrorBody, headers: Mapping[str, str], what: str) -> EngineError:
    kind, hint = _kind_of(status, error, headers)
    failure = EngineError(kind, f"{what}: {clean(error.message) or 'no message'}{hint}")
    if kind in _MAY_BE_UNSUPPORTED and status in _REFUSALS:
        failure.refused = refused_parameter(error)
        failure.kind = FailureKind.UNSUPPORTED if failure.refused else kind
    if kind in _WITH_WAIT:
        failure.retry_after_s = _wait_s(error, headers)
    if kind is FailureKind.UNAVAILABLE:
        loading = LOADING.search(error.said)
        failure.waiting_for = "the endpoint is loading the model" if loading else "the endpoint is overloaded"
    return failure


def _kind_of(status: int, error: ErrorBody, headers: Mapping[str, str]) -> tuple[FailureKind, str]:
    """Return the kind, and what the message should say beside the server's words."""
    kind = _by_status.get(status)
    if kind is None:
        kind = FailureKind.SERVER if status >= 500 else FailureKind.BAD_REQUEST
    if status in _LIMITS or status in _MAY_BE_QUOTA:
        limit, hint = limit_of(status, error, headers, waits=_wait_s(error, headers) is not None)
        if limit is not None:
            return limit, hint
    for statuses, words, meant in _BY_WORDS:
        if status in statuses and words.search(error.said):
            return meant, ""
    return kind, ""


def _wait_s(error: ErrorBody, headers: Mapping[str, str]) -> float | None:
    """Return the seconds that the server asks to wait, wherever it says so; ``None`` if it does not."""
    waits: tuple[Callable[[], float | None], ...] = (
        lambda: retry_after_s(headers),
        lambda: wait_in_body_s(error.body, error.message),
        lambda: reset_s(headers, error.said),
    )
    return next((wait for read in waits if (wait := read()) is not None), None)
