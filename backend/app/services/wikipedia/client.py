"""Wikipedia through the MediaWiki API of one host: politely, and from the disk what was asked before.

Turns
    One request at a time, and a pause after its end, for all processes that share the folder: a
    lock, and a file with the moment before which nobody asks. The API's etiquette wishes for
    requests in series; a server's ``Retry-After`` moves that moment for all of them.
Cache
    One file for each request, written under another name and renamed. Whoever has waited for a turn
    looks again, since others may have asked the same.
Misses
    A title without an article (no page, a disambiguation page, a page that is no article or has no
    text) is an answer, not an error: the nearest titles, for a person or a model to choose from.
"""

import asyncio
import hashlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import orjson
from filelock import AsyncFileLock
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from app.domain.passages import Article, Section
from app.services.inference.failures import clean, retry_after_s

WIKIPEDIA = "https://en.wikipedia.org/w/api.php"
_DAY_S = 24 * 3600.0
_MAX_BODY = 10_000_000
_MAX_NAME = 300  # characters; the search refuses more, and no title has as many
_NEAREST = 5
_PASSING = {408, 425, 429, "maxlag", "ratelimited"}  # statuses and the API's errors worth another try
_LEFT_OUT = {"see also", "references", "external links", "notes", "further reading", "bibliography"}
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)  # what JSON of another shape raises

_ALWAYS = httpx.QueryParams("action=query&format=json&formatversion=2&maxlag=5")
_PAGE = _ALWAYS.merge(
    "prop=extracts|info|pageprops&explaintext=1&exsectionformat=wiki&exlimit=1"
    "&inprop=url&ppprop=disambiguation&redirects=1"
)
# One more than is shown, since the page itself may be among them.
_SEARCH = _ALWAYS.merge(f"list=search&srlimit={_NEAREST + 1}&srprop=&srenablerewrites=1")

_text = partial(clean, limit=None)  # raises one of _UNREADABLE for what is no text
_T = TypeVar("_T")


