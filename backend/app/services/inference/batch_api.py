"""A provider's asynchronous batch API, of OpenAI's form: files of requests, and jobs on them.

A job is made by two requests, of which each may be accepted without its answer ever coming here. So the file
has a name that only this job has, and the list of files and the list of jobs tell whether it is there.
"""

import re
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import IO, Any, Self

import aiohttp
import orjson
from yarl import URL

from app.domain.batch import BatchProblem, ProviderBatch
from app.domain.generation import GenerationRequest
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.services.inference.base import EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec, spellings_of
from app.services.inference.engines.request_body import write_body
from app.services.inference.failures import clean, failure_from_status
from app.services.inference.threads import by_size

MAX_FILE_BYTES = 100_000_000
"""Bytes of a file of requests at most: below the limit of every provider (OpenAI takes 200 MB)."""

_CONNECT_TIMEOUT_S = 10
_TIMEOUT_S = 120.0  # of a request with a short answer
_SILENT_S = 60.0  # without a byte, of a file that goes up or comes down
_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_MAX_LINE_BYTES = 16 * 1024 * 1024
_MAX_OUTPUT_BYTES = 4 * 1024**3
_PAGE = 100
_MOST_PAGES = 100
_MOST_PROBLEMS = 1_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")
_NO_LIST = frozenset({404, 405, 501})


class BatchApi:
    """Uploads files, and starts, finds, watches and cancels jobs; each call is tried once.

    Every call raises ``EngineError`` when the provider does not do what it is asked for.

    Attributes:
        endpoint: path of the API that answers the requests.
        api: which one that is.

    Args:
        provider: whose API it is.
        model: that answers.
        base_url: of the API.
        api_key: sent with each request; ``None`` sends none.
        proxied: whether the environment's proxy is used.
    """

    def __init__(
        self, provider: ProviderSpec, model: ModelSpec, base_url: str, api_key: str | None, *, proxied: bool
    ) -> None:
        self.endpoint = "/v1/chat/completions" if model.api == "chat" else "/v1/completions"
        self.api = model.api
        self._provider = provider
        self._model = model
        self._spellings = spellings_of(provider, model)
        self._base_url = URL(base_url)
        self._shown_url = clean(base_url)
        self._headers = provider.headers_with(api_key)
        self._proxied = proxied
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S, sock_connect=_CONNECT_TIMEOUT_S),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=self._proxied,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    def body(self, request: GenerationRequest) -> JsonObject:
        """Return the JSON body for ``request``, as it would be sent by itself."""
        return write_body(request, self._provider, self._model, self._spellings).values

    # -- files ----------------------------------------------------------------------------------

    async def upload(self, name: str, file: IO[bytes]) -> str:
        """Upload a file of requests, and return its id at the provider."""
        form = aiohttp.FormData()
        form.add_field("purpose", "batch")
        form.add_field("file", file, filename=name, content_type="application/jsonl")
        limits = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_SILENT_S * 5)
        return _id(await self._json("POST", "files", data=form, limits=limits), "the file")

    async def find_file(self, name: str) -> str | None:
        """Return the id of the uploaded file of this name; ``None`` if there is none."""
        async for one in self._listed("files", {"purpose": "batch"}):
            if one.get("filename") == name:
                return _id(one, "the file")
        return None

    async def lines(self, file_id: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file, as they come."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_SILENT_S)
        url = self._url("files", file_id, "content")
        try:
            async with self._client.get(url, allow_redirects=False, timeout=timeout) as response:
                if response.status != 200:
                    raise await self._failure(response)
                async for line in self._split(response):
                    yield line
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error

    async def _split(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        rest, total = bytearray(), 0
        async for chunk in response.content.iter_any():
            total += len(chunk)
            rest += chunk
            if total > _MAX_OUTPUT_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, "The file of answers is over 4 GB; not read further."
                )
            if b"\n" in chunk:
                *lines, last = rest.split(b"\n")
                for line in lines:
                    yield bytes(line)
                rest = bytearray(last)
            if len(rest) > _MAX_LINE_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, "A line of the file of answers is over 16 MB; not read further."
                )
        if rest:
            yield bytes(rest)

    # -- jobs -----------------------------------------------------------------------------------

    async def create(self, file_id: str, name: str) -> ProviderBatch:
        """Start a job on a file; ``name`` is kept with it."""
        body = {
            "input_file_id": file_id,
            "endpoint": self.endpoint,
            "completion_window": "24h",
            "metadata": {"llmforge_file": name},
        }
        return _batch(await self._json("POST", "batches", json=body))

    async def find(self, file_id: str) -> ProviderBatch | None:
        """Return the job on this file; ``None`` if there is none."""
        async for one in self._listed("batches", {}):
            if one.get("input_file_id") == file_id:
                return _batch(one)
        return None

    async def look(self, batch_id: str) -> ProviderBatch:
        """Return a job as it is now."""
        return _batch(await self._json("GET", "batches", batch_id))

    async def cancel(self, batch_id: str) -> ProviderBatch:
        """Ask for the end of a job; what it has answered so far can be read once it has ended."""
        return _batch(await self._json("POST", "batches", batch_id, "cancel"))

    # -- requests -------------------------------------------------------------------------------

    async def _listed(self, what: str, query: Mapping[str, str]) -> AsyncIterator[JsonObject]:
        """Yield what a list has, the newest first, page by page."""
        after: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = await self._json("GET", what, query={**query, "limit": str(_PAGE), **after})
            found = page.get("data")
            if not isinstance(found, list):
                raise EngineError(FailureKind.MALFORMED, f"The list of {what} of {self._shown_url} is none.")
            ones = [one for one in found if isinstance(one, dict)]
            for one in ones:
                yield one
            if not page.get("has_more") or not ones:
                return
            after = {"after": _id(ones[-1], f"the list of {what}")}

    async def _json(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        json: JsonObject | None = None,
        data: aiohttp.FormData | None = None,
        limits: aiohttp.ClientTimeout | None = None,
    ) -> JsonObject:
        try:
            async with self._client.request(
                method,
                self._url(*path),
                params=query,
                json=json,
                data=data,
                allow_redirects=False,
                timeout=limits or self._client.timeout,
            ) as response:
                if response.status not in {200, 201}:
                    raise await self._failure(response)
                payload = await self._read(response)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._unreachable(error) from error
        try:
            value = await by_size(len(payload), orjson.loads, payload)
        except orjson.JSONDecodeError as error:
            raise EngineError(
                FailureKind.MALFORMED, f"The answer of {self._shown_url} is no JSON."
            ) from error
        if not isinstance(value, dict):
            raise EngineError(FailureKind.MALFORMED, f"The answer of {self._shown_url} is no object.")
        return value

    async def _failure(self, response: aiohttp.ClientResponse) -> EngineError:
        error = failure_from_status(response.status, await self._read(response), response.headers)
        if error.kind is FailureKind.MODEL_NOT_FOUND and response.status in _NO_LIST:
            error.kind = FailureKind.BAD_REQUEST  # of an address, not of a model
        error.message = f"{error.message} (Asked at {clean(str(response.url.with_query(None)))}.)"
        return error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        payload = bytearray()
        async for chunk in response.content.iter_any():
            payload += chunk
            if len(payload) > _MAX_ANSWER_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, f"The answer of {self._shown_url} is over 16 MB; not read further."
                )
        return bytes(payload)

    def _unreachable(self, error: BaseException) -> EngineError:
        kind = FailureKind.TIMEOUT if isinstance(error, TimeoutError) else FailureKind.CONNECTION
        said = clean(str(error)) or type(error).__name__
        return EngineError(kind, f"Cannot talk to the batch API at {self._shown_url}: {said}")

    def _url(self, *path: str) -> URL:
        return self._base_url.joinpath(*path)

    @property
    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is not open")
        return self._session


