"""The words by which providers say what kind of error they mean.

Statuses alone do not tell: with 429 most providers mean both a limit by the minute, which passes while one
waits, and a quota that is used up, which does not.
"""

import re
from collections.abc import Mapping

from app.domain.status import FailureKind
from app.services.inference.error_bodies import ErrorBody
from app.services.inference.stated_waits import remains_nothing

CONTEXT_LENGTH = re.compile(
    r"context[_ ](length|window|size)|maximum context|too many tokens|exceed_context_size|prompt is too long"
    r"|`?inputs`? tokens|`?inputs`? must have less than",
    re.IGNORECASE,
)
CONTENT_FILTER = re.compile(r"content[_ ](filter|policy|management)|safety", re.IGNORECASE)
LOADING = re.compile(
    r"\bloading\b|not (yet )?(loaded|ready)\b|warm(ing)? up|cold start|starting up|initiali[sz]ing",
    re.IGNORECASE,
)
OVERLOADED = re.compile(
    r"overload|at capacity|capacity (is )?exceeded|no capacity|high demand|too busy|server busy"
    r"|model\b[^.]{0,40}\bunavailable|(?-i:\bUNAVAILABLE\b)",
    re.IGNORECASE,
)

_USED_UP_CODES = re.compile(
    r"\b(insufficient_quota|billing_(hard_limit_reached|not_active|error)|insufficient_balance"
    r"|credit_balance_exhausted|(\w+_)?spend_limit(_\w+)?|budget_exceeded)\b"
)
_USED_UP = re.compile(
    r"insufficient[ _-]?(quota|balance|credits?|funds)|(credit|account) balance"
    r"|(out of|(any|no|not) (\w+ )?|enough )credits?\b"
    r"|(used|exhausted|exceeded)\b[^.]{0,40}\bcredits?\b|hard limit|spend(ing)?[ _-](limit|cap)"
    r"|usage limits?\b|credit limit|key limit exceeded|(requires|need)\b[^.]{0,20}\bcredits"
    r"|budget has been exceeded|payment (is )?required|unpaid|quota (is )?(used up|exhausted)|limit: 0\b",
    re.IGNORECASE,
)
CALLS_IN_FLIGHT = re.compile(r"\bin_flight")  # a budget of the calls under way, at OpenRouter
WRONG_KEY = re.compile(r"api key not valid|(incorrect|invalid) api key|API_KEY_INVALID", re.IGNORECASE)
_OPENAI_QUOTA = re.compile(r"exceeded your current quota", re.IGNORECASE)
_PERIOD = re.compile(
    r"(?P<passes>per[ _-]?(?:sec(?!r)|min|hour)|\b[RT]P[SMH]\b|/ ?(?:sec|second|min|minute|hour)\b)"
    r"|(?P<lasts>per[ _-]?(?:day|week|month)|\b[RT]PD\b|\b(?:daily|weekly|monthly)\b"
    r"|/ ?(?:day|week|month)\b|\btomorrow\b|\bmidnight\b)",
    re.IGNORECASE,
)
# "Upgrade to Pro for 1,000 requests per day": what else the account could have.
_OFFER = re.compile(
    r"\b(upgrade|unlock|subscribe|need more|payment method|increase|raise|quotaincrease)\b", re.IGNORECASE
)
_LIMITED = re.compile(r"\b(reach|exceed|exhaust|used|limited to|too many|too large)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+")
_TOO_LARGE = re.compile(r"request too large|too large for|tokens must be reduced", re.IGNORECASE)
_REQUESTED = re.compile(
    r"\blimit:?\s*([\d,]{1,15})\b.{0,80}?\brequested:?\s*([\d,]{1,15})\b", re.IGNORECASE | re.DOTALL
)
_MOST_CHARS = 4_000  # of a message that are read

_NEVER_PASSES = (
    " (This request asks for more tokens than the plan allows in a minute, so it can never pass: "
    "lower max_tokens or the number of passages, or use another plan.)"
)


def limit_of(
    status: int, error: ErrorBody, headers: Mapping[str, str], *, waits: bool
) -> tuple[FailureKind | None, str]:
    """Return the kind of a limit that was exceeded, and a hint; ``None`` if the error is of another kind.

    Args:
        status: of the response.
        error: what the server says.
        headers: of the response.
        waits: whether it states a wait.
    """
    limited = status in {429, 498}
    if _never_passes(error) and (limited or status == 413):
        return FailureKind.TOO_LARGE, _NEVER_PASSES
    if status == 413:
        return None, ""
    if _USED_UP_CODES.search(error.words):
        return FailureKind.QUOTA, ""
    said = f"{error.words} {_without_offers(error.message[:_MOST_CHARS])}"
    period = _PERIOD.search(said)
    if limited and period is not None:
        return (FailureKind.RATE_LIMIT if period["passes"] else FailureKind.QUOTA), ""
    if _USED_UP.search(said):
        return FailureKind.QUOTA, ""
    if not limited:
        return None, ""
    google = "RESOURCE_EXHAUSTED" in error.words
    if (_OPENAI_QUOTA.search(said) and not waits and not google) or _day_is_used_up(headers):
        return FailureKind.QUOTA, ""
    return FailureKind.RATE_LIMIT, ""


def _never_passes(error: ErrorBody) -> bool:
    """Return whether one request asks for more than the limit on all of a minute."""
    said = error.said[:_MOST_CHARS]
    if _TOO_LARGE.search(said) and re.search(r"per min|\bTPM\b|tokens", said, re.IGNORECASE):
        return True
    found = _REQUESTED.search(said)
    return found is not None and _count(found[2]) > _count(found[1])


def _count(digits: str) -> int:
    return int(digits.replace(",", "") or "0")


def _without_offers(message: str) -> str:
    """Return a message without the sentences that only say what another plan would allow."""
    sentences = _SENTENCE_END.split(message)
    return " ".join(one for one in sentences if not _OFFER.search(one) or _LIMITED.search(one))


def _day_is_used_up(headers: Mapping[str, str]) -> bool:
    """Return whether a limit by the day has nothing left, by headers such as ``x-ratelimit-…-day``."""
    names = [name.lower() for name in headers if "ratelimit" in name.lower() and "reset" in name.lower()]
    return any("day" in name and remains_nothing(headers, name) for name in names)


_STATUSES: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), status)
    for pattern, status in (
        (r"insufficient_quota|billing|payment|insufficient[ _](credit|balance)", 402),
        (r"rate[ _-]?limit|too[ _]many[ _]requests|RESOURCE_EXHAUSTED|throttl", 429),
        (r"overloaded|UNAVAILABLE\b", 529),
        (r"authentication|invalid[ _]api[ _]key|unauthori[sz]ed|UNAUTHENTICATED", 401),
        (r"permission|forbidden", 403),
        (r"not_found|model_not_found|NOT_FOUND", 404),
        (r"context_length|invalid_request|INVALID_ARGUMENT|bad_request|unsupported|content_filter", 400),
        (r"time[ _]?out|DEADLINE", 408),
    )
)


def status_of_words(error: ErrorBody) -> int:
    """Return the HTTP status that an error without one of its own would have had; 500 if unknown."""
    for word in error.words.split():
        if word.isdigit() and len(word) == 3 and 400 <= int(word) <= 599:
            return int(word)
    for said in (error.words, error.message[:_MOST_CHARS]):
        for pattern, status in _STATUSES:
            if pattern.search(said):
                return status
    return 500
