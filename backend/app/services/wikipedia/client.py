"""A client of Wikipedia through the MediaWiki API of one host, with a cache on disk.

Request interval
    One request at a time, and a pause after it, for all processes that share the folder (``pacing.py``).
Cache
    One file for each request (``cache.py``). It is read again after waiting for the lock, since another
    process may have made the same request.
Misses
    A title without an article (no page, a disambiguation page, a page outside the article namespace or
    without text) is not an error: the result is the nearest titles, for a person or a model to choose.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from app.core.packages import package_version
from app.domain.json import JsonObject
from app.domain.passages import Article
from app.services.inference.failures import clean
from app.services.wikipedia.answers import (
    UNREADABLE,
    Page,
    RequestFailed,
    checked,
    plain_text,
    read_page,
    read_search,
)
from app.services.wikipedia.cache import DAY_S, AnswerCache
from app.services.wikipedia.pacing import RequestPacing
from app.services.wikipedia.sections import sections_of

WIKIPEDIA = "https://en.wikipedia.org/w/api.php"
_MAX_BODY = 10_000_000
_MAX_NAME = 300  # characters; the search refuses more, and titles are shorter
_NEAREST = 5

_ALWAYS = httpx.QueryParams("action=query&format=json&formatversion=2&maxlag=5")
_PAGE = _ALWAYS.merge(
    "prop=extracts|info|pageprops&explaintext=1&exsectionformat=wiki&exlimit=1"
    "&inprop=url&ppprop=disambiguation&redirects=1"
)
# One more than is shown, since the page itself may be among the results.
_SEARCH = _ALWAYS.merge(f"list=search&srlimit={_NEAREST + 1}&srprop=&srenablerewrites=1")

_T = TypeVar("_T")


class WikipediaUnreachable(Exception):
    """No usable answer after all attempts; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no article with this title; ``nearest`` are up to five titles that exist, best first."""

    title: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The first paragraph of an article, and the address of the whole article."""

    title: str
    text: str
    url: str


