"""Which of the waiting requests may start, and when."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from app.services.inference.limiter.adaptive import AdaptiveLimiter
from app.services.inference.limiter.base import RateLimited, Slot
from app.services.inference.limiter.options import LimiterOptions
from tests.services.inference.virtual_time import now, run


class Desk:
    """A limiter in virtual time, and the requests that wait for it, by name."""

    def __init__(self, ceiling: int, options: LimiterOptions | None = None) -> None:
        self.limiter = AdaptiveLimiter(ceiling, now, options)
        self.started: list[str] = []
        self.at: dict[str, float] = {}
        self.slots: dict[str, Slot] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, name: str, **how: Any) -> None:
        async def wait() -> None:
            self.slots[name] = await self.limiter.acquire(**how)
            self.started.append(name)
            self.at[name] = now()

        self.tasks[name] = asyncio.create_task(wait())

    async def asked(self, *names: str, **how: Any) -> None:
        for name in names:
            self.ask(name, **how)
        await settle()

    async def accept(self, *names: str) -> None:
        for name in names:
            self.limiter.release(self.slots.pop(name), accepted=True)
        await settle()

    async def reject(self, name: str, retry_after_s: float | None = None) -> RateLimited:
        rate_limited = self.limiter.rate_limited(self.slots.pop(name), retry_after_s)
        await settle()
        return rate_limited


async def settle() -> None:
    """Let all that can go on at this moment go on."""
    for _ in range(5):
        await asyncio.sleep(0)


def at_a_desk(
    ceiling: int, story: Callable[[Desk], Awaitable[None]], options: LimiterOptions | None = None
) -> Desk:
    async def main() -> Desk:
        desk = Desk(ceiling, options)
        await story(desk)
        for task in desk.tasks.values():
            task.cancel()
        await asyncio.gather(*desk.tasks.values(), return_exceptions=True)
        return desk

    return run(main)


class TestCeiling:
    @pytest.mark.parametrize("ceiling", [0, -1])
    def test_is_at_least_one(self, ceiling: int) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            AdaptiveLimiter(ceiling)

    def test_bounds_what_is_in_flight(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c", "d")
            assert desk.started == ["a", "b"]
            assert (desk.limiter.in_flight, desk.limiter.limit) == (2, 2)
            await desk.accept("b")
            assert desk.started == ["a", "b", "c"]

        at_a_desk(2, story)

    def test_slots_count_what_is_in_flight(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            assert [desk.slots[name].concurrency for name in "abc"] == [1, 2, 3]

        at_a_desk(3, story)


class TestOrder:
    def test_first_come_first_served(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked(*"abcde")
            for name in "abcd":
                await desk.accept(name)

        assert at_a_desk(1, story).started == list("abcde")

    def test_retries_go_ahead(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            await desk.asked("retry", retry=True)
            await desk.accept("a")
            await desk.accept("retry")

        assert at_a_desk(1, story).started == ["a", "retry", "b"]

    def test_a_new_request_does_not_overtake(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            desk.limiter.release(desk.slots.pop("a"), accepted=True)
            desk.ask("late")
            await settle()

        assert at_a_desk(1, story).started == ["a", "b"]


class TestCancel:
    def test_of_a_waiting_request(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            desk.tasks["b"].cancel()
            await settle()
            await desk.accept("a")

        desk = at_a_desk(1, story)
        assert desk.started == ["a", "c"]

    def test_of_a_request_that_was_just_given_its_slot(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            desk.limiter.release(desk.slots.pop("a"), accepted=True)  # b's turn, but b has not run yet
            desk.tasks["b"].cancel()
            await settle()

        desk = at_a_desk(1, story)
        assert desk.started == ["a", "c"]
        assert desk.limiter.in_flight == 1

    def test_of_all(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked(*"abcdef")
            for name in "bcdef":
                desk.tasks[name].cancel()
            await settle()
            await desk.accept("a")
            assert desk.limiter.in_flight == 0
            await desk.asked("g")

        assert at_a_desk(1, story).started == ["a", "g"]


class TestRateLimited:
    def test_waits_until_a_later_request_is_accepted(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("old", "rejected")
            rate_limited = await desk.reject("rejected")
            desk.ask("retry", retry=True, rate_limited=rate_limited)
            await desk.asked("new")
            await desk.accept("old")  # started before the 429: no evidence
            assert "retry" not in desk.started
            await desk.accept("new")
            assert desk.started[-1] == "retry"

        at_a_desk(4, story)

    def test_with_nothing_in_flight_one_probes_after_a_pause(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            rejected = {name: await desk.reject(name) for name in ("a", "b")}
            for name, rate_limited in rejected.items():
                desk.ask(f"{name} retry", retry=True, rate_limited=rate_limited)
            await asyncio.sleep(10)
            assert desk.started == ["a", "b", "a retry"]
            assert desk.at["a retry"] == pytest.approx(0.25, abs=0.01)
            await desk.accept("a retry")
            assert desk.started[-1] == "b retry"

        at_a_desk(4, story)

    def test_probes_come_at_growing_intervals(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked(*"abcdefghij")
            rejected = [await desk.reject(name) for name in "abcdefghij"]
            for number, rate_limited in enumerate(rejected):
                desk.ask(f"probe {number}", retry=True, rate_limited=rate_limited)
            for number in range(9):
                while f"probe {number}" not in desk.slots:
                    await asyncio.sleep(0.01)
                await desk.reject(f"probe {number}")
            moments = [desk.at[f"probe {number}"] for number in range(9)]
            pauses = [later - earlier for earlier, later in pairwise(moments)]
            assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 15, 15, 15], abs=0.05)

        at_a_desk(16, story)

    def test_retry_after_is_honoured_by_all(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            await desk.reject("a", retry_after_s=30)
            assert desk.limiter.waiting_s == pytest.approx(30)
            await desk.asked("new")
            await asyncio.sleep(29)
            assert "new" not in desk.started
            await asyncio.sleep(2)
            assert "new" in desk.started

        at_a_desk(4, story)

    def test_retry_after_of_one_among_many_holds_no_other(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            await desk.reject("a", retry_after_s=30)
            await desk.asked("new")
            assert "new" in desk.started
            assert desk.limiter.waiting_s == 0

        at_a_desk(4, story)

    def test_a_last_attempt_does_not_probe_within_a_minute(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            rate_limited = await desk.reject("a")
            await desk.asked("last", retry=True, last_attempt=True, rate_limited=rate_limited)
            await asyncio.sleep(59)
            assert "last" not in desk.started
            await asyncio.sleep(2)
            assert "last" in desk.started

        at_a_desk(4, story)

    def test_a_last_attempt_starts_when_others_are_accepted(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            rate_limited = await desk.reject("a")
            desk.ask("last", retry=True, last_attempt=True, rate_limited=rate_limited)
            await desk.asked("new")
            await desk.accept("new")
            assert desk.started[-1] == "last"

        at_a_desk(4, story)

    def test_how_long_everything_has_been_rejected(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            assert desk.limiter.rejecting_s == 0
            await desk.reject("a")
            await asyncio.sleep(7)
            assert desk.limiter.rejecting_s == pytest.approx(7)
            await desk.asked("b")
            await desk.accept("b")
            assert desk.limiter.rejecting_s == 0

        at_a_desk(4, story)

    def test_after_consecutive_429s_only_probes_start(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("old", *"abcdef")
            for name in "abcdef":
                await desk.reject(name)
            await desk.asked("g", "h")
            await asyncio.sleep(5)
            assert [name for name in "gh" if name in desk.started] == ["g"]  # as a probe

        at_a_desk(16, story)


class TestInterval:
    def test_starts_keep_an_interval_after_a_rate_limit(self) -> None:
        async def story(desk: Desk) -> None:
            for number in range(20):
                await desk.asked(f"accepted {number}")
                await desk.accept(f"accepted {number}")
            names = [f"rejected {number}" for number in range(5)]
            await desk.asked(*names)
            for name in names:
                await desk.reject(name, retry_after_s=40)
            await desk.asked("probe", *(f"limited {number}" for number in range(10)))
            await asyncio.sleep(41)
            await desk.accept("probe")
            await asyncio.sleep(60)
            moments = [desk.at[f"limited {number}"] for number in range(10)]
            intervals = [later - earlier for earlier, later in pairwise(moments)]
            assert min(intervals) == max(intervals) == pytest.approx(2.0, abs=0.2)  # 20 calls in 40 seconds

        at_a_desk(16, story)


class TestOptions:
    def test_are_those_given(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            rate_limited = await desk.reject("a")
            desk.ask("probe", retry=True, rate_limited=rate_limited)
            await asyncio.sleep(10)
            assert desk.at["probe"] == pytest.approx(3, abs=0.01)

        at_a_desk(4, story, LimiterOptions(first_probe_delay_s=3))
