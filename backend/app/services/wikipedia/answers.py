"""What the MediaWiki API answers: read from its JSON, or a failure that says if another try may help."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import orjson

from app.services.inference.failures import clean, retry_after_s

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What reading JSON of another shape raises."""
_PASSING = {408, 425, 429, "maxlag", "ratelimited"}  # statuses and the API's errors worth another try

plain_text = partial(clean, limit=None)
"""Text that is safe to store; raises one of ``UNREADABLE`` for what is no text."""


class RequestFailed(Exception):
    """One try failed; ``again``: another may help, ``wish_s``: seconds the server asks to wait."""

    def __init__(self, kind: str, *, again: bool = False, wish_s: float | None = None) -> None:
        super().__init__(kind)
        self.again = again
        self.wish_s = wish_s


@dataclass(frozen=True, slots=True)
class Page:
    """What the API says of a title, after redirects; ``id`` is None if it is not an article."""

    title: str
    id: int | None = None
    text: str = ""
    url: str = ""


def checked(response: httpx.Response, body: bytes) -> Any:
    """Return the JSON of an answer that is no error."""
    status = response.status_code
    wish_s = retry_after_s(response.headers)
    if status != 200:
        raise RequestFailed(f"HTTP {status}", again=status in _PASSING or status >= 500, wish_s=wish_s)
    try:
        answer = orjson.loads(body)
        code = str(answer["error"]["code"]) if "error" in answer else None
    except UNREADABLE as error:
        raise RequestFailed("its answer is not the API's JSON") from error
    if code is None:
        return answer
    wish_s = 5.0 if code == "maxlag" and wish_s is None else wish_s  # as the manual asks
    raise RequestFailed(f"it reports {clean(code)}", again=code in _PASSING, wish_s=wish_s)


def read_page(answer: Any) -> Page:
    """Return the page that a query for one title answers with; raises one of ``UNREADABLE``."""
    # There are no pages for a title with another wiki's prefix, and no id of those that do not exist.
    page = (answer["query"].get("pages") or [{"title": ""}])[0]
    title = plain_text(page["title"])
    if "pageid" not in page or page["ns"] != 0 or "disambiguation" in page.get("pageprops", {}):
        return Page(title)
    return Page(title, int(page["pageid"]), plain_text(page["extract"]), plain_text(page["fullurl"]))


def read_search(answer: Any) -> tuple[str, ...]:
    """Return the titles that a search found, best first; raises one of ``UNREADABLE``."""
    return tuple(plain_text(found["title"]) for found in answer["query"]["search"])
