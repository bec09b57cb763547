"""Hugging Face Inference Providers, through huggingface_hub's asyncio client."""

import time
from typing import Any

import httpx2
from huggingface_hub import AsyncInferenceClient
from huggingface_hub.errors import HfHubHTTPError, InferenceTimeoutError

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.failures import clean, failure_from_status
from app.services.inference.openai_compatible import read_usage


class HFAPIEngine(EngineBase):
    """Chat and text generation on the Hub's providers; the client itself does not retry."""

    def __init__(
        self,
        provider: ProviderSpec,
        model: ModelSpec,
        base_url: str | None,
        token: str | None,
        timeout_s: float,
    ) -> None:
        self._model = model
        self._timeout_s = timeout_s
        # A base URL and a provider exclude each other in the client.
        where: dict[str, Any] = (
            {"base_url": base_url} if base_url else {"provider": provider.inference_provider}
        )
        self._client = AsyncInferenceClient(token=token, timeout=timeout_s, **where)

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        started = time.perf_counter()
        try:
            call = self._chat if self._model.api == "chat" else self._complete
            result = await call(request)
        except InferenceTimeoutError as error:
            raise EngineError(FailureKind.TIMEOUT, f"No answer within {self._timeout_s:g} s.") from error
        except HfHubHTTPError as error:
            response = error.response
            raise failure_from_status(response.status_code, response.content, response.headers) from error
        except (httpx2.HTTPError, OSError) as error:
            raise EngineError(
                FailureKind.CONNECTION, f"Cannot talk to Hugging Face: {clean(str(error))}"
            ) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise EngineError(FailureKind.MALFORMED, f"Unreadable answer: {clean(str(error))}") from error
        text, usage, finish_reason, model = result
        return GenerationResult(
            text=clean(text, limit=None),
            usage=usage,
            latency_s=time.perf_counter() - started,
            finish_reason=finish_reason,
            model=model,
        )

    async def _chat(self, request: GenerationRequest) -> tuple[str, Usage, str | None, str | None]:
        params = request.params
        answer = await self._client.chat_completion(
            [message.as_dict() for message in request.messages],
            model=self._model.remote_id,
            temperature=params.temperature,
            max_tokens=params.max_tokens,
            top_p=params.top_p,
            stop=list(params.stop) or None,
            seed=request.seed + request.repeat,
        )
        choice = answer.choices[0]
        if choice.finish_reason == "content_filter":
            raise EngineError(FailureKind.REFUSED, "Blocked by the provider's content filter.")
        usage = read_usage(dict(answer.usage) if answer.usage else None)
        return choice.message.content or "", usage, choice.finish_reason, answer.model

    async def _complete(self, request: GenerationRequest) -> tuple[str, Usage, str | None, str | None]:
        params = request.params
        answer = await self._client.text_generation(
            "\n\n".join(message.content for message in request.messages),
            model=self._model.remote_id,
            details=True,
            # The text-generation API takes no temperature of 0; greedy is "do not sample".
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
        return answer.generated_text, Usage(None, generated), finish_reason, None
