"""The concurrency limit by itself: down by refusals, up by trials, undisturbed by chance."""

import pytest

from app.services.inference.limiter.concurrency import Level


class Bench:
    """A level, a clock, and calls that are numbered as they start."""

    def __init__(self, ceiling: int = 64) -> None:
        self.now = 0.0
        self.number = 0
        self.level = Level(ceiling, lambda: self.now)

    def accept(self, times: int = 1, at: int | None = None) -> None:
        for _ in range(times):
            self.number += 1
            self.level.accepted(self.level.limit if at is None else at, self.number, self.number)

    def refuse(self, in_flight: int, at: int | None = None) -> bool:
        self.number += 1
        level = self.level.limit if at is None else at
        return self.level.refused(level, self.number, self.number, in_flight)

    def shrink(self, to: int) -> None:
        """Have all but ``to`` of the calls in flight refused."""
        for in_flight in range(self.level.limit - 1, to - 1, -1):
            self.refuse(in_flight, at=in_flight + 1)
        assert self.level.limit == to

    def hold(self, seconds: float = 60.0) -> None:
        self.now += seconds


class TestDown:
    def test_a_single_refusal_is_chance(self) -> None:
        bench = Bench()
        bench.refuse(in_flight=10)
        assert bench.level.limit == 64

    def test_a_run_of_them_is_not(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        assert (bench.level.limit, bench.level.proven) == (16, 16)

    def test_most_calls_taken_is_chance(self) -> None:
        bench = Bench()
        for _ in range(200):
            bench.accept(times=3)
            bench.refuse(in_flight=40)
        assert bench.level.limit == 64

    def test_more_refused_than_taken_is_not(self) -> None:
        bench = Bench()
        bench.accept(times=64)
        for in_flight in range(63, 0, -1):
            bench.refuse(in_flight)
        assert bench.level.limit < 40

    def test_calls_taken_at_lower_levels_prove_nothing(self) -> None:
        bench = Bench()
        bench.accept(times=40, at=16)
        for in_flight in range(30, 15, -1):
            bench.refuse(in_flight, at=in_flight + 1)
        assert bench.level.limit == 16

    def test_nothing_in_flight_is_no_level(self) -> None:
        bench = Bench()
        for _ in range(50):
            bench.refuse(in_flight=0, at=1)
        assert bench.level.limit == 64

    def test_never_below_one(self) -> None:
        bench = Bench(ceiling=2)
        for _ in range(50):
            bench.refuse(in_flight=1, at=2)
        assert bench.level.limit == 1

    def test_what_led_to_the_limit_does_not_bring_it_down_further(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.accept()
        bench.refuse(in_flight=15)
        assert bench.level.limit == 16


class TestUp:
    def test_not_before_it_has_held(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.accept()
        assert bench.level.limit == 16

    def test_a_trial_adds_one(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        assert (bench.level.limit, bench.level.proven) == (17, 16)

    def test_a_trial_that_is_refused_is_taken_back(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        assert bench.refuse(in_flight=16, at=17)
        assert (bench.level.limit, bench.level.proven) == (16, 16)

    def test_the_next_one_waits_longer_each_time(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        waits = []
        for _ in range(10):
            started = bench.now
            while bench.level.limit == 16:
                bench.hold(0.25)
                bench.accept(at=16)
            waits.append(bench.now - started)
            bench.refuse(in_flight=16, at=17)
        assert waits == sorted(waits)
        assert waits[0] == 0.5
        assert waits[-1] == 30.0

    def test_a_trial_that_holds_is_kept_and_the_next_is_bolder(self) -> None:
        bench = Bench(ceiling=1_000)
        for in_flight in range(110, 99, -1):
            bench.refuse(in_flight, at=in_flight + 1)
        steps = []
        for _ in range(5):
            before = bench.level.proven
            bench.hold()
            bench.accept()
            steps.append(bench.level.limit - before)
            bench.hold()
            bench.accept(times=bench.level.limit)
            assert bench.level.proven == before + steps[-1]
        assert steps == [1, 2, 4, 8, 16]

    def test_a_trial_is_not_kept_before_it_was_used(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        bench.hold()
        bench.accept(times=100, at=5)
        assert bench.level.proven == 16

    def test_what_was_started_before_the_trial_does_not_count(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        early = bench.number
        bench.hold()
        bench.accept()
        assert not bench.level.refused(17, early, bench.number, 16)
        assert bench.level.limit == 17

    def test_usual_noise_does_not_end_a_trial(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        for _ in range(60):
            bench.accept(times=4, at=16)
            bench.refuse(in_flight=15, at=16)
        bench.hold()
        bench.accept()
        assert not bench.refuse(in_flight=16, at=17)
        assert bench.level.limit == 17

    def test_never_above_the_ceiling(self) -> None:
        bench = Bench(ceiling=20)
        for in_flight in range(19, 9, -1):
            bench.refuse(in_flight, at=in_flight + 1)
        for _ in range(50):
            bench.hold()
            bench.accept(times=21)
            assert bench.level.limit <= 20
        assert bench.level.limit == 20


@pytest.mark.parametrize("cap", [1, 2, 7, 16, 40])
def test_finds_what_a_server_takes(cap: int) -> None:
    bench = Bench()
    for _ in range(5_000):
        bench.hold(0.02)
        level = min(bench.level.limit, cap + 1)
        if level > cap:
            bench.refuse(in_flight=cap, at=level)
        else:
            bench.accept(at=level)
    assert bench.level.proven == cap
