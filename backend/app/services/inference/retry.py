"""The one retry layer: every other client's own retries are off."""

import time
from dataclasses import replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.limits import AdaptiveLimiter

_backoff = wait_random_exponential(multiplier=0.2, max=10)


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, EngineError) and error.kind.retryable


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, EngineError) and error.retry_after_s is not None:
        return error.retry_after_s
    return float(_backoff(state))


class RetryingEngine(EngineBase):
    """Makes calls through the limiter, again where that may help.

    A call that waits for its next try holds no slot, so that others go on meanwhile. ``latency_s``
    of the result is that of the answered attempt; time spent waiting for slots is ``queue_s``.
    """

    def __init__(self, inner: Engine, limiter: AdaptiveLimiter, max_attempts: int, patience_s: float) -> None:
        self._inner = inner
        self._limiter = limiter
        self._max_attempts = max_attempts
        self._patience_s = patience_s

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        queued_s = 0.0
        attempts = 0

        async def attempt() -> GenerationResult:
            nonlocal queued_s, attempts
            asked = time.monotonic()
            slot = await self._limiter.acquire(again=attempts > 0)
            queued_s += time.monotonic() - asked
            attempts += 1
            accepted = None
            try:
                result = await self._inner.generate(request)
                accepted = True
                return result
            except EngineError as error:
                error.attempts = attempts
                if error.kind is FailureKind.RATE_LIMIT:
                    accepted = False
                    self._limiter.refused(slot, error.retry_after_s)
                    self._refuse_endless_wait(error)
                raise
            finally:
                if accepted is not False:
                    self._limiter.release(slot, accepted=accepted)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(self._max_attempts),
            wait=_wait,
            reraise=True,
        )
        result: GenerationResult = await retrying(attempt)
        return replace(result, attempts=attempts, queue_s=queued_s)

    def _refuse_endless_wait(self, error: EngineError) -> None:
        wish = error.retry_after_s
        if wish is not None and wish > self._patience_s:
            raise EngineError(
                FailureKind.QUOTA,
                f"The endpoint asks to wait {wish:.0f} s, more than LLMFORGE_RATE_LIMIT_PATIENCE_S "
                f"({self._patience_s:.0f} s). {error.message}",
                attempts=error.attempts,
            ) from error

    async def aclose(self) -> None:
        """Close the engine within."""
        await self._inner.aclose()
