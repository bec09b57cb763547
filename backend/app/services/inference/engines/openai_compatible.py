"""OpenAI's chat and completions APIs, which most providers and servers speak."""

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import orjson
from yarl import URL

from app.domain.generation import Constraint, GenerationRequest, GenerationResult, ToolCall, Usage
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.connector import Connector
from app.services.inference.failures import clean, excerpt, failure_from_status
from app.services.inference.threads import by_size

_CONNECT_TIMEOUT_S = 10
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
"""Most bytes of an answer, as decoded."""
_SHOWN_CHARS = 200  # of an answer that cannot be read
_MAX_COUNT = 2**31 - 1  # of a column in the database
_TEXT_FIELD = {"chat": "content", "completion": "text"}
_MAX_TOOL_CALLS = 16  # of one response that are kept; a model that makes more is in a loop
_CHARSETS = ("iso-8859-", "latin", "windows-125", "utf-16")  # beside UTF-8, of servers that declare them
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
        self._url = URL(f"{base_url}/{self._path}")
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._headers = {"content-type": "application/json", "user-agent": "llmforge"}
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
            async with self._client().post(self._url, data=data, allow_redirects=False) as response:
                payload = await self._read(response)
                charset = response.charset
                latency_s = time.perf_counter() - started
                if response.status != 200:
                    raise failure_from_status(response.status, payload, response.headers)
        except TimeoutError as error:
            raise EngineError(
                FailureKind.TIMEOUT, f"No answer from {self._base_url} within {self._timeout_s:g} s."
            ) from error
        except aiohttp.ClientPayloadError as error:
            raise EngineError(
                FailureKind.MALFORMED, f"The answer of {self._base_url} broke off: {clean(str(error))}"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise EngineError(
                FailureKind.CONNECTION, f"Cannot talk to {self._base_url}: {clean(str(error))}"
            ) from error
        return await by_size(len(payload), self._parse, payload, charset, latency_s)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        # Not by content length: a small body may be a large one that has been compressed.
        payload = bytearray()
        async for chunk in response.content.iter_any():
            payload += chunk
            if len(payload) > MAX_RESPONSE_BYTES:
                raise EngineError(
                    FailureKind.MALFORMED, f"The answer of {self._base_url} is over 16 MB; not read further."
                )
        return bytes(payload)

    def _parse(self, payload: bytes, charset: str | None, latency_s: float) -> GenerationResult:
        try:
            answer = _loads(payload, charset)
            choice = answer["choices"][0]
            message = choice["message"] if self._model.api == "chat" else choice
            tool_calls = read_tool_calls(message.get("tool_calls"))
            # A response that only calls tools may have no text.
            text = message.get("content") if tool_calls else message[_TEXT_FIELD[self._model.api]]
            refusal = message.get("refusal")
            finish_reason = choice.get("finish_reason")
            usage = read_usage(answer.get("usage"))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise EngineError(
                FailureKind.MALFORMED,
                f"The answer of {self._base_url} is not that of a {self._model.api} API "
                f"({type(error).__name__}): {excerpt(payload, _SHOWN_CHARS)}",
            ) from error
        if refusal or finish_reason == "content_filter":
            raise EngineError(
                FailureKind.REFUSED, f"Blocked by the provider: {clean(str(refusal or 'content filter'))}"
            )
        if text is not None and not isinstance(text, str):
            raise EngineError(FailureKind.MALFORMED, f"The answer of {self._base_url} holds no text.")
        return GenerationResult(
            text=clean(text or "", limit=None),
            usage=usage,
            latency_s=latency_s,
            finish_reason=read_word(finish_reason),
            model=read_word(answer.get("model")),
            system_fingerprint=read_word(answer.get("system_fingerprint")),
            tool_calls=tool_calls,
        )

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


def read_tool_calls(calls: Any) -> tuple[ToolCall, ...]:
    """Return the tool calls of a response, in text that is safe to store.

    Raises:
        LookupError, TypeError, AttributeError: if they do not have the structure that chat APIs define.
    """
    found = []
    for number, call in enumerate((calls or [])[:_MAX_TOOL_CALLS]):
        function = call["function"]
        arguments = function.get("arguments")
        # The API defines JSON as text; some servers send the object itself.
        written = arguments if isinstance(arguments, str) else orjson.dumps(arguments or {}).decode()
        if not isinstance(function["name"], str):
            raise TypeError("a call of no tool")
        name, id_ = clean(function["name"]), clean(str(call.get("id") or f"call_{number}"))
        found.append(ToolCall(id_, name, clean(written, limit=None)))
    return tuple(found)


def _loads(payload: bytes, charset: str | None) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        pass
    text: str | bytes = payload
    # JSON is UTF-8; the header may only explain what is not. Other codecs of Python are no charsets.
    if charset is not None and charset.lower().startswith(_CHARSETS):
        with suppress(LookupError):
            text = payload.decode(charset)
    return json.loads(text)  # accepts lone surrogates, which a truncated response may contain


def read_word(value: object) -> str | None:
    """Return a short text from the server that is safe to store; ``None`` if it is not a text."""
    return clean(value) if isinstance(value, str) else None


def read_usage(usage: Mapping[str, object] | None) -> Usage:
    """Return the token counts that the server reported; ``None`` for each that is missing or invalid."""

    def count(name: str) -> int | None:
        value = usage.get(name) if isinstance(usage, Mapping) else None
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT:
            return value
        return None

    return Usage(count("prompt_tokens"), count("completion_tokens"))