class WikipediaUnreachable(Exception):
    """No answer that can be used, after all tries; the message is for a person."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no article of this title; ``nearest`` are up to five titles that exist, best first."""

    title: str
    nearest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The first paragraph of an article, and the address at which a person reads all of it."""

    title: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class _Page:
    """What the API says of a title, after redirects; ``id`` is None if it is not an article."""

    title: str
    id: int | None = None
    text: str = ""
    url: str = ""


class _Failure(Exception):
    """One try failed; ``again``: another may help, ``wish_s``: seconds the server asks to wait."""

    def __init__(self, kind: str, *, again: bool = False, wish_s: float | None = None) -> None:
        super().__init__(kind)
        self.again = again
        self.wish_s = wish_s


class WikipediaClient:
    """A client of one wiki; an async context manager, to be used in one event loop.

    Args:
        cache_dir: folder of answers; processes that share it share their pace, too.
        base_url: of the API. No other host is contacted, except the proxy that the environment names.
        pause_s: seconds from the end of a request to the beginning of the next.
        expires_s: seconds after which a page is asked for again; a miss after a day at most.
        timeout_s: seconds for one request, from connecting to the last byte.
        attempts: tries of a request before it is given up.
        backoff_s: seconds before the second try, doubled for each that follows, 10 at most; as long again
            may be added by chance.
        longest_wish_s: seconds that a server's ``Retry-After`` is followed for, at most.

    Raises:
        WikipediaUnreachable: if the address, or the environment's proxy or certificates, cannot be
            used; by the methods, if there is no answer.
        ValueError: by the methods, if the title or query is empty.
        OSError: by the methods, if ``cache_dir`` cannot be written.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        base_url: str = WIKIPEDIA,
        pause_s: float = 0.5,
        expires_s: float = 30 * _DAY_S,
        timeout_s: float = 20.0,
        attempts: int = 4,
        backoff_s: float = 0.5,
        longest_wish_s: float = 60.0,
    ) -> None:
        self._cache = _Cache(cache_dir, expires_s)
        self._pace = _Pace(cache_dir, pause_s, longest_wish_s)
        self._backoff = wait_exponential_jitter(multiplier=backoff_s, max=10, jitter=backoff_s)
        self._timeout_s = timeout_s
        self._attempts = attempts
        agent = f"LlmForge/{version('llmforge')} (self-hosted lab; contact: the user who runs it)"
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
        """Return an article in its sections, without those that only list sources and links."""
        name = _named(title)
        page = await self._page(name, _PAGE)
        sections = sections_of(page.text)
        if page.id is None or not sections:
            return await self._missing(name, page)
        return Article(f"wikipedia:{page.id}", page.title, sections)

    async def summary(self, title_or_query: str) -> Summary | Missing:
        """Return the first paragraph of the article of that title, or else titles that come near."""
        name = _named(title_or_query)
        page = await self._page(name, _PAGE.set("exintro", "1"))
        paragraphs = page.text.strip().splitlines()
        if page.id is None or not paragraphs:
            return await self._missing(name, page)
        return Summary(page.title, paragraphs[0].strip(), page.url)

    async def _page(self, name: str, params: httpx.QueryParams) -> _Page:
        # "|" would mean two titles; behind a leading U+001F it is a character like others.
        return await self._ask(params.set("titles", f"\x1f{name}" if "|" in name else name), _read_page)

    async def _missing(self, name: str, page: _Page) -> Missing:
        found = await self._ask(_SEARCH.set("srsearch", name), _read_search)
        return Missing(name, tuple(title for title in found if title != page.title)[:_NEAREST])

    async def _ask(self, params: httpx.QueryParams, read: Callable[[Any], _T]) -> _T:
        """Return what ``read`` makes of the answer to a request, from the cache if it is there."""
        address = self._url.copy_merge_params(params)
        if (known := await asyncio.to_thread(self._cache.get, str(address), read)) is not None:
            return known
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, _Failure) and error.again),
            stop=stop_after_attempt(self._attempts),
            wait=self._backoff,  # what the server asks for is part of the pace
            reraise=True,
        )
        try:
            result: _T = await retrying(self._attempt, address, read)
        except _Failure as failure:
            raise WikipediaUnreachable(
                f"Wikipedia cannot be reached at {self._url.netloc.decode()} ({failure}). Check the "
                "connection and the proxy, or try again later; what was fetched before is kept."
            ) from failure
        return result

    async def _attempt(self, address: httpx.URL, read: Callable[[Any], _T]) -> _T:
        async with self._pace.alone():
            if (known := await asyncio.to_thread(self._cache.get, str(address), read)) is not None:
                return known
            answer = await self._answer(address)
            try:
                value = read(answer)
            except _UNREADABLE as error:
                raise _Failure("its answer is not what the API describes") from error
            await asyncio.to_thread(self._cache.put, str(address), answer)
            return value

    async def _answer(self, address: httpx.URL) -> Any:
        """Return the JSON at an address, or where it redirects to; each request takes its pause."""
        for _ in range(4):  # more redirects than any wiki has
            async with self._pace.spaced():
                response, body = await self._send(address)
                if response.next_request is None:
                    return _checked(response, body)
                address = response.next_request.url
                if address.host != self._url.host:
                    raise _Failure(f"redirect to another host, {_text(address.host)}, not followed")
        raise _Failure("too many redirects")

    async def _send(self, address: httpx.URL) -> tuple[httpx.Response, bytes]:
        body = bytearray()
        try:
            # The client's own timeout would be one between two pieces of an answer.
            async with asyncio.timeout(self._timeout_s), self._http.stream("GET", address) as response:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > _MAX_BODY:
                        raise _Failure(f"its answer is longer than {_MAX_BODY:,} bytes")
        except TimeoutError as error:
            raise _Failure(f"no answer within {self._timeout_s:g} s", again=True) from error
        except (httpx.HTTPError, OSError) as error:
            said = clean(str(error) or type(error).__name__)
            raise _Failure(f"connection failed: {said}", again=True) from error
        return response, bytes(body)


