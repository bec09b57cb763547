"""Requests in groups: what is sent when, and that each is answered once, whoever comes and goes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.base import EngineBase, EngineError, NotSent
from app.services.inference.grouping import GroupingEngine
from tests.engines import answered
from tests.services.inference.steps import failure_of, prompt_of, request
from tests.services.inference.virtual_time import run


@dataclass
class Groups(EngineBase):
    """An engine that remembers its groups, and answers each after a second."""

    fails: frozenset[str] = frozenset()
    sent: list[list[str]] = field(default_factory=list)
    in_flight: int = 0
    cancelled: int = 0

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        assert not self.in_flight, "a group was sent before the last one was answered"
        prompts = [prompt_of(one) for one in requests]
        self.sent.append(prompts)
        self.in_flight += 1
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        error = EngineError(FailureKind.BAD_REQUEST, "refused")
        return [error if one in self.fails else answered(f"to {one}") for one in prompts]


@dataclass
class Askers:
    """Coroutines that ask, with the count of those who are at it."""

    size: int
    inner: Groups = field(default_factory=Groups)
    active: int = 0

    def __post_init__(self) -> None:
        self.engine = GroupingEngine(self.inner, self.size, lambda: self.active)
        self.outcomes: Counter[str] = Counter()

    async def ask(self, name: str, thinks_s: Sequence[float]) -> None:
        """Ask once for each time that passes before."""
        try:
            for number, seconds in enumerate(thinks_s):
                await asyncio.sleep(seconds)
                prompt = f"{name}{number}"
                try:
                    text = (await self.engine.generate(request(prompt))).text
                    assert text == f"to {prompt}"
                except EngineError:
                    assert prompt in self.inner.fails
                self.outcomes[prompt] += 1
        finally:
            self.active -= 1
            self.engine.look()

    def start(self, asked: Sequence[Sequence[float]]) -> list[asyncio.Task[None]]:
        self.active = len(asked)
        return [
            asyncio.create_task(self.ask(f"{chr(97 + number)}", thinks))
            for number, thinks in enumerate(asked)
        ]


THINKS = st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5]), max_size=5)


@settings(max_examples=150, deadline=None)
@given(
    asked=st.lists(THINKS, min_size=1, max_size=12),
    size=st.integers(1, 6),
    cancelled=st.dictionaries(st.integers(0, 11), st.sampled_from([0.0, 0.5, 1.0, 1.7, 4.0]), max_size=4),
    failing=st.sets(st.sampled_from(["a0", "b1", "c0", "d2"])),
)
@example(  # the only request of a group is given up after its task was made, and before that has begun
    asked=[*[[]] * 4, *[[0.0]] * 4, [2.5], [0.0]],
    size=1,
    cancelled={9: 4.0, 0: 4.0, 1: 4.0, 2: 4.0},
    failing=set(),
)
def test_each_request_is_answered_once(
    asked: list[list[float]], size: int, cancelled: dict[int, float], failing: set[str]
) -> None:
    askers = Askers(size, Groups(frozenset(failing)))

    async def story() -> None:
        tasks = askers.start(asked)
        for number, after_s in cancelled.items():
            if number < len(tasks):
                asyncio.get_running_loop().call_later(after_s, tasks[number].cancel)
        await asyncio.wait(tasks)  # virtual time: a deadlock raises

    run(story)
    sent = Counter(prompt for group in askers.inner.sent for prompt in group)
    assert all(len(group) <= size for group in askers.inner.sent)
    assert set(sent.values()) <= {1}
    assert set(askers.outcomes) <= set(sent)
    for number, thinks in enumerate(asked):
        if number not in cancelled:
            assert all(askers.outcomes[f"{chr(97 + number)}{one}"] == 1 for one in range(len(thinks)))


def test_full_groups_go_at_once_and_the_rest_when_nobody_else_can_come() -> None:
    askers = Askers(4)

    async def story() -> None:
        await asyncio.wait(askers.start([[0.0]] * 4 + [[0.1]] * 3))

    run(story)
    assert [len(group) for group in askers.inner.sent] == [4, 3]


def test_a_group_is_not_sent_while_somebody_may_still_come() -> None:
    askers = Askers(4)

    async def story() -> None:
        tasks = askers.start([[0.0], [0.0], [60.0]])
        await asyncio.sleep(59)
        assert askers.inner.sent == []
        await asyncio.wait(tasks)

    run(story)
    assert [len(group) for group in askers.inner.sent] == [3]


def test_a_failure_is_that_of_its_request_alone() -> None:
    askers = Askers(3, Groups(frozenset({"b"})))
    askers.active = 3

    async def story() -> None:
        generate = askers.engine.generate
        good, error, other = await asyncio.gather(
            generate(request("a")), failure_of(askers.engine, request("b")), generate(request("c"))
        )
        assert (good.text, error.kind, other.text) == ("to a", FailureKind.BAD_REQUEST, "to c")

    run(story)


def test_a_group_that_nobody_waits_for_is_cancelled() -> None:
    askers = Askers(2)

    async def story() -> None:
        tasks = askers.start([[0.0], [0.0]])
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        await asyncio.sleep(0.1)
        assert askers.inner.in_flight  # the other one still waits
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        assert (askers.inner.in_flight, askers.inner.cancelled) == (0, 1)

    run(story)


def test_closing_cancels_what_waits_and_answers_what_is_in_flight() -> None:
    askers = Askers(2)

    async def story() -> None:
        tasks = askers.start([[0.0], [0.0], [0.1]])
        await asyncio.sleep(0.5)
        askers.engine.close()
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [False, False, True]
        with pytest.raises(asyncio.CancelledError):
            await askers.engine.generate(request("late"))

    run(story)
    assert askers.inner.sent == [["a0", "b0"]]


def test_what_the_limiter_did_not_let_through_is_cancelled_and_the_rest_answered() -> None:
    class Half(Groups):
        async def generate_batch(
            self, requests: Sequence[GenerationRequest]
        ) -> list[GenerationResult | EngineError]:
            answers = await super().generate_batch(requests)
            return [answers[0], NotSent(FailureKind.INTERNAL, "not sent")]

    askers = Askers(2, Half())

    async def story() -> None:
        tasks = askers.start([[0.0], [0.0]])
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [False, True]

    run(story)


def test_a_defect_is_told_to_each_and_the_next_group_goes_on() -> None:
    class Broken(Groups):
        async def generate_batch(
            self, requests: Sequence[GenerationRequest]
        ) -> list[GenerationResult | EngineError]:
            answers = await super().generate_batch(requests)
            if len(self.sent) == 1:
                raise RuntimeError("a defect")
            return answers

    askers = Askers(2, Broken())
    askers.active = 2

    async def story() -> None:
        generate = askers.engine.generate
        first = await asyncio.gather(generate(request("a")), generate(request("b")), return_exceptions=True)
        assert [type(one) for one in first] == [RuntimeError, RuntimeError]
        second = await asyncio.gather(generate(request("a")), generate(request("b")))
        assert [one.text for one in second] == ["to a", "to b"]

    run(story)


def test_a_defect_of_one_request_is_its_own() -> None:
    class Picky(EngineBase):
        async def generate(self, asked: GenerationRequest) -> GenerationResult:
            if prompt_of(asked) == "b":
                raise ValueError("cannot be written")
            return answered("fine")

    async def story() -> None:
        engine = GroupingEngine(Picky(), 2, lambda: 2)
        first, second = await asyncio.gather(
            engine.generate(request("a")), engine.generate(request("b")), return_exceptions=True
        )
        assert isinstance(first, GenerationResult)
        assert isinstance(second, ValueError)

    run(story)
