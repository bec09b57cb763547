"""OpenAI's chat and completions APIs, which most providers and servers speak."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import aiohttp
import orjson
from aiohttp import hdrs
from yarl import URL

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.json import JsonObject
from app.domain.stages import StageClock
from app.domain.status import FailureKind
from app.services.inference.answers import read_answer, read_list
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.batch_api import BatchApi
from app.services.inference.catalog import ModelSpec, ProviderSpec, batch_api_of, spellings_of
from app.services.inference.engines.connector import Connector, ModelStatus, not_checked
from app.services.inference.engines.request_body import SYSTEM_ROLE, RequestBody, prompt_of, write_body
from app.services.inference.engines.streaming import STREAM_FIELDS, FirstToken, StreamingChoice
from app.services.inference.failures import clean, failure_from_status
from app.services.inference.threads import by_size

_CONNECT_TIMEOUT_S = 10
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Most bytes of an answer, as decoded."""
_MOST_REFUSALS = 8  # of one request, each of another parameter
_DROPPABLE = frozenset({"temperature", "top_p", "stop", "seed", "max_tokens", SYSTEM_ROLE})
"""Parameters without which a request still asks the same question."""
_REFUSED_LISTS = 3  # with none answered, after which an endpoint is taken to know no lists of prompts
_LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


