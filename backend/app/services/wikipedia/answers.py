"""Reading the answers of the MediaWiki API; a failed request says whether a retry may help."""

from dataclasses import dataclass
from functools import partial

import httpx
import orjson

from app.domain.json import JsonObject
from app.services.inference.failures import clean
from app.services.inference.stated_waits import retry_after_s

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""Raised when JSON does not have the expected structure."""
_PASSING = {
    408,
    425,
    429,
    "maxlag",
    "ratelimited",
}  # HTTP statuses and error codes of the API that a retry may pass

plain_text = partial(clean, limit=None)
"""Returns a text that is safe to store; raises one of ``UNREADABLE`` for any other value."""


class RequestFailed(Exception):
    """One attempt failed.

    Attributes:
        again: whether a retry may help.
        retry_after_s: seconds that the server asks to wait, if it does.
    """

    def __init__(self, kind: str, *, again: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(kind)
        self.again = again
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a title, after redirects; ``id`` is ``None`` if there is no article."""

    title: str
    id: int | None = None
    text: str = ""
    url: str = ""


def checked(response: httpx.Response, body: bytes) -> JsonObject:
    """Return the JSON of a successful answer.

    Raises:
        RequestFailed: for any other answer.
    """
    status = response.status_code
    wait_s = retry_after_s(response.headers)
    if status != 200:
        again = status in _PASSING or status >= 500
        raise RequestFailed(f"HTTP {status}", again=again, retry_after_s=wait_s)
    try:
        answer: JsonObject = orjson.loads(body)
        code = str(answer["error"]["code"]) if "error" in answer else None
    except UNREADABLE as error:
        raise RequestFailed("its answer is not the API's JSON") from error
    if code is None:
        return answer
    if code == "maxlag" and wait_s is None:
        wait_s = 5.0  # as the API's manual asks
    raise RequestFailed(f"it reports {clean(code)}", again=code in _PASSING, retry_after_s=wait_s)


def read_page(answer: JsonObject) -> Page:
    """Return the page in the answer to a query for one title; raises one of ``UNREADABLE``."""
    # A title with the prefix of another wiki gives no page; a page that does not exist has no id.
    page = (answer["query"].get("pages") or [{"title": ""}])[0]
    title = plain_text(page["title"])
    if "pageid" not in page or page["ns"] != 0 or "disambiguation" in page.get("pageprops", {}):
        return Page(title)
    return Page(title, int(page["pageid"]), plain_text(page["extract"]), plain_text(page["fullurl"]))


def read_search(answer: JsonObject) -> tuple[str, ...]:
    """Return the titles in the answer to a search, best first; raises one of ``UNREADABLE``."""
    return tuple(plain_text(found["title"]) for found in answer["query"]["search"])
