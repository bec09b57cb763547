"""A model endpoint in virtual time, with the limits that real ones have, and a load on it."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tenacity.wait import wait_base

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.limiter.base import Limiter
from app.services.inference.retry import BACKOFF, RetryingEngine
from tests.engines import answered
from tests.fixtures.fake_llm_behaviour import prompt_hash
from tests.services.inference.steps import prompt_of, requests
from tests.services.inference.virtual_time import now, run

L = TypeVar("L", bound=Limiter)

CONSUMERS_PER_SLOT = 4  # as many as a running experiment has
ONCE = (FailureKind.RATE_LIMIT, FailureKind.SERVER, FailureKind.CONNECTION, FailureKind.MALFORMED)


@dataclass
class Endpoint(EngineBase):
    """Answers after ``latency_s`` unless one of its limits is exceeded; a 429 comes at once.

    Attributes:
        cap: requests that it serves at once; a function of the time, if it changes.
        per_window: requests that it accepts in a sliding window of ``window_s``.
        bucket: tokens a second, and how many it holds: the other common way to limit a rate.
        fails_once: share of prompts whose first attempt fails, in one of the ways of ``ONCE``.
        always_rejected: share of prompts that get a 429 whatever happens.
        random_429s: share of requests that get a 429 at random.
        retry_after: its header with a 429, in seconds; ``exact``: until the window opens.
    """

    latency_s: float = 1.0
    cap: Callable[[float], int] | int | None = None
    per_window: int | None = None
    window_s: float = 60.0
    bucket: tuple[float, float] | None = None
    fails_once: float = 0.0
    always_rejected: float = 0.0
    random_429s: float = 0.0
    retry_after: float | str | None = None
    in_flight: int = 0
    busy_s: float = 0.0
    rejected: int = 0
    tries: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    answered_at: list[float] = field(default_factory=list)
    _window: deque[float] = field(default_factory=deque)
    _tokens: float = -1.0
    _filled_at: float = 0.0
    _draw: random.Random = field(default_factory=lambda: random.Random(1))

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        prompt = prompt_of(request)
        self.tries[prompt] += 1
        failure = self._failure(prompt)
        if failure is FailureKind.RATE_LIMIT:
            self.rejected += 1
            await asyncio.sleep(0.001)
            raise EngineError(failure, "too much", retry_after_s=self._retry_after_s())
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
        self.answered_at.append(now())
        return answered()

    def always_rejects(self, prompt: str) -> bool:
        """Return whether the prompt gets a 429 whatever happens."""
        return _draw(prompt) < self.always_rejected

    def _failure(self, prompt: str) -> FailureKind | None:
        draw = _draw(prompt)
        if self.always_rejects(prompt) or self._draw.random() < self.random_429s or not self._has_room():
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

    def _retry_after_s(self) -> float | None:
        if self.retry_after == "exact":
            return max(0.0, self._window[0] + self.window_s - now()) if self._window else None
        return None if self.retry_after is None else float(self.retry_after)


def _draw(prompt: str) -> float:
    """Return a number in [0, 1) that is the prompt's own."""
    return int(prompt_hash(prompt)[:8], 16) / 2**32


@dataclass
class Load(Generic[L]):
    """The outcome of a load."""

    endpoint: Endpoint
    limiter: L
    failures: list[EngineError]
    took_s: float

    @property
    def mean_in_flight(self) -> float:
        """Requests that the endpoint worked on at once, on average."""
        return self.endpoint.busy_s / self.took_s


@dataclass(frozen=True)
class Client(Generic[L]):
    """How requests are sent: through which limiter, how often, and how long after a failure."""

    limiter: Callable[[int], L]
    max_attempts: int = 4
    patience_s: float = 600
    backoff: wait_base = BACKOFF


def put_load_of(
    client: Client[L], endpoint: Endpoint, calls: int, concurrency: int, seed: int = 0
) -> Load[L]:
    """Ask ``calls`` distinct prompts as a running experiment does, in virtual time."""

    async def main() -> Load[L]:
        limiter = client.limiter(concurrency)
        engine = RetryingEngine(
            endpoint, limiter, client.max_attempts, client.patience_s, backoff=client.backoff, clock=now
        )
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

        consumers = min(calls, concurrency * CONSUMERS_PER_SLOT)
        await asyncio.gather(*(consume() for _ in range(consumers)))
        return Load(endpoint, limiter, failures, now())

    return run(main, seed)


def put_load(
    endpoint: Endpoint, calls: int, concurrency: int, *, patience_s: float = 600
) -> Load[AdaptiveLimiter]:
    """Ask ``calls`` distinct prompts through the limiter of the application, in virtual time."""
    client = Client(lambda ceiling: AdaptiveLimiter(ceiling, clock=now), patience_s=patience_s)
    return put_load_of(client, endpoint, calls, concurrency)