def _id(value: JsonObject, what: str) -> str:
    """Return an id that can be a part of an address."""
    found = value.get("id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise EngineError(FailureKind.MALFORMED, f"The provider gives no usable id for {what}.")
    return found


def _optional_id(value: object) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _batch(value: JsonObject) -> ProviderBatch:
    status = value.get("status")
    if not isinstance(status, str) or not status:
        raise EngineError(FailureKind.MALFORMED, "The provider tells no status of the batch job.")
    given = value.get("request_counts")
    counts: Mapping[str, Any] = given if isinstance(given, dict) else {}
    return ProviderBatch(
        id=_id(value, "the batch job"),
        status=clean(status.casefold(), 40),
        lines=_count(counts.get("total")),
        done=_count(counts.get("completed")),
        failed=_count(counts.get("failed")),
        output_file_id=_optional_id(value.get("output_file_id")),
        error_file_id=_optional_id(value.get("error_file_id")),
        problems=_problems(value.get("errors")),
    )


def _count(value: object) -> int:
    valid = isinstance(value, int) and not isinstance(value, bool)
    return max(0, min(value, 10**9)) if valid and isinstance(value, int) else 0


def _problems(errors: object) -> tuple[BatchProblem, ...]:
    data = errors.get("data") if isinstance(errors, dict) else None
    if not isinstance(data, list):
        return ()
    return tuple(
        BatchProblem(
            clean(str(one.get("code") or ""), 100),
            clean(str(one.get("message") or "no message")),
            line if isinstance(line := one.get("line"), int) and not isinstance(line, bool) else None,
        )
        for one in data[:_MOST_PROBLEMS]
        if isinstance(one, dict)
    )
