"""Tests of sharing out the calls in flight: never more than allowed, whoever joins and leaves."""

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.services.execution.slots import Slots, part_of
from tests.factories import properties


@dataclass(slots=True)
class FakeLimiter:
    """A limiter of which a test says how many calls begin and end."""

    ceiling: int
    in_flight: int = 0

    def resize(self, ceiling: int) -> None:
        self.ceiling = ceiling

    def begin(self, calls: int) -> None:
        self.in_flight += max(0, min(calls, self.ceiling - self.in_flight))

    def end(self, calls: int) -> None:
        self.in_flight -= min(calls, self.in_flight)


@dataclass(slots=True, eq=False)
class Member:
    """An executor with what the others see of it."""

    limiter: FakeLimiter
    slots: Slots
    held: int = field(default=0)


def test_the_first_ones_get_what_cannot_be_divided() -> None:
    assert [part_of(10, [0, 0, 0], rank) for rank in range(4)] == [3, 3, 2, 2]


def test_no_more_than_is_left() -> None:
    assert part_of(10, [8], 1) == 2
    assert part_of(10, [10], 1) == 0


def test_what_a_model_can_answer() -> None:
    limiter = FakeLimiter(64)
    slots = Slots(64, limiter)
    slots.cap(8)
    assert limiter.ceiling == 8
    assert slots.settle([], 0) == 8


def test_a_greater_part_counts_once_it_is_stored() -> None:
    limiter = FakeLimiter(2)
    slots = Slots(8, limiter)
    assert slots.settle([], 0) == 8
    assert limiter.ceiling == 2
    slots.adopt()
    assert limiter.ceiling == 8


TOTAL = 20


class Sharing(RuleBasedStateMachine):
    """Executors that join, beat, call and leave in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.members: list[Member] = []

    def chosen(self, number: int) -> Member:
        return self.members[number % len(self.members)]

    @rule()
    def join(self) -> None:
        if len(self.members) < 6:
            part = part_of(TOTAL, [one.held for one in self.members], len(self.members))
            limiter = FakeLimiter(part)
            self.members.append(Member(limiter, Slots(TOTAL, limiter), part))

    @precondition(lambda self: bool(self.members))
    @rule(number=st.integers(0, 5), stored=st.booleans())
    def beat(self, number: int, stored: bool) -> None:
        one = self.chosen(number)
        others = [other.held for other in self.members if other is not one]
        held = one.slots.settle(others, self.members.index(one))
        if stored:  # else the database went away before the commit
            one.held = held
            one.slots.adopt()

    @precondition(lambda self: bool(self.members))
    @rule(number=st.integers(0, 5), calls=st.integers(0, TOTAL))
    def begin_calls(self, number: int, calls: int) -> None:
        self.chosen(number).limiter.begin(calls)

    @precondition(lambda self: bool(self.members))
    @rule(number=st.integers(0, 5), calls=st.integers(0, TOTAL))
    def end_calls(self, number: int, calls: int) -> None:
        self.chosen(number).limiter.end(calls)

    @precondition(lambda self: bool(self.members))
    @rule(number=st.integers(0, 5))
    def leave(self, number: int) -> None:
        self.members.remove(self.chosen(number))

    @invariant()
    def never_more_than_the_total(self) -> None:
        assert sum(one.held for one in self.members) <= TOTAL
        assert sum(one.limiter.in_flight for one in self.members) <= TOTAL
        assert all(max(one.limiter.ceiling, one.limiter.in_flight) <= one.held for one in self.members)

    def teardown(self) -> None:
        """When calls end, every executor gets its share within two rounds of heartbeats."""
        for _ in range(2):
            for rank, one in enumerate(self.members):
                one.limiter.in_flight = 0
                one.held = one.slots.settle([other.held for other in self.members if other is not one], rank)
                one.slots.adopt()
        shares = [part_of(TOTAL, [0] * (len(self.members) - 1), rank) for rank in range(len(self.members))]
        assert [one.limiter.ceiling for one in self.members] == shares


Sharing.TestCase.settings = properties
TestSharing = Sharing.TestCase
