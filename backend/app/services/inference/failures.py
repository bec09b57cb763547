"""From a server's error response to a failure kind and a message that is safe to show."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from app.core.visible import visible
from app.domain.status import FailureKind
from app.services.inference.base import EngineError

_MESSAGE_LIMIT = 500
MAX_OUTPUT = 4_000_000
"""Characters of a model's output that are kept; the largest token limit gives a tenth of it at most."""
_EDGE = 2_000  # characters, more than any spelling of a secret has
_EXCERPT_BYTES = 100_000  # of which an excerpt is made; far more than it shows, so that no cut key is shown
_CONTEXT_LENGTH = re.compile(
    r"context[_ ](length|window|size)|maximum context|too many tokens|exceed_context_size|prompt is too long"
    r"|`?inputs`? tokens|`?inputs`? must have less than",
    re.IGNORECASE,
)
_CONTENT_FILTER = re.compile(r"content[_ ](filter|policy|management)|safety", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing", re.IGNORECASE)

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
}

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
    message, code = _read_error(payload)
    if 300 <= status < 400:
        message = f"redirect to {headers.get('location', 'nowhere')}, not followed. {message}"
    said = f"{code} {message}"
    kind = _by_status.get(status)
    if kind is FailureKind.RATE_LIMIT and _QUOTA.search(said):
        kind = FailureKind.QUOTA
    if kind is None:
        kind = FailureKind.SERVER if status >= 500 else FailureKind.BAD_REQUEST
    if status in {400, 413, 422, 500} and _CONTEXT_LENGTH.search(said):
        kind = FailureKind.CONTEXT_LENGTH
    elif status in {400, 422} and _CONTENT_FILTER.search(said):
        kind = FailureKind.REFUSED
    wait = retry_after_s(headers) if kind in {FailureKind.RATE_LIMIT, FailureKind.SERVER} else None
    return EngineError(kind, f"HTTP {status}: {clean(message) or 'no message'}", retry_after_s=wait)


def _read_error(payload: bytes) -> tuple[str, str]:
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return excerpt(payload), ""
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or error
        return str(message), f"{error.get('code')} {error.get('type')}"
    return "" if error is None else str(error), ""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or an HTTP date.

    ``None`` without it, and for what is neither, or no time that can be waited for.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None