class WikipediaClient:
    """A client of one wiki; an async context manager, to be used in one event loop.

    Args:
        cache_dir: folder of the cache; processes that share it take turns with their requests.
        base_url: of the API. No other host is contacted, except a proxy named in the environment.
        pause_s: seconds from the end of a request to the start of the next.
        expires_s: seconds after which a page is requested again; a miss after a day at most.
        timeout_s: seconds for one request, from connecting to the last byte.
        attempts: most attempts of a request.
        backoff_s: seconds before the second attempt, doubled for each further one, at most 10; random
            jitter of up to ``backoff_s`` is added.
        max_retry_after_s: longest wait, in seconds, that a ``Retry-After`` of the server can ask for.

    Raises:
        WikipediaUnreachable: if the address, or the proxy or certificates of the environment, cannot be
            used; by the methods, if there is no usable answer.
        ValueError: by the methods, if the title or query is empty.
        OSError: by the methods, if ``cache_dir`` cannot be written.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        base_url: str = WIKIPEDIA,
        pause_s: float = 0.5,
        expires_s: float = 30 * DAY_S,
        timeout_s: float = 20.0,
        attempts: int = 4,
        backoff_s: float = 0.5,
        max_retry_after_s: float = 60.0,
    ) -> None:
        self._cache = AnswerCache(cache_dir, expires_s)
        self._pacing = RequestPacing(cache_dir, pause_s, max_retry_after_s)
        self._backoff = wait_exponential_jitter(multiplier=backoff_s, max=10, jitter=backoff_s)
        self._timeout_s = timeout_s
        self._attempts = attempts
        agent = f"LlmForge/{package_version('llmforge')} (self-hosted lab; contact: the user who runs it)"
        try:
            self._url = httpx.URL(base_url)
            self._http = httpx.AsyncClient(headers={"user-agent": agent}, timeout=httpx.Timeout(None))
        except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
            raise WikipediaUnreachable(f"Wikipedia cannot be reached at {base_url} ({error}).") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def article(self, title: str) -> Article | Missing:
        """Return an article as sections, without those that only list sources and links."""
        name = _named(title)
        page = await self._page(name, _PAGE)
        sections = sections_of(page.text)
        if page.id is None or not sections:
            return await self._missing(name, page)
        return Article(f"wikipedia:{page.id}", page.title, sections)

    async def summary(self, title_or_query: str) -> Summary | Missing:
        """Return the first paragraph of the article with that title, or the nearest titles."""
        name = _named(title_or_query)
        page = await self._page(name, _PAGE.set("exintro", "1"))
        paragraphs = page.text.strip().splitlines()
        if page.id is None or not paragraphs:
            return await self._missing(name, page)
        return Summary(page.title, paragraphs[0].strip(), page.url)

    async def _page(self, name: str, params: httpx.QueryParams) -> Page:
        # "|" separates titles; with a leading U+001F it is an ordinary character.
        return await self._ask(params.set("titles", f"\x1f{name}" if "|" in name else name), read_page)

    async def _missing(self, name: str, page: Page) -> Missing:
        found = await self._ask(_SEARCH.set("srsearch", name), read_search)
        return Missing(name, tuple(title for title in found if title != page.title)[:_NEAREST])

    async def _ask(self, params: httpx.QueryParams, read: Callable[[JsonObject], _T]) -> _T:
        """Return the answer to a request as ``read`` parses it; from the cache if possible."""
        address = self._url.copy_merge_params(params)
        if (known := await asyncio.to_thread(self._cache.get, str(address), read)) is not None:
            return known
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, RequestFailed) and error.again),
            stop=stop_after_attempt(self._attempts),
            wait=self._backoff,  # RequestPacing applies what the server asks for
            reraise=True,
        )
        try:
            result: _T = await retrying(self._attempt, address, read)
        except RequestFailed as failure:
            raise WikipediaUnreachable(
                f"Wikipedia cannot be reached at {self._url.netloc.decode()} ({failure}). Check the "
                "connection and the proxy, or try again later; what was fetched is kept."
            ) from failure
        return result

    async def _attempt(self, address: httpx.URL, read: Callable[[JsonObject], _T]) -> _T:
        async with self._pacing.alone():
            if (known := await asyncio.to_thread(self._cache.get, str(address), read)) is not None:
                return known
            answer = await self._answer(address)
            try:
                value = read(answer)
            except UNREADABLE as error:
                raise RequestFailed("its answer is not what the API describes") from error
            await asyncio.to_thread(self._cache.put, str(address), answer)
            return value

    async def _answer(self, address: httpx.URL) -> JsonObject:
        """Return the JSON at an address; follows redirects, each as a request with its own pause."""
        for _ in range(4):  # more redirects than any wiki uses
            async with self._pacing.spaced():
                response, body = await self._send(address)
                if response.next_request is None:
                    return checked(response, body)
                address = response.next_request.url
                if _origin(address) != _origin(self._url):
                    raise RequestFailed(f"redirect to another {_other(address, self._url)}, not followed")
        raise RequestFailed("too many redirects")

    async def _send(self, address: httpx.URL) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        try:
            # The client's own timeout would limit only the time between two parts of an answer.
            async with asyncio.timeout(self._timeout_s), self._http.stream("GET", address) as response:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MAX_BODY:
                        raise RequestFailed(f"its answer is longer than {_MAX_BODY:,} bytes")
        except TimeoutError as error:
            raise RequestFailed(f"no answer within {self._timeout_s:g} s", again=True) from error
        except (httpx.HTTPError, OSError) as error:
            said = clean(str(error) or type(error).__name__)
            raise RequestFailed(f"connection failed: {said}", again=True) from error
        return response, bytes(body)


async def fetch_articles(
    client: WikipediaClient, titles: Sequence[str], on_progress: Callable[[int, int], None]
) -> tuple[list[Article], list[Missing]]:
    """Return the articles of ``titles``, and the titles without one, both in order and without repeats.

    Args:
        client: asks for the articles.
        titles: a title may occur more than once.
        on_progress: called after each different title with the number done and the number of all;
            an exception stops the fetching.

    Raises:
        ValueError: before any request, if a title is empty.
        WikipediaUnreachable: if there is no usable answer.
    """
    names = dict.fromkeys(_named(title) for title in titles)
    articles: dict[str, Article] = {}
    missing: list[Missing] = []
    for done, name in enumerate(names, start=1):
        found = await client.article(name)
        if isinstance(found, Missing):
            missing.append(found)
        else:
            articles.setdefault(found.key, found)
        on_progress(done, len(names))
    return list(articles.values()), missing


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return scheme, host and port; ``None``: the port that is usual for the scheme."""
    return url.scheme, url.host, url.port


def _other(address: httpx.URL, own: httpx.URL) -> str:
    if address.host != own.host:
        return f"host, {plain_text(address.host)}"
    return plain_text(f"address, {address.scheme}://{address.netloc.decode()}")


def _named(title: str) -> str:
    """Return a title or query in a form that can be sent: one line, shortened, no surrogates or secrets."""
    name = " ".join(plain_text(title).split())[:_MAX_NAME]
    if not name:
        raise ValueError("a title or a query is needed; this one is empty")
    return name
