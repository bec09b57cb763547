"""The only retry layer: the retries of all clients below it are switched off."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_base, wait_random_exponential

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.stages import StageClock
from app.domain.status import FailureKind
from app.services.inference.base import Engine, EngineBase, EngineError
from app.services.inference.limiter.base import Limiter, RateLimited

BACKOFF = wait_random_exponential(multiplier=0.2, max=10)
"""Seconds between the attempts of a request, where the endpoint does not ask for a time."""
_LONGEST_LOADING_S = 30.0  # that is waited before a look whether a model is loaded, whatever is asked for
_REFUSED = frozenset({FailureKind.RATE_LIMIT, FailureKind.UNAVAILABLE})
"""What the limiter learns from: the endpoint takes no request now, and will later."""


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, EngineError) and error.kind.retryable and not error.final


def _ignore(_: str | None) -> None:
    pass


T = TypeVar("T")


@dataclass(slots=True)
class _Call(Generic[T]):
    """A request, or a list of them, with what its attempts have cost so far.

    Attributes:
        send: sends it once.
        clocks: of its requests, which are told when a stage ends.
        attempts: made so far.
        counted: those of them that count towards the most that are made: not those that found the
            endpoint unavailable, for which there is a time instead.
        queued_s: seconds that it waited for slots.
        asked_to_wait_s: sum of what the endpoint asked for with its failures, in seconds.
        rate_limited: the HTTP 429 of its latest attempt, if that ended so, or with an unavailable endpoint.
        unavailable_at: when it first found the endpoint unavailable, in seconds of the clock.
    """

    send: Callable[[], Awaitable[T]]
    clocks: tuple[StageClock, ...]
    attempts: int = 0
    counted: int = 0
    queued_s: float = 0.0
    asked_to_wait_s: float = 0.0
    rate_limited: RateLimited | None = None
    unavailable_at: float | None = None

    def lap(self, stage: str) -> None:
        """Tell the clocks that a stage ends."""
        for clock in self.clocks:
            clock.lap(stage)


class RetryingEngine(EngineBase):
    """Sends requests through a limiter, and sends those again whose failure may be temporary.

    A request that waits between attempts holds no slot, so that others go on meanwhile. ``latency_s``
    of the result is that of the successful attempt; ``queue_s`` is the time spent waiting for slots.

    Args:
        inner: sends one request once.
        limiter: decides when an attempt may start.
        max_attempts: of a request, at least 1.
        patience_s: longest wait that the endpoint may ask a request for, in all, and longest time for
            which it may answer everything with 429, in seconds. Beyond it the quota counts as used up.
        backoff: seconds between attempts, where the endpoint does not ask for a time.
        clock: the time in seconds.
        waiting: told what the endpoint needs time for while it is unavailable, and ``None`` when it is
            back.
    """

    def __init__(
        self,
        inner: Engine,
        limiter: Limiter,
        max_attempts: int,
        patience_s: float,
        *,
        backoff: wait_base = BACKOFF,
        clock: Callable[[], float] = time.monotonic,
        waiting: Callable[[str | None], None] = _ignore,
    ) -> None:
        self._inner = inner
        self._limiter = limiter
        self._max_attempts = max_attempts
        self._patience_s = patience_s
        self._backoff = backoff
        self._clock = clock
        self._waiting = waiting
        self._waiting_for: str | None = None

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        call = _Call(partial(self._inner.generate, request), (request.clock,))
        result = await self._answered(call)
        request.clock.lap_call(result.first_token_s)
        return replace(result, attempts=call.attempts, queue_s=call.queued_s)

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return what the inner engine asks for together; see ``Engine.lists``."""
        return self._inner.lists(requests)

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call, which takes one slot; see ``Engine.generate_list``.

        What failed in the place of one answer, and may be retried, is asked for alone, so that one request
        does not have all others asked for again.
        """
        call = _Call(
            partial(self._inner.generate_list, requests), tuple(request.clock for request in requests)
        )
        outcomes = await self._answered(call)
        call.lap("call")

        async def settled(
            request: GenerationRequest, outcome: GenerationResult | EngineError
        ) -> GenerationResult | EngineError:
            if isinstance(outcome, GenerationResult):
                return replace(outcome, attempts=call.attempts, queue_s=call.queued_s)
            return await self._ask_one(request) if _is_retryable(outcome) else outcome

        return list(await asyncio.gather(*map(settled, requests, outcomes)))

    async def _answered(self, call: _Call[T]) -> T:
        try:
            # Most requests succeed at once, and need not pay for tenacity.
            return await self._attempt(call)
        except EngineError as error:
            if not _is_retryable(error):
                raise
            return await self._retry(call, error)

    async def _retry(self, call: _Call[T], first_error: EngineError) -> T:
        pending: EngineError | None = first_error

        async def attempt() -> T:
            nonlocal pending
            if pending is not None:  # the first attempt is over: tenacity counts it, and waits after it
                error, pending = pending, None
                raise error
            return await self._attempt(call)

        retrying = AsyncRetrying(
            retry=retry_if_exception(
                lambda error: _is_retryable(error) and call.asked_to_wait_s <= self._patience_s
            ),
            stop=lambda _: call.counted >= self._max_attempts,
            wait=self._wait_s,
            reraise=True,
        )
        result: T = await retrying(attempt)
        return result

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, EngineError) and error.retry_after_s is not None:
            return error.retry_after_s
        return float(self._backoff(state))

    async def _attempt(self, call: _Call[T]) -> T:
        if call.attempts:
            call.lap("backoff")
        queued_at = self._clock()
        slot = await self._limiter.acquire(
            retry=call.attempts > 0,
            rate_limited=call.rate_limited,
            last_attempt=call.counted + 1 == self._max_attempts,
        )
        call.queued_s += self._clock() - queued_at
        call.lap("slot")
        call.attempts += 1
        call.counted += 1
        call.rate_limited = None
        accepted = False
        try:
            result = await call.send()
            accepted = True
            if self._waiting_for is not None:
                self._tell(None)
            return result
        except EngineError as error:
            call.lap("failed_call")
            error.attempts = call.attempts
            if error.kind is FailureKind.UNAVAILABLE and error.retry_after_s is not None:
                error.retry_after_s = min(error.retry_after_s, _LONGEST_LOADING_S)
            if error.kind in _REFUSED:
                call.rate_limited = self._limiter.rate_limited(slot, self._bearable_s(error.retry_after_s))
            if error.kind is FailureKind.UNAVAILABLE:
                self._bear_unavailable(call, error)
            else:
                self._check_patience(call, error)
            raise
        finally:
            if call.rate_limited is None:
                self._limiter.release(slot, accepted=accepted)

    def _bearable_s(self, retry_after_s: float | None) -> float | None:
        """Return what the endpoint asks for, unless it is so long that no request will wait for it."""
        return retry_after_s if retry_after_s is not None and retry_after_s <= self._patience_s else None

    def _tell(self, waiting_for: str | None) -> None:
        self._waiting_for = waiting_for
        self._waiting(waiting_for)

    def _bear_unavailable(self, call: _Call[T], error: EngineError) -> None:
        """Let the request wait for an endpoint that is unavailable, unless it has done so for too long.

        A request that is refused while others are accepted has only the usual number of attempts.
        """
        now = self._clock()
        call.unavailable_at = now if call.unavailable_at is None else call.unavailable_at
        if call.rate_limited is None or not call.rate_limited.alone:
            call.counted -= 1
        kind, message = FailureKind.SERVER, error.message  # of this request alone
        if self._limiter.rejecting_s > self._patience_s:
            setting = f"LLMFORGE_RATE_LIMIT_PATIENCE_S ({self._patience_s:.0f} s)"
            kind = FailureKind.UNAVAILABLE
            message = f"For longer than {setting}, {error.waiting_for}. {message}"
        elif now - call.unavailable_at <= self._patience_s and call.counted < self._max_attempts:
            self._tell(error.waiting_for)
            return
        raise EngineError(kind, message, attempts=error.attempts, final=True) from error

    def _check_patience(self, call: _Call[T], error: EngineError) -> None:
        """Turn a failure into a used-up quota if waiting for the endpoint would take too long.

        A server that fails knows little of when it will be well: a wait beyond patience is not asked for.
        """
        if error.kind is FailureKind.SERVER:
            error.retry_after_s = self._bearable_s(error.retry_after_s)
        retry_after_s = error.retry_after_s or 0.0
        call.asked_to_wait_s += retry_after_s
        setting = f"LLMFORGE_RATE_LIMIT_PATIENCE_S ({self._patience_s:.0f} s)"
        if retry_after_s > self._patience_s:
            reason = f"The endpoint asks to wait {retry_after_s:.0f} s, more than {setting}."
        elif error.kind is FailureKind.RATE_LIMIT and self._limiter.rejecting_s > self._patience_s:
            reason = f"The endpoint has refused all calls for longer than {setting}."
        else:
            return
        raise EngineError(FailureKind.QUOTA, f"{reason} {error.message}", attempts=error.attempts) from error

    async def aclose(self) -> None:
        """Close the inner engine."""
        await self._inner.aclose()