class OpenAICompatibleEngine(EngineBase):
    """Calls ``POST {base_url}/chat/completions``, or ``/completions`` for completion models.

    All calls share one HTTP client with pooled connections.
    """

    def __init__(
        self,
        provider: ProviderSpec,
        model: ModelSpec,
        base_url: str,
        api_key: str | None,
        timeout_s: float,
    ) -> None:
        self._provider = provider
        self._model = model
        self._path = "chat/completions" if model.api == "chat" else "completions"
        self.url = URL(f"{base_url}/{self._path}")
        self._base_url = base_url
        self._shown_url = clean(base_url)  # it may hold a password
        self._timeout_s = timeout_s
        self._headers = {"content-type": "application/json", **provider.headers_with(api_key)}
        self._has_key = bool(api_key)
        self._session: aiohttp.ClientSession | None = None
        self._spellings = spellings_of(provider, model)
        self._found: dict[str, str | None] = {}  # spellings that refusals have taught
        self._streaming = StreamingChoice()
        self._first_call = asyncio.Lock()
        self._answered = False
        self._refused_lists = 0
        self._list_answered = False

    def _client(self) -> aiohttp.ClientSession:
        # Created on first use: a session belongs to the event loop it is created in.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=_CONNECT_TIMEOUT_S),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not is_loopback(self._base_url),
            )
        return self._session

    def body(self, request: GenerationRequest) -> JsonObject:
        """Return the JSON body for ``request``, with the provider's names of the parameters."""
        return write_body(request, self._provider, self._model, self._spellings).values

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``.

        What the model turns out to refuse is left out from then on, if the request allows it. The first
        call goes alone then, so that not all that would be in flight beside it are refused.
        """
        (result,) = await self._first_alone([request])
        if isinstance(result, EngineError):
            raise result
        return result

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return which requests may be prompts of one call: those that differ in nothing else."""
        if self._model.api != "completion" or not self._takes_lists:
            return super().lists(requests)
        alike: dict[object, list[int]] = {}
        for index, one in enumerate(requests):
            alike.setdefault((one.params, one.seed + one.repeat, one.constraint), []).append(index)
        return list(alike.values())

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call; see ``Engine.generate_list``.

        An endpoint that has refused several lists and answered none is asked for one prompt a call.
        """
        try:
            outcomes = await self._first_alone(requests)
        except EngineError as error:
            if not error.kind.retryable or error.kind is FailureKind.MALFORMED:
                self._refused_lists += 1
            raise
        self._list_answered = True
        return outcomes

    @property
    def _takes_lists(self) -> bool:
        known = self._list_answered or self._refused_lists < _REFUSED_LISTS
        return self._provider.prompt_lists and known

    async def _first_alone(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        if requests[0].params.drop_unsupported and not self._answered:
            async with self._first_call:
                if not self._answered:
                    results = await self._adapted(requests)
                    self._answered = True
                    return results
        return await self._adapted(requests)

    async def _adapted(self, requests: Sequence[GenerationRequest]) -> list[GenerationResult | EngineError]:
        """Answer requests in one call, without what is refused of them."""
        request = requests[0]
        for _ in range(_MOST_REFUSALS):
            body = write_body(request, self._provider, self._model, self._spellings)
            if len(requests) > 1:
                body.values["prompt"] = [prompt_of(one) for one in requests]
            try:
                return await self._sent(body, len(requests), request.clock)
            except EngineError as error:
                if error.refused is None:
                    raise
                name = self._ours(error.refused.name)
                if not body.holds(error.refused.name, name):
                    error.kind = FailureKind.BAD_REQUEST  # it is about something else
                    raise
                if not request.params.drop_unsupported or name not in _DROPPABLE:
                    raise _explained_refusal(error, name) from error.__cause__
                self._learn(name, error.refused.instead)
        raise EngineError(FailureKind.BAD_REQUEST, "The model refuses one parameter after another.")

    def _learn(self, name: str, instead: str | None) -> None:
        """Spell a refused parameter otherwise from now on, or leave it out."""
        self._found[name] = instead if instead != self._spellings.get(name, name) else None
        self._spellings = {**self._spellings, **self._found}

    def _ours(self, spelling: str) -> str:
        """Return our name of a parameter that the server calls ``spelling``."""
        return next((name for name, theirs in self._spellings.items() if theirs == spelling), spelling)

    async def _sent(
        self, body: RequestBody, size: int, clock: StageClock
    ) -> list[GenerationResult | EngineError]:
        """Send a body, and ask for a stream where the time to the first token is measured.

        The answer to a list of prompts comes as a whole: its parts would be mixed in a stream.
        """
        if not clock.first_token or size > 1:
            return await self._send(body, size)
        streamed = replace(body, values={**body.values, **STREAM_FIELDS})
        return [
            await self._streaming.answer(
                lambda: self._send_one(streamed, FirstToken()), lambda: self._send_one(body)
            )
        ]

    async def _send_one(self, body: RequestBody, first: FirstToken | None = None) -> GenerationResult:
        (result,) = await self._send(body, 1, first)
        if isinstance(result, EngineError):
            raise result
        if first is not None and first.took_s is not None and result.latency_s is not None:
            return replace(result, first_token_s=min(first.took_s, result.latency_s))
        return result

    async def _send(
        self, body: RequestBody, size: int, first: FirstToken | None = None
    ) -> list[GenerationResult | EngineError]:
        data = orjson.dumps(body.values)
        started = time.perf_counter()
        try:
            async with self._client().post(self.url, data=data, allow_redirects=False) as response:
                payload = await self._read(response, first)
                latency_s = time.perf_counter() - started
                if response.status != 200:
                    raise await by_size(
                        len(payload), failure_from_status, response.status, payload, response.headers
                    )
                results = await by_size(len(payload), self._parse, payload, response, latency_s, size)
        except TimeoutError as error:
            raise EngineError(
                FailureKind.TIMEOUT, f"No answer from {self._shown_url} within {self._timeout_s:g} s."
            ) from error
        except aiohttp.ClientPayloadError as error:
            raise EngineError(
                FailureKind.MALFORMED, f"The answer of {self._shown_url} broke off: {clean(str(error))}"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise EngineError(
                FailureKind.CONNECTION, f"Cannot talk to {self._shown_url}: {clean(str(error))}"
            ) from error
        except EngineError as error:
            raise self._explained(error) from error.__cause__
        if not self._found:
            return results
        left_out = tuple(name for name in body.left_out if name in self._found)
        return [
            replace(one, left_out=left_out) if isinstance(one, GenerationResult) else one for one in results
        ]

    async def _read(self, response: aiohttp.ClientResponse, first: FirstToken | None) -> bytes:
        announced = response.content_length
        if (
            first is None
            and announced is not None
            and announced <= MAX_RESPONSE_BYTES
            and not _is_compressed(response)
        ):
            return await response.read()
        # A small body may be a large one that has been compressed.
        payload = bytearray()
        async for chunk in response.content.iter_any():
            payload += chunk
            if first is not None:
                first.look(payload)
            if len(payload) > MAX_RESPONSE_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, f"The answer of {self._shown_url} is over 16 MB; not read further."
                )
        return bytes(payload)

    def _parse(
        self, payload: bytes, response: aiohttp.ClientResponse, latency_s: float, size: int
    ) -> list[GenerationResult | EngineError]:
        headers, charset = response.headers, response.charset
        try:
            if size == 1:
                api = self._model.api
                return [read_answer(payload, headers, api, charset=charset, latency_s=latency_s)]
            return [
                self._placed(one) if isinstance(one, EngineError) else one
                for one in read_list(payload, headers, size, charset=charset, latency_s=latency_s)
            ]
        except EngineError as error:
            raise self._placed(error) from error.__cause__

    def _placed(self, error: EngineError) -> EngineError:
        """Return the error of an answer with whose it is."""
        if error.kind is FailureKind.MALFORMED:
            error.message = f"The answer of {self._shown_url} {error.message}"
        return error

    def _explained(self, error: EngineError) -> EngineError:
        """Return the error of a wrong key or address with where these come from."""
        provider = self._provider
        address = f"{self._shown_url}{f' ({provider.base_url_env})' if provider.base_url_env else ''}"
        if error.kind is FailureKind.AUTH:
            key = f"the key is that of {provider.api_key_env}" if self._has_key else "no key is set"
            if not self._has_key and provider.api_key_env:
                key += f" in {provider.api_key_env}"
            error.message = f"{error.message} (Asked at {address}; {key}.)"
        elif error.kind is FailureKind.MODEL_NOT_FOUND:
            error.message = f"{error.message} (Asked at {address} for the model {self._model.remote_id}.)"
        return error

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            # TLS connections are closed in the next iteration of the event loop.
            await asyncio.sleep(0)


class OpenAIConnector(Connector):
    """Opens models of any provider that speaks OpenAI's API; the provider must have an address."""

    def status(self) -> ModelStatus:
        """Return whether the key is set; whether the endpoint answers is not known before it is asked."""
        if self.provider.resolve_base_url(self.env) is None:
            where = self.provider.base_url_env or "base_url in the model catalog"
            message = f"The provider of {self.model.name} has no address: set {where}."
            return ModelStatus("address_missing", message)
        return not_checked(super().status())

    def endpoint(self) -> tuple[str, str | None]:
        """Return base URL and key; see ``Connector.endpoint``."""
        return self.required_base_url(), self.key

    @property
    def takes_batches(self) -> bool:
        """Whether the catalog says that there is OpenAI's batch API."""
        return batch_api_of(self.provider, self.model) == "openai"

    def batch_api(self) -> BatchApi | None:
        """Return the client of OpenAI's batch API, if the catalog says that there is one."""
        if not self.takes_batches:
            return None
        url = self.required_base_url()
        return BatchApi(self.provider, self.model, url, self.key, proxied=not is_loopback(url))

    async def open(
        self, timeout_s: float, answers: Mapping[str, str] | None = None
    ) -> OpenAICompatibleEngine:
        """Return an engine; see ``Connector.open``."""
        del answers
        return OpenAICompatibleEngine(
            self.provider, self.model, self.required_base_url(), self.key, timeout_s
        )


def _is_compressed(response: aiohttp.ClientResponse) -> bool:
    return hdrs.CONTENT_ENCODING in response.headers


def is_loopback(url: str) -> bool:
    """Return whether ``url`` is on this machine, which no proxy is asked for."""
    return url.startswith(_LOOPBACK)


def _explained_refusal(error: EngineError, name: str) -> EngineError:
    """Return the error of a refused parameter with what can be done about it."""
    what = "a system message" if name == SYSTEM_ROLE else f"the parameter {name}"
    how = ""
    if name in _DROPPABLE:
        instead = "send its text as the user's" if name == SYSTEM_ROLE else "leave it out"
        how = f"; set params.unsupported to drop, to {instead}"
    error.message = f"{error.message} (The model refuses {what}{how}.)"
    return error
