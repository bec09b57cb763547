"""Reading the bodies of errors: every provider has a form of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import orjson

_SHOWN_BYTES = 100_000  # of a body that is no JSON; far more than is shown, so that no cut key is shown
_WORDS = ("code", "error_code", "type", "status", "error_type", "param")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What the body of an error says.

    Attributes:
        message: for people, as the server wrote it; may be empty.
        words: its codes and types, which the kind of failure is found by.
        body: as JSON; ``None`` if it is none.
    """

    message: str
    words: str = ""
    body: object = None

    @property
    def said(self) -> str:
        """Codes, types and message."""
        return f"{self.words} {self.message}"


def read_error_body(payload: bytes) -> ErrorBody:
    """Return what a body says, whatever its form."""
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return ErrorBody(payload[:_SHOWN_BYTES].decode(errors="replace").strip())
    return read_error(body)


def read_error(body: object) -> ErrorBody:
    """Return what the JSON of an error says: an object, the one object of a list, or a text."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]  # as Gemini answers on its OpenAI-compatible address
    error = body.get("error") or body if isinstance(body, dict) else body
    if not isinstance(error, dict):
        words = _words_of(body) if isinstance(body, dict) else []
        return ErrorBody("" if error is None else str(error), " ".join(words), body)
    words = _words_of(error)
    message = _message_of(error) or str(error)
    reason = _reason_of(error)
    if reason and reason not in message:
        message = f"{message}: {reason}"
    return ErrorBody(message, " ".join([*words, *_quotas(error)]), body)


def _words_of(error: dict[str, object]) -> list[str]:
    details = error.get("details")
    inner = _words_of(details) if isinstance(details, dict) else []
    return [*(str(error[name]) for name in _WORDS if isinstance(error.get(name), str | int)), *inner]


def _message_of(error: dict[str, object]) -> str:
    for name in ("message", "detail", "error", "msg", "title"):
        text = _text_of(error.get(name))
        if text:
            return text
    return ""


def _text_of(value: object) -> str:
    if isinstance(value, dict):
        return _message_of(value)
    if isinstance(value, list):
        return "; ".join(one for one in map(_problem_of, value) if one)
    return str(value) if isinstance(value, str | int | float) and value else ""


def _problem_of(value: object) -> str:
    """Return one problem of a list, as validation by Pydantic gives them; never the input itself."""
    if not isinstance(value, dict):
        return _text_of(value)
    where = value.get("loc")
    text = _message_of(value)
    return f"{'.'.join(map(str, where))}: {text}" if isinstance(where, list) and where else text


def _reason_of(error: dict[str, object]) -> str:
    """Return what the provider behind a gateway said."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    if not isinstance(raw, str):
        return ""
    return read_error_body(raw.encode("utf-8", "replace")).message


def _quotas(error: dict[str, object]) -> Iterator[str]:
    """Yield the names of the quotas that were exceeded, as Google's APIs list them."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        violations = detail.get("violations") if isinstance(detail, dict) else None
        for one in violations if isinstance(violations, list) else ():
            if isinstance(one, dict) and isinstance(one.get("quotaId"), str):
                yield one["quotaId"]
