"""A model endpoint in virtual time, with the limits that real ones have, and a load on it."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.retry import RetryingEngine
from tests.fixtures.fake_llm_behaviour import prompt_hash
from tests.services.inference.steps import answered, prompt_of, requests
from tests.services.inference.virtual_time import now, run

CONSUMERS_A_SLOT = 4  # as many as a running experiment has
ONCE = (FailureKind.RATE_LIMIT, FailureKind.SERVER, FailureKind.CONNECTION, FailureKind.MALFORMED)


@dataclass
class Endpoint(EngineBase):
    """Answers after ``latency_s`` unless one of its limits is met; refusals come at once.

    Attributes:
        cap: calls that it takes at once; a function of the time, if it changes.
        per_window: calls that it takes in a sliding window of ``window_s``.
        bucket: tokens a second, and how many it holds: the other common way to limit a rate.
        fails_once: share of prompts whose first try fails, in one of the ways of ``ONCE``.
        refused_always: share of prompts that are refused whatever happens.
        noise: share of calls that are refused at random.
        retry_after: what it says with a refusal; ``exact``: when the window opens.
    """

    latency_s: float = 1.0
    cap: Callable[[float], int] | int | None = None
    per_window: int | None = None
    window_s: float = 60.0
    bucket: tuple[float, float] | None = None
    fails_once: float = 0.0
    refused_always: float = 0.0
    noise: float = 0.0
    retry_after: float | str | None = None
    in_flight: int = 0
    busy_s: float = 0.0
    refused: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    _window: deque[float] = field(default_factory=deque)
    _tokens: float = -1.0
    _filled_at: float = 0.0
    _draw: random.Random = field(default_factory=lambda: random.Random(1))

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        prompt = prompt_of(request)
        self.tries[prompt] += 1
        failure = self._failure(prompt)
        if failure is FailureKind.RATE_LIMIT:
            self.refused += 1
            await asyncio.sleep(0.001)
            raise EngineError(failure, "too much", retry_after_s=self._wish())
        self.in_flight += 1
        started = now()
        try:
            await asyncio.sleep(self.latency_s * random.uniform(0.8, 1.2))
        finally:
            self.in_flight -= 1
            self.busy_s += now() - started
        if failure is not None:
            raise EngineError(failure, "failed")
        self.answers[prompt] += 1
        return answered()

    def _failure(self, prompt: str) -> FailureKind | None:
        draw = int(prompt_hash(prompt)[:8], 16) / 2**32
        if draw < self.refused_always or self._draw.random() < self.noise or not self._has_room():
            return FailureKind.RATE_LIMIT
        if draw > 1 - self.fails_once and self.tries[prompt] == 1:
            return ONCE[int(prompt_hash(prompt)[8:], 16) % len(ONCE)]
        return None

    def _has_room(self) -> bool:
        cap = self.cap(now()) if callable(self.cap) else self.cap
        if cap is not None and self.in_flight >= cap:
            return False
        if self.per_window is not None:
            while self._window and self._window[0] <= now() - self.window_s:
                self._window.popleft()
            if len(self._window) >= self.per_window:
                return False
            self._window.append(now())
        if self.bucket is not None:
            rate, size = self.bucket
            before = size if self._tokens < 0 else self._tokens
            self._tokens = min(size, before + (now() - self._filled_at) * rate)
            self._filled_at = now()
            if self._tokens < 1:
                return False
            self._tokens -= 1
        return True

    def _wish(self) -> float | None:
        if self.retry_after == "exact":
            return max(0.0, self._window[0] + self.window_s - now()) if self._window else None
        return None if self.retry_after is None else float(self.retry_after)


@dataclass
class Load:
    """What came of a load."""

    endpoint: Endpoint
    limiter: AdaptiveLimiter
    failures: list[EngineError]
    took_s: float

    @property
    def mean_in_flight(self) -> float:
        """Calls that the endpoint worked on at once, on average."""
        return self.endpoint.busy_s / self.took_s


def put_load(endpoint: Endpoint, calls: int, concurrency: int, *, patience_s: float = 600) -> Load:
    """Ask ``calls`` distinct prompts as a running experiment does, in virtual time."""

    async def main() -> Load:
        limiter = AdaptiveLimiter(concurrency, clock=now)
        engine = RetryingEngine(endpoint, limiter, 4, patience_s)
        failures: list[EngineError] = []
        work: Iterator[GenerationRequest] = iter(requests(calls))

        async def consume() -> None:
            for call in work:
                try:
                    await engine.generate(call)
                except EngineError as error:
                    failures.append(error)
                    if error.kind.fatal:
                        return

        consumers = min(calls, concurrency * CONSUMERS_A_SLOT)
        await asyncio.gather(*(consume() for _ in range(consumers)))
        return Load(endpoint, limiter, failures, now())

    return run(main)
