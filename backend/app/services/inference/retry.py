"""The one retry layer: every other client's own retries are off."""

import time
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.limiter.adaptive import AdaptiveLimiter, Refusal

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
    asked_to_wait_s: float = 0.0
    """By the endpoint, in all tries."""
    refusal: Refusal | None = None


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

    async def _again(self, call: _Call, first_error: EngineError) -> GenerationResult:
        pending: EngineError | None = first_error

        async def attempt() -> GenerationResult:
            nonlocal pending
            if pending is not None:  # the first try, which is over, counts and is waited after
                error, pending = pending, None
                raise error
            return await self._attempt(call)

        retrying = AsyncRetrying(
            retry=retry_if_exception(
                lambda error: _worth_another_try(error) and call.asked_to_wait_s <= self._patience_s
            ),
            stop=stop_after_attempt(self._max_attempts),
            wait=_wait,
            reraise=True,
        )
        result: GenerationResult = await retrying(attempt)
        return result

    async def _attempt(self, call: _Call) -> GenerationResult:
        asked = time.monotonic()
        slot = await self._limiter.acquire(
            again=call.attempts > 0, refusal=call.refusal, last=call.attempts + 1 == self._max_attempts
        )
        call.queued_s += time.monotonic() - asked
        call.attempts += 1
        call.refusal = None
        accepted: bool | None = None
        try:
            result = await self._inner.generate(call.request)
            accepted = True
            return result
        except EngineError as error:
            error.attempts = call.attempts
            if error.kind is FailureKind.RATE_LIMIT:
                accepted = False
                call.refusal = self._limiter.refused(slot, self._bearable(error.retry_after_s))
            self._refuse_endless_wait(call, error)
            raise
        finally:
            if accepted is not False:
                self._limiter.release(slot, accepted=accepted)

    def _bearable(self, wish_s: float | None) -> float | None:
        return wish_s if wish_s is not None and wish_s <= self._patience_s else None

    def _refuse_endless_wait(self, call: _Call, error: EngineError) -> None:
        wish_s = error.retry_after_s or 0.0
        call.asked_to_wait_s += wish_s
        setting = f"LLMFORGE_RATE_LIMIT_PATIENCE_S ({self._patience_s:.0f} s)"
        if wish_s > self._patience_s:
            said = f"The endpoint asks to wait {wish_s:.0f} s, more than {setting}."
        elif error.kind is FailureKind.RATE_LIMIT and self._limiter.refusing_s > self._patience_s:
            said = f"The endpoint has refused all calls for longer than {setting}."
        else:
            return
        raise EngineError(FailureKind.QUOTA, f"{said} {error.message}", attempts=error.attempts) from error

    async def aclose(self) -> None:
        """Close the engine within."""
        await self._inner.aclose()
