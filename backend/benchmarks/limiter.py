"""The limiter against one by additive increase and multiplicative decrease: ``python -m benchmarks.limiter``.

Both send the requests of an experiment to endpoints with the limits that real ones have, in virtual
time, so that hours take seconds and the outcome is the same on any machine. ``http`` as argument:
to a fake server on this machine instead, in real time, some minutes. ADR 2 keeps the tables.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenacity.wait import wait_exponential_jitter

from app.services.inference.base import EngineError
from app.services.inference.catalog import ModelSpec, ProviderSpec
from app.services.inference.engines.openai_compatible import OpenAICompatibleEngine
from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.limiter.base import Limiter
from app.services.inference.retry import RetryingEngine
from benchmarks.aimd import AimdLimiter
from benchmarks.lab import FakeServer
from tests.services.inference.endpoints import CONSUMERS_PER_SLOT, Client, Endpoint, Load, put_load_of
from tests.services.inference.steps import prompt_of, requests
from tests.services.inference.virtual_time import now

CONCURRENCY = 64
SEEDS = (0, 1, 2)
RECOVERED = 0.9
"""Share of the possible throughput from which on an endpoint counts as used again."""
RECOVERY_WINDOW_S = 5.0
MANY_LOST = 10.0
"""Prompts lost per 1,000 from which on the time taken means nothing."""


@dataclass(frozen=True, slots=True)
class Change:
    """From ``at`` on, in seconds, the endpoint could answer ``per_s`` requests a second."""

    at: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """One endpoint and one load on it.

    Attributes:
        name: as the table has it.
        endpoint: makes a fresh one.
        calls: distinct prompts.
        ideal_s: time that a client would take that knew the endpoint's limits.
        concurrency: what the experiment asks for.
        change: of the endpoint, after which recovery is timed.
    """

    name: str
    endpoint: Callable[[], Endpoint]
    calls: int
    ideal_s: float
    concurrency: int = CONCURRENCY
    change: Change | None = None


def concurrency_cases() -> list[Case]:
    """Return endpoints that serve some number of requests at once."""
    return [
        Case("no limit", Endpoint, 1_000, 1_000 / 64),
        Case("16 at once, 0.1 s", lambda: Endpoint(0.1, cap=16), 1_000, 1_000 / 16 * 0.1),
        Case("16 at once, 1 s", lambda: Endpoint(1.0, cap=16), 1_000, 1_000 / 16),
        Case("16 at once, 10 s", lambda: Endpoint(10.0, cap=16), 1_000, 10_000 / 16),
        Case("1 at once, 1 s", lambda: Endpoint(1.0, cap=1), 200, 200),
        Case(
            "16 at once, 64 from second 5, 0.1 s",
            lambda: Endpoint(0.1, cap=lambda at: 16 if at < 5 else 64),
            10_000,
            5 + (10_000 - 800) / 640,
            change=Change(5, 640),
        ),
        Case(
            "64 at once, 8 from second 3, 0.1 s",
            lambda: Endpoint(0.1, cap=lambda at: 64 if at < 3 else 8),
            4_000,
            3 + (4_000 - 1_920) / 80,
        ),
        Case(
            "all get a 429 from second 5 to 100, 0.5 s",
            lambda: Endpoint(0.5, cap=lambda at: 0 if 5 < at < 100 else 64),
            6_000,
            95 + 6_000 / 128,
            change=Change(100, 128),
        ),
    ]


def rate_cases() -> list[Case]:
    """Return endpoints that accept some number of requests in a time."""
    return [
        Case("120 a minute, 0.1 s", lambda: Endpoint(0.1, per_window=120), 500, 240),
        Case("120 a minute, 2 s", lambda: Endpoint(2.0, per_window=120), 500, 240),
        Case(
            "the same, exact Retry-After",
            lambda: Endpoint(2.0, per_window=120, retry_after="exact"),
            500,
            240,
        ),
        Case(
            "120 a minute, 0.1 s, one at a time",
            lambda: Endpoint(0.1, per_window=120),
            300,
            120,
            concurrency=1,
        ),
        Case("10 a minute, 1 s", lambda: Endpoint(1.0, per_window=10), 60, 300, concurrency=8),
        Case("bucket of 100, 20 a second, 1 s", lambda: Endpoint(1.0, bucket=(20, 100)), 2_000, 95),
        Case("bucket of 1, 5 a second, 0.2 s", lambda: Endpoint(0.2, bucket=(5, 1)), 1_000, 200),
        Case("16 at once and 600 a minute, 2 s", lambda: Endpoint(2.0, cap=16, per_window=600), 1_500, 187.5),
    ]


def fault_cases() -> list[Case]:
    """Return endpoints without a limit that fail some requests; answers take 1 s."""
    ideal_s = 1_000 / 64
    return [
        Case("10 % get a 429 at random", lambda: Endpoint(random_429s=0.1), 1_000, ideal_s),
        Case("the same, 4 at a time", lambda: Endpoint(random_429s=0.1), 1_000, 250, concurrency=4),
        Case("20 % of the prompts fail once", lambda: Endpoint(fails_once=0.2), 1_000, ideal_s * 1.15),
        Case("one prompt always gets a 429", lambda: Endpoint(always_rejected=0.001), 1_000, ideal_s),
        Case("5 % of the prompts always get a 429", lambda: Endpoint(always_rejected=0.05), 1_000, ideal_s),
    ]


def clients(clock: Callable[[], float]) -> dict[str, Client[Limiter]]:
    """Return what is compared; the waits of the candidates are those of inspect_ai."""

    def own(ceiling: int) -> Limiter:
        return AdaptiveLimiter(ceiling, clock)

    def aimd(ceiling: int) -> Limiter:
        return AimdLimiter(ceiling, clock)

    backoff = wait_exponential_jitter(multiplier=3, max=1_800, jitter=3)
    return {
        "own, 4 attempts": Client(own),
        "AIMD, 4 attempts": Client(aimd, backoff=backoff),
        "AIMD, 20 attempts": Client(aimd, backoff=backoff, max_attempts=20),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """The outcome of one case with one client.

    Attributes:
        throughput: ideal time over time taken.
        rejected: 429s per 1,000 prompts.
        lost: prompts that the endpoint would have answered and that failed for good, per 1,000.
        recovery_s: seconds from the change until the endpoint is used again.
    """

    throughput: float
    rejected: float
    lost: float
    recovery_s: float | None = None

    def __str__(self) -> str:
        throughput = "–" if self.lost > MANY_LOST else f"{self.throughput:.2f}"
        recovery = "" if self.recovery_s is None else f", {self.recovery_s:.0f} s"
        return f"{throughput}, {self.rejected:.0f}, {self.lost:.3g}{recovery}"


def _recovery_s(change: Change, load: Load[Limiter]) -> float:
    """Return how long after the change the first window began that had the throughput wanted."""
    moments = [at for at in load.endpoint.answered_at if at >= change.at]
    wanted = round(RECOVERED * change.per_s * RECOVERY_WINDOW_S)
    starts = (
        first
        for first, last in zip(moments, moments[wanted:], strict=False)
        if last - first <= RECOVERY_WINDOW_S
    )
    return next(starts, float("inf")) - change.at


def _lost(case: Case, load: Load[Limiter]) -> int:
    prompts = map(prompt_of, requests(case.calls))
    return sum(not load.endpoint.always_rejects(prompt) for prompt in prompts) - len(load.endpoint.answers)


def measure(case: Case, client: Client[Limiter], seeds: Sequence[int] = SEEDS) -> Measured:
    """Return the outcome of a case: the mean of what was lost, and medians, over the seeds."""
    loads = [put_load_of(client, case.endpoint(), case.calls, case.concurrency, seed) for seed in seeds]
    change = case.change
    return Measured(
        throughput=statistics.median(case.ideal_s / load.took_s for load in loads),
        rejected=statistics.median(1_000 * load.endpoint.rejected / case.calls for load in loads),
        lost=statistics.mean(1_000 * _lost(case, load) / case.calls for load in loads),
        recovery_s=statistics.median(_recovery_s(change, load) for load in loads) if change else None,
    )


@dataclass(frozen=True, slots=True)
class HttpCase:
    """Settings of the fake server, whose answers take 0.1 s, and a load on it; see ``Case``."""

    name: str
    calls: int
    ideal_s: float
    settings: dict[str, Any] = field(default_factory=dict)


HTTP_CASES = [
    HttpCase("20 % of the prompts get a 429 once", 1_000, 1.2 * 100 / 64, {"err429_rate": 0.2}),
    HttpCase("10 % get a 429 at random", 1_000, 1.1 * 100 / 64, {"err429_rate": 0.1, "redraw": True}),
    HttpCase("16 at once", 1_000, 100 / 16, {"max_in_flight_cap": 16}),
    HttpCase("300 a minute", 600, 60.0, {"rpm": 300}),
]


async def send(client: Client[Limiter], base_url: str, calls: int) -> None:
    """Send distinct prompts as a running experiment does; what fails shows in the server's counts."""
    model = ModelSpec(name="openai/fake", api="chat")
    inner = OpenAICompatibleEngine(ProviderSpec(engine="openai"), model, base_url, "key", 60)
    limiter = client.limiter(CONCURRENCY)
    engine = RetryingEngine(inner, limiter, client.max_attempts, client.patience_s, backoff=client.backoff)
    work = iter(requests(calls))

    async def consume() -> None:
        for call in work:
            try:
                await engine.generate(call)
            except EngineError as error:
                if error.kind.fatal:
                    return

    await asyncio.gather(*(consume() for _ in range(CONCURRENCY * CONSUMERS_PER_SLOT)))
    await engine.aclose()