async def fetch_articles(
    client: WikipediaClient, titles: Sequence[str], on_progress: Callable[[int, int], None]
) -> tuple[list[Article], list[Missing]]:
    """Return the articles of some titles, and the titles without one, both in order and once each.

    ``on_progress`` is told how many of how many different titles are done, after each; what it
    raises stops the fetching. Raises what the client does; ``ValueError`` before anything is asked.
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


def sections_of(text: str) -> tuple[Section, ...]:
    """Cut plain text at its ``== Heading ==`` lines; a subsection is headed "Parent: Child".

    Sections without text are left out, as are those that list sources and links, with all below them.
    """
    found: list[tuple[list[str], list[str]]] = [([], [])]
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        heading = _heading(line)
        if heading is not None:
            path = [*(above for above in path if above[0] < heading[0]), heading]
            found.append(([name for _, name in path], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return tuple(
        Section(": ".join(names), "\n".join(lines))
        for names, lines in found
        if lines and not any(name.casefold() in _LEFT_OUT for name in names)
    )


def _heading(line: str) -> tuple[int, str] | None:
    """Return level and name of a heading, by hand: a pattern may take long on a long line."""
    line = line.strip()
    level = min(len(line) - len(line.lstrip("=")), len(line) - len(line.rstrip("=")), 6)
    name = line[level:-level].strip() if level >= 2 else ""
    return (level, name) if name else None


class _Pace:
    """One request at a time, and a pause after each, for all that share a folder."""

    def __init__(self, folder: Path, pause_s: float, longest_wish_s: float) -> None:
        self._pause_s = pause_s
        self._longest_wish_s = longest_wish_s
        self._file = folder / "not-before"
        # The file's lock may be taken again by whoever has it, so tasks of one client need their own.
        self._lock = AsyncFileLock(folder / "turn.lock")
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be the only one of all processes; a killed one leaves no lock behind."""
        async with self._tasks, self._lock:
            yield

    @asynccontextmanager
    async def spaced(self) -> AsyncIterator[None]:
        """Make a request within, after the pause that the last one left; only while alone."""
        await asyncio.sleep(self._left_s())
        rest_s = self._pause_s
        self._rest(rest_s)  # for whoever comes after a kill in the middle
        try:
            yield
        except _Failure as failure:
            rest_s = max(rest_s, min(failure.wish_s or 0.0, self._longest_wish_s))
            raise
        finally:
            self._rest(rest_s)

    def _left_s(self) -> float:
        try:
            left_s = float(self._file.read_text()) - time.time()
        except (OSError, ValueError):
            return 0.0
        # A clock that was set back must not hold everybody up for long.
        return min(left_s, max(self._longest_wish_s, self._pause_s)) if left_s > 0 else 0.0

    def _rest(self, seconds: float) -> None:
        self._file.write_text(repr(time.time() + seconds))


class _Cache:
    """Answers by their request, on disk."""

    def __init__(self, folder: Path, expires_s: float) -> None:
        self._folder = folder
        self._expires_s = expires_s

    def get(self, request: str, read: Callable[[Any], _T]) -> _T | None:
        """Return what ``read`` makes of a kept answer; None if there is none, or it is old or broken."""
        try:
            kept = orjson.loads(self._path(request).read_bytes())
            value = read(kept["answer"])
            age_s = time.time() - kept["asked_at"]
        except (OSError, *_UNREADABLE):
            return None
        hit = isinstance(value, _Page) and value.id is not None
        expires_s = self._expires_s if hit else min(self._expires_s, _DAY_S)
        return value if 0 <= age_s < expires_s else None

    def put(self, request: str, answer: Any) -> None:
        """Keep an answer in place of the one before; a reader sees all of the one or of the other."""
        path = self._path(request)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"request": request, "asked_at": time.time(), "answer": answer}
        new = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
        try:
            new.write_bytes(orjson.dumps(kept))
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    def _path(self, request: str) -> Path:
        name = hashlib.sha256(request.encode()).hexdigest()
        return self._folder / name[:2] / f"{name}.json"


def _named(title: str) -> str:
    """Return a title or query as it can be sent: one line, not too long, no surrogates or secrets."""
    name = " ".join(_text(title).split())[:_MAX_NAME]
    if not name:
        raise ValueError("a title or a query is needed; this one is empty")
    return name


def _checked(response: httpx.Response, body: bytes) -> Any:
    """Return the JSON of an answer that is no error."""
    status = response.status_code
    wish_s = retry_after_s(response.headers)
    if status != 200:
        raise _Failure(f"HTTP {status}", again=status in _PASSING or status >= 500, wish_s=wish_s)
    try:
        answer = orjson.loads(body)
        code = str(answer["error"]["code"]) if "error" in answer else None
    except _UNREADABLE as error:
        raise _Failure("its answer is not the API's JSON") from error
    if code is None:
        return answer
    wish_s = 5.0 if code == "maxlag" and wish_s is None else wish_s  # as the manual asks
    raise _Failure(f"it reports {clean(code)}", again=code in _PASSING, wish_s=wish_s)


def _read_page(answer: Any) -> _Page:
    # There are no pages for a title with another wiki's prefix, and no id of those that do not exist.
    page = (answer["query"].get("pages") or [{"title": ""}])[0]
    title = _text(page["title"])
    if "pageid" not in page or page["ns"] != 0 or "disambiguation" in page.get("pageprops", {}):
        return _Page(title)
    return _Page(title, int(page["pageid"]), _text(page["extract"]), _text(page["fullurl"]))


def _read_search(answer: Any) -> tuple[str, ...]:
    return tuple(_text(found["title"]) for found in answer["query"]["search"])
