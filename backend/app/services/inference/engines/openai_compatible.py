"""OpenAI's chat and completions APIs, which most providers and servers speak."""

import asyncio
import time
from collections.abc import Mapping

import aiohttp
import orjson
from yarl import URL

from app.domain.generation import Constraint, GenerationRequest, GenerationResult
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.services.inference.answers import read_answer
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.connector import Connector
from app.services.inference.failures import clean, failure_from_status

_CONNECT_TIMEOUT_S = 10
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Most bytes of an answer, as decoded."""
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
        self._headers = {"content-type": "application/json", "user-agent": "llmforge"}
        self._has_key = bool(api_key)
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None

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
        params = request.params
        values: JsonObject = {
            "temperature": params.temperature,
            "max_tokens": params.max_tokens,
            "top_p": params.top_p,
            "stop": list(params.stop) or None,
            "seed": request.seed + request.repeat,
            "tools": [tool.as_dict() for tool in request.tools] or None,
            **constraint_fields(request.constraint),
        }
        body: JsonObject = {"model": self._model.remote_id, **self._provider.extra_body}
        if self._model.api == "chat":
            body["messages"] = [message.as_dict() for message in request.messages]
        else:
            body["prompt"] = "\n\n".join(message.content for message in request.messages)
        for name, value in values.items():
            spelling = self._provider.fields.get(name, name)
            if value is not None and spelling is not None:
                body[spelling] = value
        return body

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        data = orjson.dumps(self.body(request))
        started = time.perf_counter()
        try:
            async with self._client().post(self.url, data=data, allow_redirects=False) as response:
                payload = await self._read(response)
                latency_s = time.perf_counter() - started
                if response.status != 200:
                    raise failure_from_status(response.status, payload, response.headers)
                return self._parse(payload, response, latency_s)
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

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        # Not by content length: a small body may be a large one that has been compressed.
        payload = bytearray()
        async for chunk in response.content.iter_any():
            payload += chunk
            if len(payload) > MAX_RESPONSE_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, f"The answer of {self._shown_url} is over 16 MB; not read further."
                )
        return bytes(payload)

    def _parse(self, payload: bytes, response: aiohttp.ClientResponse, latency_s: float) -> GenerationResult:
        try:
            return read_answer(
                payload, response.headers, self._model.api, charset=response.charset, latency_s=latency_s
            )
        except EngineError as error:
            if error.kind is FailureKind.MALFORMED:
                error.message = f"The answer of {self._shown_url} {error.message}"
            raise

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

    def endpoint(self) -> tuple[str, str | None]:
        """Return base URL and key; see ``Connector.endpoint``."""
        return self.required_base_url(), self.key

    async def open(
        self, timeout_s: float, answers: Mapping[str, str] | None = None
    ) -> OpenAICompatibleEngine:
        """Return an engine; see ``Connector.open``."""
        del answers
        return OpenAICompatibleEngine(
            self.provider, self.model, self.required_base_url(), self.key, timeout_s
        )


def is_loopback(url: str) -> bool:
    """Return whether ``url`` is on this machine, which no proxy is asked for."""
    return url.startswith(_LOOPBACK)


def constraint_fields(constraint: Constraint | None) -> JsonObject:
    """Return the fields of a request body that ask for constrained decoding."""
    if constraint is None:
        return {}
    if constraint.kind == "grammar":
        return {"grammar": constraint.text}  # an extension of llama.cpp
    schema = {"name": "answer", "strict": True, "schema": orjson.loads(constraint.text)}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
