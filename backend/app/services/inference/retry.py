"""The one retry layer: every other client's own retries are off."""

import time
from dataclasses import dataclass, replace

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


@dataclass(slots=True)
class _Call:
    """One request on its way through its tries."""

    request: GenerationRequest
    attempts: int = 0
    queued_s: float = 0.0


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
        call = _Call(request)
        try:
            # Nearly every call is answered at once, and need not pay for the retry machinery.
            result = await self._attempt(call)
        except EngineError as error:
            if not _worth_another_try(error):
                raise
            result = await self._again(call, error)
        return replace(result, attempts=call.attempts, queue_s=call.queued_s)

    async def _again(self, call: "_Call", first_error: EngineError) -> GenerationResult:
        pending: EngineError | None = first_error

        async def attempt() -> GenerationResult:
            nonlocal pending
            if pending is not None:  # the first try, which is over, counts and is waited after
                error, pending = pending, None
                raise error
            return await self._attempt(call)

        retrying = AsyncRetrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(self._max_attempts),
            wait=_wait,
            reraise=True,
        )
        result: GenerationResult = await retrying(attempt)
        return result

    async def _attempt(self, call: "_Call") -> GenerationResult:
        asked = time.monotonic()
        slot = await self._limiter.acquire(again=call.attempts > 0)
        call.queued_s += time.monotonic() - asked
        call.attempts += 1
        accepted: bool | None = None
        try:
            result = await self._inner.generate(call.request)
            accepted = True
            return result
        except EngineError as error:
            error.attempts = call.attempts
            if error.kind is FailureKind.RATE_LIMIT:
                accepted = False
                self._limiter.refused(slot, error.retry_after_s)
                self._refuse_endless_wait(error)
            raise
        finally:
            if accepted is not False:
                self._limiter.release(slot, accepted=accepted)

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
