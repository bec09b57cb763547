"""How long a server asks to wait, wherever and however it says so.

There is one standard header, ``Retry-After`` (RFC 9110, section 10.2.3), in seconds or as a date. Beside it,
servers state waits in headers of their own, in milliseconds, as ``6m0s`` or as a point in time, and in the
bodies of errors, as fields or in sentences.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_NUMBER = r"\d{1,12}(?:\.\d{1,12})?"
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_UNIT = r"(?:ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
_AMOUNT = re.compile(rf"({_NUMBER})\s*({_UNIT})(?![a-z])", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_NUMBER}\s*{_UNIT}(?![a-z])[\s,]*(?:and\s+)?){{1,5}}", re.IGNORECASE)
_SENTENCE = re.compile(
    rf"(?:again|retry|wait|resets?|available)\b[^.\n\d]{{0,40}}?({_DURATION.pattern})", re.IGNORECASE
)
_FIELDS_S = ("retrydelay", "retryafter", "retryafterseconds", "retryaftersec", "estimatedtime")
_FIELDS_MS = ("retryafterms", "retryaftermilliseconds")
_MOST_CHARS = 4_000  # of a message in which a wait is looked for
_MOST_FIELDS = 200
_EPOCH_S = 1e9  # a larger number is a point in time, in seconds since 1970 (this one is in 2001)
_EPOCH_MS = 1e11  # in milliseconds (in 1973)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` or ``retry-after-ms`` asks for, at least 0.

    The former may be a number, with a unit or without, several of them (the longest counts), or a date.
    ``None`` without such a header, and for what is none of these, or no time that can be waited for.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    waits = [duration_s(part) for part in value.split(",")]
    if all(wait is not None for wait in waits):
        return max(wait for wait in waits if wait is not None)
    return _until_s(value)


def reset_s(headers: Mapping[str, str], said: str) -> float | None:
    """Return the seconds until the limit that was exceeded is reset, by the headers that state limits.

    Such as ``x-ratelimit-reset-tokens: 7.66s``, ``anthropic-ratelimit-requests-reset: <date>``, or
    ``X-RateLimit-Reset: <seconds since 1970>``. Where there are several, that counts of which nothing
    remains, then that which the message is about, and then the shortest.

    Args:
        headers: of the response, or such as a gateway passes on in a body.
        said: the server's words.
    """
    resets = {}
    for written, value in headers.items():
        name = written.lower()
        if "ratelimit" in name and "reset" in name:
            wait = _reset_value_s(str(value))
            if wait is not None:
                resets[name] = wait
    if not resets:
        return None
    used_up = [wait for name, wait in resets.items() if remains_nothing(headers, name)]
    if used_up:
        return max(used_up)
    about = [wait for name, wait in resets.items() if "token" in name and "token" in said.casefold()]
    return min(about or resets.values())


def remains_nothing(headers: Mapping[str, str], reset_name: str) -> bool:
    """Return whether the header beside ``reset_name`` says that nothing of its limit remains."""
    value = headers.get(reset_name.replace("reset", "remaining"))
    return value is not None and _number(str(value)) == 0


def wait_in_body_s(error: object, message: str) -> float | None:
    """Return the seconds that the body of an error asks to wait, in a field or in its message.

    Args:
        error: the body as JSON.
        message: of the error.
    """
    for name, value in _fields(error):
        if name in _FIELDS_MS:
            wait = _number(str(value))
            wait = wait / 1000 if wait is not None else None
        else:
            wait = duration_s(str(value)) if name in _FIELDS_S else None
        if wait is not None:
            return wait
    for headers in _header_tables(error):
        wait = retry_after_s(headers)
        if wait is None:
            wait = reset_s(headers, message)
        if wait is not None:
            return wait
    found = _SENTENCE.search(message[:_MOST_CHARS])
    return duration_s(found[1]) if found else None


def duration_s(text: str) -> float | None:
    """Return the seconds that a text like ``4``, ``4.5s``, ``6m0s`` or ``120ms`` means; else ``None``."""
    number = _number(text)
    if number is not None:
        return number
    text = text.strip()
    if len(text) > 100 or not _DURATION.fullmatch(text):
        return None
    amounts = _AMOUNT.findall(text)
    return sum(float(number) * _UNITS_S[_unit(unit)] for number, unit in amounts)


def _unit(word: str) -> str:
    word = word.lower()
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def _number(text: str) -> float | None:
    """Return a number of seconds or the like, at least 0; ``None`` if it is none, or not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _reset_value_s(value: str) -> float | None:
    """Return the seconds until a reset that is a duration, or a point in time."""
    wait = duration_s(value)
    if wait is None:
        return _until_s(value)
    if wait < _EPOCH_S:
        return wait
    return max(0.0, wait / (1000 if wait > _EPOCH_MS else 1) - _now().timestamp())


def _until_s(value: str) -> float | None:
    """Return the seconds until a date of HTTP or of RFC 3339, at least 0; ``None`` if it is neither."""
    parsers: tuple[Callable[[str], datetime], ...] = (parsedate_to_datetime, datetime.fromisoformat)
    for parse in parsers:
        try:
            moment = parse(value.strip())
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return max(0.0, (moment - _now()).total_seconds())
        except (ValueError, OverflowError):
            continue
    return None


def _now() -> datetime:
    return datetime.now(UTC)


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """Yield the plain fields of JSON, with names in lower case and without separators."""
    for table in _tables(value):
        for name, inner in table.items():
            if isinstance(inner, str | int | float):
                yield str(name).lower().replace("_", "").replace("-", ""), inner


def _header_tables(value: object) -> Iterator[dict[str, str]]:
    """Yield the headers that a gateway passes on in a body."""
    for table in _tables(value):
        headers = table.get("headers")
        if isinstance(headers, dict):
            yield {str(name).lower(): str(inner) for name, inner in headers.items()}


def _tables(value: object) -> Iterator[dict[object, object]]:
    """Yield the objects within JSON, the outer ones first, and a bounded number of them."""
    waiting, seen = [value], 0
    while waiting and seen < _MOST_FIELDS:
        one = waiting.pop(0)
        seen += 1
        if isinstance(one, dict):
            yield one
            waiting += [inner for inner in one.values() if isinstance(inner, dict | list)]
        elif isinstance(one, list):
            waiting += one[:_MOST_FIELDS]