def measure_http(server: FakeServer, case: HttpCase, client: Client[Limiter]) -> Measured:
    """Return the outcome of one load in real time."""
    server.reset(latency_ms=100, **case.settings)
    started = time.perf_counter()
    asyncio.run(send(client, server.base_url, case.calls))
    took_s = time.perf_counter() - started
    stats = server.stats()
    rejected, lost = stats["requests"] - stats["answered"], case.calls - stats["answered"]
    return Measured(case.ideal_s / took_s, 1_000 * rejected / case.calls, 1_000 * lost / case.calls)


def print_table(rows: Iterable[tuple[str, Iterable[Measured]]], columns: Iterable[str]) -> None:
    """Print rows as they come."""
    print("Throughput over the ideal, 429s per 1,000 prompts, prompts lost per 1,000, time to recover.\n")
    header = ["endpoint", *columns]
    print("|", " | ".join(header), "|")
    print("|", " | ".join("---" for _ in header), "|")
    for name, cells in rows:
        print("|", " | ".join([name, *map(str, cells)]), "|", flush=True)


def main() -> None:
    """Measure every case with every client, and print the table."""
    if "http" in sys.argv[1:]:
        server = FakeServer()
        compared = clients(time.monotonic)
        try:
            print_table(
                (
                    (case.name, (measure_http(server, case, each) for each in compared.values()))
                    for case in HTTP_CASES
                ),
                compared,
            )
        finally:
            server.stop()
    else:
        compared = clients(now)
        cases = [*concurrency_cases(), *rate_cases(), *fault_cases()]
        print_table(
            ((case.name, (measure(case, each) for each in compared.values())) for case in cases), compared
        )


if __name__ == "__main__":
    main()
