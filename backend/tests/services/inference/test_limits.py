"""The limiter's queue: who may start, and when."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from app.services.inference.limiter.adaptive import AdaptiveLimiter, Refusal, Slot
from tests.services.inference.virtual_time import now, run


class Desk:
    """A limiter in virtual time, and the calls that wait for it by name."""

    def __init__(self, ceiling: int) -> None:
        self.limiter = AdaptiveLimiter(ceiling, clock=now)
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

    async def refuse(self, name: str, retry_after_s: float | None = None) -> Refusal:
        refusal = self.limiter.refused(self.slots.pop(name), retry_after_s)
        await settle()
        return refusal


async def settle() -> None:
    """Let all that can go on at this moment go on."""
    for _ in range(5):
        await asyncio.sleep(0)


def at_a_desk(ceiling: int, story: Callable[[Desk], Awaitable[None]]) -> Desk:
    async def main() -> Desk:
        desk = Desk(ceiling)
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

    def test_levels_count_what_is_in_flight(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            assert [desk.slots[name].level for name in "abc"] == [1, 2, 3]

        at_a_desk(3, story)


class TestOrder:
    def test_first_come_first_served(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked(*"abcde")
            for name in "abcd":
                await desk.accept(name)

        assert at_a_desk(1, story).started == list("abcde")

    def test_repeated_calls_go_ahead(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            await desk.asked("again", again=True)
            await desk.accept("a")
            await desk.accept("again")

        assert at_a_desk(1, story).started == ["a", "again", "b"]

    def test_a_new_call_does_not_overtake(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            desk.limiter.release(desk.slots.pop("a"), accepted=True)
            desk.ask("late")
            await settle()

        assert at_a_desk(1, story).started == ["a", "b"]


class TestCancel:
    def test_of_one_who_waits(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            desk.tasks["b"].cancel()
            await settle()
            await desk.accept("a")

        desk = at_a_desk(1, story)
        assert desk.started == ["a", "c"]

    def test_of_one_who_has_just_been_let_in(self) -> None:
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


class TestRefused:
    def test_waits_for_evidence_that_calls_are_taken(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("old", "refused")
            refusal = await desk.refuse("refused")
            desk.ask("again", again=True, refusal=refusal)
            await desk.asked("new")
            await desk.accept("old")  # started before the refusal: says nothing
            assert "again" not in desk.started
            await desk.accept("new")
            assert desk.started[-1] == "again"

        at_a_desk(4, story)

    def test_with_nothing_in_flight_one_probes_after_a_pause(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            refusals = {name: await desk.refuse(name) for name in ("a", "b")}
            for name, refusal in refusals.items():
                desk.ask(f"{name} again", again=True, refusal=refusal)
            await asyncio.sleep(10)
            assert desk.started == ["a", "b", "a again"]
            assert desk.at["a again"] == pytest.approx(0.25, abs=0.01)
            await desk.accept("a again")
            assert desk.started[-1] == "b again"

        at_a_desk(4, story)

    def test_probes_come_at_growing_intervals(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked(*"abcdefghij")
            refusals = [await desk.refuse(name) for name in "abcdefghij"]
            for number, refusal in enumerate(refusals):
                desk.ask(f"probe {number}", again=True, refusal=refusal)
            for number in range(9):
                while f"probe {number}" not in desk.slots:
                    await asyncio.sleep(0.01)
                await desk.refuse(f"probe {number}")
            moments = [desk.at[f"probe {number}"] for number in range(9)]
            pauses = [later - earlier for earlier, later in pairwise(moments)]
            assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 15, 15, 15], abs=0.05)

        at_a_desk(16, story)

    def test_the_server_s_wish_is_honoured_by_all(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            await desk.refuse("a", retry_after_s=30)
            assert desk.limiter.waiting_s == pytest.approx(30)
            await desk.asked("new")
            await asyncio.sleep(29)
            assert "new" not in desk.started
            await asyncio.sleep(2)
            assert "new" in desk.started

        at_a_desk(4, story)

    def test_a_wish_of_one_among_many_holds_no_other(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b", "c")
            await desk.refuse("a", retry_after_s=30)
            await desk.asked("new")
            assert "new" in desk.started
            assert desk.limiter.waiting_s == 0

        at_a_desk(4, story)

    def test_a_last_try_does_not_probe_within_a_minute(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            refusal = await desk.refuse("a")
            await desk.asked("last", again=True, last=True, refusal=refusal)
            await asyncio.sleep(59)
            assert "last" not in desk.started
            await asyncio.sleep(2)
            assert "last" in desk.started

        at_a_desk(4, story)

    def test_a_last_try_goes_when_calls_are_taken(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a", "b")
            refusal = await desk.refuse("a")
            desk.ask("last", again=True, last=True, refusal=refusal)
            await desk.asked("new")
            await desk.accept("new")
            assert desk.started[-1] == "last"

        at_a_desk(4, story)

    def test_how_long_everything_has_been_refused(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("a")
            assert desk.limiter.refusing_s == 0
            await desk.refuse("a")
            await asyncio.sleep(7)
            assert desk.limiter.refusing_s == pytest.approx(7)
            await desk.asked("b")
            await desk.accept("b")
            assert desk.limiter.refusing_s == 0

        at_a_desk(4, story)

    def test_several_in_a_row_close_the_door(self) -> None:
        async def story(desk: Desk) -> None:
            await desk.asked("old", *"abcdef")
            for name in "abcdef":
                await desk.refuse(name)
            await desk.asked("g", "h")
            await asyncio.sleep(5)
            assert [name for name in "gh" if name in desk.started] == ["g"]  # as a probe

        at_a_desk(16, story)


class TestPaced:
    def test_starts_keep_a_gap_after_a_rate_limit(self) -> None:
        async def story(desk: Desk) -> None:
            for number in range(20):
                await desk.asked(f"taken {number}")
                await desk.accept(f"taken {number}")
            names = [f"refused {number}" for number in range(5)]
            await desk.asked(*names)
            for name in names:
                await desk.refuse(name, retry_after_s=40)
            await desk.asked("probe", *(f"paced {number}" for number in range(10)))
            await asyncio.sleep(41)
            await desk.accept("probe")
            await asyncio.sleep(60)
            moments = [desk.at[f"paced {number}"] for number in range(10)]
            gaps = [later - earlier for earlier, later in pairwise(moments)]
            assert min(gaps) == max(gaps) == pytest.approx(2.0, abs=0.2)  # 20 calls in 40 seconds

        at_a_desk(16, story)
