"""Hugging Face Inference Providers.

Chat goes to the router, which speaks OpenAI's API, or to an address of one's own. Text generation, which has
no such API, goes through huggingface_hub's asyncio client.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import httpx2
from huggingface_hub import AsyncInferenceClient, set_async_client_factory
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError, TextGenerationError

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.connector import Connector, ModelStatus, not_checked
from app.services.inference.engines.openai_compatible import MAX_RESPONSE_BYTES, OpenAICompatibleEngine
from app.services.inference.failures import clean, failure_from_status
from app.services.inference.threads import by_size

_ROUTER_URL = "https://router.huggingface.co"
_CHAT_PATH = "/v1"
_ENCODED = frozenset({"content-encoding", "content-length", "transfer-encoding"})  # not of the decoded body


async def _refuse_redirect(response: httpx2.Response) -> None:
    if response.is_redirect:
        response.raise_for_status()


class _BoundedClient(httpx2.AsyncClient):
    """Reads no answer beyond the limit, which counts its decoded bytes."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request; see ``httpx2.AsyncClient.send``.

        Raises:
            EngineError: if the answer is over the limit.
        """
        response = await super().send(request, stream=True, **options)
        if stream:
            return response
        content = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_RESPONSE_BYTES:
                    raise EngineError(
                        FailureKind.MALFORMED, "The answer of Hugging Face is over 16 MB; not read further."
                    )
        finally:
            await response.aclose()
        headers = [
            (name, value) for name, value in response.headers.multi_items() if name.lower() not in _ENCODED
        ]
        return httpx2.Response(response.status_code, headers=headers, content=bytes(content), request=request)


def _http_client() -> httpx2.AsyncClient:
    # Redirects are refused, so that the key is sent only to the address in the catalog; the limiter
    # decides how many calls there are at the same time.
    return _BoundedClient(
        follow_redirects=False,
        timeout=None,
        limits=httpx2.Limits(max_connections=None),
        event_hooks={"response": [_refuse_redirect]},
    )


set_async_client_factory(_http_client)


class HFTextGenerationEngine(EngineBase):
    """Text generation through Hugging Face's client, which does not retry by itself."""

    def __init__(
        self,
        provider: ProviderSpec,
        model: ModelSpec,
        base_url: str | None,
        token: str | None,
        timeout_s: float,
    ) -> None:
        self._timeout_s = timeout_s
        # The client takes either a base URL or a provider; `org/model:together` names the provider,
        # as on the Hub.
        model_id, _, chosen = model.remote_id.partition(":")
        where: JsonObject = (
            {"base_url": base_url} if base_url else {"provider": chosen or provider.inference_provider}
        )
        self._client = AsyncInferenceClient(token=token, **where)
        # The client would prefer a model's name to the base URL.
        self._model = None if base_url else model_id

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        started = time.perf_counter()
        try:
            # The client's own timeout limits the time between two chunks of a response, not the whole.
            async with asyncio.timeout(self._timeout_s):
                text, usage, finish_reason = await self._complete(request)
        except (InferenceTimeoutError, TimeoutError) as error:
            raise EngineError(FailureKind.TIMEOUT, f"No answer within {self._timeout_s:g} s.") from error
        except (HfHubHTTPError, TextGenerationError) as error:
            raise _failure(error) from error
        except httpx2.HTTPStatusError as error:
            response = error.response
            raise failure_from_status(response.status_code, b"", response.headers) from error
        except (httpx2.HTTPError, OSError) as error:
            raise EngineError(
                FailureKind.CONNECTION, f"Cannot talk to Hugging Face: {clean(str(error))}"
            ) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise EngineError(FailureKind.MALFORMED, f"Unreadable answer: {clean(str(error))}") from error
        if not isinstance(text, str):
            raise EngineError(FailureKind.MALFORMED, "The answer holds no text.")
        cleaned = await by_size(len(text), clean, text, limit=None)
        latency_s = time.perf_counter() - started
        return GenerationResult(cleaned, usage, latency_s, finish_reason=finish_reason)

    async def _complete(self, request: GenerationRequest) -> tuple[object, Usage, str | None]:
        params = request.params
        answer = await self._client.text_generation(
            "\n\n".join(message.content for message in request.messages),
            model=self._model,
            details=True,
            # The text-generation API rejects a temperature of 0; greedy decoding is "do not sample".
            do_sample=params.temperature > 0,
            temperature=params.temperature or None,
            max_new_tokens=params.max_tokens,
            top_p=params.top_p,
            stop=list(params.stop) or None,
            seed=request.seed + request.repeat,
        )
        details = answer.details
        generated = details.generated_tokens if details else None
        finish_reason = str(details.finish_reason) if details else None
        return answer.generated_text, Usage(None, generated), finish_reason

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]  # the client declares no types here


class HFAPIConnector(Connector):
    """Opens models of Hugging Face Inference Providers; without a base URL the Hub chooses one."""

    def status(self) -> ModelStatus:
        """Return whether the key is set; whether the endpoint answers is not known before it is asked."""
        return not_checked(super().status())

    def endpoint(self) -> tuple[str, str | None]:
        """Return the address of the chat API, and the key; see ``Connector.endpoint``."""
        url = self.base_url() or _ROUTER_URL
        return url if url.endswith(_CHAT_PATH) else url + _CHAT_PATH, self.key

    async def open(
        self, timeout_s: float, answers: Mapping[str, str] | None = None
    ) -> HFTextGenerationEngine | OpenAICompatibleEngine:
        """Return an engine; see ``Connector.open``."""
        del answers
        own = self.base_url()
        if self.model.api == "completion":
            return HFTextGenerationEngine(self.provider, self.model, own, self.key, timeout_s)
        # The router takes a provider's name behind the model's; an address of one's own has one model.
        name, _, chosen = self.model.remote_id.partition(":")
        if own is None:
            chosen = chosen or self.provider.inference_provider.removeprefix("auto")
            name = f"{name}:{chosen}" if chosen else name
        url, _ = self.endpoint()
        model = self.model.model_copy(update={"id": name})
        return OpenAICompatibleEngine(self.provider, model, url, self.key, timeout_s)


def _failure(error: HfHubHTTPError | TextGenerationError) -> EngineError:
    # The client wraps errors that a text-generation server explains around the HTTP error.
    http = error if isinstance(error, HfHubHTTPError) else error.__cause__
    if not isinstance(http, HfHubHTTPError):
        return EngineError(FailureKind.SERVER, clean(str(error)))
    response = http.response
    return failure_from_status(response.status_code, response.content, response.headers)
