"""Whatever calls come to and however they end, the limiter keeps its books."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.inference.limiter.adaptive import AdaptiveLimiter
from tests.factories import properties
from tests.services.inference.virtual_time import NothingWillHappen, now, run


@dataclass(frozen=True)
class Visit:
    """One call of the property test."""

    comes_at: float
    takes: float
    ends: str
    retry_after_s: float | None
    retry: bool
    last_attempt: bool


VISITS = st.lists(
    st.builds(
        Visit,
        comes_at=st.floats(0, 20),
        takes=st.floats(0, 5),
        ends=st.sampled_from(["accepted", "accepted", "rate_limited", "failed", "cancelled"]),
        retry_after_s=st.none() | st.floats(0, 100),
        retry=st.booleans(),
        last_attempt=st.booleans(),
    ),
    max_size=40,
)


class TestNoSlotIsLost:
    @properties
    @given(ceiling=st.integers(1, 8), visits=VISITS)
    def test_and_everyone_is_served(self, ceiling: int, visits: list[Visit]) -> None:
        limiter = AdaptiveLimiter(ceiling, clock=now)
        inside = 0

        async def visit(plan: Visit) -> bool:
            nonlocal inside
            await asyncio.sleep(plan.comes_at)
            rate_limited = None
            for attempt in range(2):
                slot = await limiter.acquire(
                    retry=plan.retry or attempt > 0, rate_limited=rate_limited, last_attempt=plan.last_attempt
                )
                inside += 1
                assert inside <= limiter.in_flight <= ceiling
                await asyncio.sleep(plan.takes)
                inside -= 1
                if plan.ends == "rate_limited":
                    rate_limited = limiter.rate_limited(slot, plan.retry_after_s)
                    continue
                limiter.release(slot, accepted=plan.ends == "accepted")
                break
            return True

        async def main() -> list[Any]:
            tasks = [asyncio.create_task(visit(plan)) for plan in visits]
            for plan, task in zip(visits, tasks, strict=True):
                if plan.ends == "cancelled":
                    # Its slot is given back by whoever holds it; here that is the task itself, so
                    # only those who still wait are cancelled.
                    asyncio.get_running_loop().call_later(
                        plan.comes_at, self.cancel_if_waiting, task, limiter
                    )
            return await asyncio.gather(*tasks, return_exceptions=True)

        results = run(main)
        assert {type(result) for result in results} <= {bool, asyncio.CancelledError}
        assert limiter.in_flight == 0
        assert 1 <= limiter.limit <= ceiling

    @staticmethod
    def cancel_if_waiting(task: asyncio.Task[bool], limiter: AdaptiveLimiter) -> None:
        waiting = {id(waiter.slot) for waiter in (*limiter._queue.first_attempts, *limiter._queue.retries)}
        if id(getattr(task, "_fut_waiter", None)) in waiting:
            task.cancel()

    @properties
    @given(ceiling=st.integers(1, 8), cancelled=st.sets(st.integers(0, 29)), together=st.booleans())
    def test_cancelled_waiters_leak_nothing(self, ceiling: int, cancelled: set[int], together: bool) -> None:
        async def main() -> tuple[int, AdaptiveLimiter]:
            limiter = AdaptiveLimiter(ceiling, clock=now)
            served = 0

            async def call() -> None:
                nonlocal served
                slot = await limiter.acquire()
                try:
                    await asyncio.sleep(1)
                    served += 1
                finally:
                    limiter.release(slot)

            tasks = [asyncio.create_task(call()) for _ in range(30)]
            for number in sorted(cancelled):
                if not together:
                    await asyncio.sleep(0.3)
                tasks[number].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return served, limiter

        served, limiter = run(main)
        assert served >= 30 - len(cancelled)
        assert limiter.in_flight == 0

    def test_the_clock_of_these_tests_notices_a_deadlock(self) -> None:
        async def main() -> None:
            limiter = AdaptiveLimiter(1, clock=now)
            await limiter.acquire()
            await limiter.acquire()

        with pytest.raises(NothingWillHappen):
            run(main)
