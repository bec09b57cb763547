"""The limiter against one by additive increase and multiplicative decrease: ``python -m benchmarks.limiter``.

Both make the calls of an experiment on endpoints with the limits that real ones have, in virtual
time, so that hours take seconds and the outcome is the same on any machine. ADR 2 keeps the table.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenacity.wait import wait_exponential_jitter

from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.limiter.base import Limiter
from benchmarks.aimd import AimdLimiter
from tests.services.inference.endpoints import Client, Endpoint, Load, put_load_of
from tests.services.inference.virtual_time import now

SEEDS = (0, 1, 2)
RECOVERED = 0.9
"""Share of the throughput that an endpoint could give from which on it counts as used again."""


@dataclass(frozen=True, slots=True)
class Case:
    """One endpoint and one load on it.

    Attributes:
        name: as the table has it.
        endpoint: makes a fresh one.
        calls: distinct prompts.
        ideal_s: time that a client would take that knew the endpoint's limits.
        concurrency: what the experiment asks for.
        changes_at: second from which on the endpoint could give ``then_per_s``.
        then_per_s: calls a second.
    """

    name: str
    endpoint: Callable[[], Endpoint]
    calls: int
    ideal_s: float
    concurrency: int = 64
    changes_at: float | None = None
    then_per_s: float = 0.0


def _cases() -> list[Case]:
    all_at_once = 1_000 / 64
    return [
        Case("no limit", Endpoint, 1_000, all_at_once),
        Case("16 at once, 0.1 s", lambda: Endpoint(0.1, cap=16), 1_000, 1_000 / 16 * 0.1),
        Case("16 at once, 1 s", lambda: Endpoint(1.0, cap=16), 1_000, 1_000 / 16),
        Case("16 at once, 10 s", lambda: Endpoint(10.0, cap=16), 1_000, 10_000 / 16),
        Case("1 at once, 1 s", lambda: Endpoint(1.0, cap=1), 200, 200),
        Case(
            "16 at once, 64 from second 5",
            lambda: Endpoint(0.1, cap=lambda at: 16 if at < 5 else 64),
            10_000,
            5 + (10_000 - 800) / 640,
            changes_at=5,
            then_per_s=640,
        ),
        Case(
            "64 at once, 8 from second 3",
            lambda: Endpoint(0.1, cap=lambda at: 64 if at < 3 else 8),
            4_000,
            3 + (4_000 - 1_920) / 80,
            changes_at=3,
            then_per_s=80,
        ),
        Case("120 a minute, 0.1 s", lambda: Endpoint(0.1, per_window=120), 500, 240),
        Case("120 a minute, 2 s", lambda: Endpoint(2.0, per_window=120), 500, 240),
        Case(
            "the same, exact Retry-After",
            lambda: Endpoint(2.0, per_window=120, retry_after="exact"),
            500,
            240,
        ),
        Case("120 a minute, 1 at a time", lambda: Endpoint(0.1, per_window=120), 300, 120, concurrency=1),
        Case("10 a minute, 1 s", lambda: Endpoint(1.0, per_window=10), 60, 300, concurrency=8),
        Case("bucket of 100, 20 a second", lambda: Endpoint(1.0, bucket=(20, 100)), 2_000, 95),
        Case("16 at once and 600 a minute, 2 s", lambda: Endpoint(2.0, cap=16, per_window=600), 1_500, 187.5),
        Case("10 % refused at random", lambda: Endpoint(1.0, random_429s=0.1), 1_000, all_at_once),
        Case("the same, 4 at a time", lambda: Endpoint(1.0, random_429s=0.1), 1_000, 250, concurrency=4),
        Case("a fifth fails once", lambda: Endpoint(1.0, fails_once=0.2), 1_000, all_at_once * 1.15),
        Case("one prompt always refused", lambda: Endpoint(1.0, always_rejected=0.001), 1_000, all_at_once),
        Case("5 % always refused", lambda: Endpoint(1.0, always_rejected=0.05), 1_000, all_at_once),
        Case(
            "takes none in seconds 5 to 100",
            lambda: Endpoint(0.5, cap=lambda at: 0 if 5 < at < 100 else 64),
            6_000,
            95 + 6_000 / 128,
            changes_at=100,
            then_per_s=128,
        ),
    ]


def _clients() -> dict[str, Client[Limiter]]:
    def own(ceiling: int) -> Limiter:
        return AdaptiveLimiter(ceiling, clock=now)

    def aimd(ceiling: int) -> Limiter:
        return AimdLimiter(ceiling, clock=now)

    backoff = wait_exponential_jitter(multiplier=3, max=1_800, jitter=3)  # inspect_ai's
    return {
        "own": Client(own),
        "AIMD": Client(aimd, backoff=backoff),
        "AIMD, 20 attempts": Client(aimd, backoff=backoff, max_attempts=20),
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one case with one client, over the seeds.

    Attributes:
        throughput: ideal time over time taken, median; means nothing where requests were lost.
        refused: calls refused, of 1,000 prompts, median.
        lost: prompts that the endpoint would have answered and that failed for good, median.
        recovery_s: seconds from the change until the endpoint is used again, median.
    """

    throughput: float
    refused: float
    lost: float
    recovery_s: float | None

    def __str__(self) -> str:
        recovery = "" if self.recovery_s is None else f", {self.recovery_s:.1f} s"
        throughput = "–" if self.lost else f"{self.throughput:.2f}"
        return f"{throughput}, {self.refused:.0f}, {self.lost:.0f}{recovery}"


def _recovery_s(case: Case, load: Load[Limiter]) -> float | None:
    """Return how long it took from the change until a window of 5 s had the throughput wanted."""
    if case.changes_at is None:
        return None
    window_s = 5.0
    moments = [at for at in load.endpoint.answered_at if at >= case.changes_at]
    wanted = round(RECOVERED * case.then_per_s * window_s)
    for first, last in zip(moments, moments[wanted:], strict=False):
        if last - first <= window_s:
            return first - case.changes_at
    return float("inf")


def _lost(load: Load[Limiter]) -> int:
    endpoint = load.endpoint
    return sum(
        1
        for prompt in endpoint.tries
        if prompt not in endpoint.answers and not endpoint.always_rejects(prompt)
    )


def measure(case: Case, client: Client[Limiter], seeds: Sequence[int] = SEEDS) -> Measured:
    """Return what came of the case."""
    loads = [put_load_of(client, case.endpoint(), case.calls, case.concurrency, seed) for seed in seeds]
    recoveries = [each for load in loads if (each := _recovery_s(case, load)) is not None]
    return Measured(
        statistics.median(case.ideal_s / load.took_s for load in loads),
        statistics.median(1_000 * load.endpoint.rejected / case.calls for load in loads),
        statistics.median(_lost(load) + case.calls - len(load.endpoint.tries) for load in loads),
        statistics.median(recoveries) if recoveries else None,
    )


def main() -> None:
    """Measure every case with every client, and print the table."""
    clients = _clients()
    print("throughput of the ideal, refused of 1,000, lost, recovery\n")
    print("| endpoint |", " | ".join(clients), "|")
    print("| --- |", " | ".join("---" for _ in clients), "|")
    started = time.perf_counter()
    for case in _cases():
        cells = [str(measure(case, client)) for client in clients.values()]
        print(f"| {case.name} |", " | ".join(cells), "|", flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s, {len(SEEDS)} seeds")


if __name__ == "__main__":
    main()
