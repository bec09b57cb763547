"""The concurrency limit by itself: down by 429s, up by trials, undisturbed by random 429s."""

import pytest

from app.services.inference.limiter.concurrency import ConcurrencyEstimate
from app.services.inference.limiter.options import LimiterOptions


class Bench:
    """An estimate, a clock, and requests that are numbered as they start."""

    def __init__(self, ceiling: int = 64) -> None:
        self.now = 0.0
        self.number = 0
        self.estimate = ConcurrencyEstimate(ceiling, lambda: self.now, LimiterOptions())

    def accept(self, times: int = 1, at: int | None = None) -> None:
        for _ in range(times):
            self.number += 1
            self.estimate.accepted(self.estimate.limit if at is None else at, self.number, self.number)

    def reject(self, in_flight: int, at: int | None = None) -> bool:
        self.number += 1
        concurrency = self.estimate.limit if at is None else at
        return self.estimate.rate_limited(concurrency, self.number, self.number, in_flight)

    def shrink(self, to: int) -> None:
        """Answer all but ``to`` of the requests in flight with a 429."""
        for in_flight in range(self.estimate.limit - 1, to - 1, -1):
            self.reject(in_flight, at=in_flight + 1)
        assert self.estimate.limit == to

    def hold(self, seconds: float = 60.0) -> None:
        self.now += seconds


class TestDown:
    def test_a_single_429_is_random(self) -> None:
        bench = Bench()
        bench.reject(in_flight=10)
        assert bench.estimate.limit == 64

    def test_consecutive_429s_are_not(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        assert (bench.estimate.limit, bench.estimate.confirmed) == (16, 16)

    def test_few_429s_among_accepted_requests_are_random(self) -> None:
        bench = Bench()
        for _ in range(200):
            bench.accept(times=3)
            bench.reject(in_flight=40)
        assert bench.estimate.limit == 64

    def test_more_429s_than_accepted_requests_are_not(self) -> None:
        bench = Bench()
        bench.accept(times=64)
        for in_flight in range(63, 0, -1):
            bench.reject(in_flight)
        assert bench.estimate.limit < 40

    def test_requests_accepted_at_lower_concurrency_are_no_evidence(self) -> None:
        bench = Bench()
        bench.accept(times=40, at=16)
        for in_flight in range(30, 15, -1):
            bench.reject(in_flight, at=in_flight + 1)
        assert bench.estimate.limit == 16

    def test_429s_with_nothing_in_flight_do_not_lower_it(self) -> None:
        bench = Bench()
        for _ in range(50):
            bench.reject(in_flight=0, at=1)
        assert bench.estimate.limit == 64

    def test_never_below_one(self) -> None:
        bench = Bench(ceiling=2)
        for _ in range(50):
            bench.reject(in_flight=1, at=2)
        assert bench.estimate.limit == 1

    def test_429s_that_lowered_it_do_not_lower_it_again(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.accept()
        bench.reject(in_flight=15)
        assert bench.estimate.limit == 16


class TestUp:
    def test_not_before_it_has_held(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.accept()
        assert bench.estimate.limit == 16

    def test_a_trial_adds_one(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        assert (bench.estimate.limit, bench.estimate.confirmed) == (17, 16)

    def test_a_trial_with_429s_is_withdrawn(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        assert bench.reject(in_flight=16, at=17)
        assert (bench.estimate.limit, bench.estimate.confirmed) == (16, 16)

    def test_the_next_one_waits_longer_each_time(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        waits = []
        for _ in range(10):
            started = bench.now
            while bench.estimate.limit == 16:
                bench.hold(0.25)
                bench.accept(at=16)
            waits.append(bench.now - started)
            bench.reject(in_flight=16, at=17)
        assert waits == sorted(waits)
        assert waits[0] == 0.5
        assert waits[-1] == 30.0

    def test_a_trial_that_succeeds_is_confirmed_and_the_next_step_is_doubled(self) -> None:
        bench = Bench(ceiling=1_000)
        for in_flight in range(110, 99, -1):
            bench.reject(in_flight, at=in_flight + 1)
        steps = []
        for _ in range(5):
            before = bench.estimate.confirmed
            bench.hold()
            bench.accept()
            steps.append(bench.estimate.limit - before)
            bench.hold()
            bench.accept(times=bench.estimate.limit)
            assert bench.estimate.confirmed == before + steps[-1]
        assert steps == [1, 2, 4, 8, 16]

    def test_a_trial_is_not_confirmed_before_it_was_used(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        bench.hold()
        bench.accept()
        bench.hold()
        bench.accept(times=100, at=5)
        assert bench.estimate.confirmed == 16

    def test_requests_from_before_the_trial_do_not_count(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        early = bench.number
        bench.hold()
        bench.accept()
        assert not bench.estimate.rate_limited(17, early, bench.number, 16)
        assert bench.estimate.limit == 17

    def test_the_usual_random_429s_do_not_end_a_trial(self) -> None:
        bench = Bench()
        bench.shrink(to=16)
        for _ in range(60):
            bench.accept(times=4, at=16)
            bench.reject(in_flight=15, at=16)
        bench.hold()
        bench.accept()
        assert not bench.reject(in_flight=16, at=17)
        assert bench.estimate.limit == 17

    def test_never_above_the_ceiling(self) -> None:
        bench = Bench(ceiling=20)
        for in_flight in range(19, 9, -1):
            bench.reject(in_flight, at=in_flight + 1)
        for _ in range(50):
            bench.hold()
            bench.accept(times=21)
            assert bench.estimate.limit <= 20
        assert bench.estimate.limit == 20


@pytest.mark.parametrize("cap", [1, 2, 7, 16, 40])
def test_finds_what_a_server_serves_at_once(cap: int) -> None:
    bench = Bench()
    for _ in range(5_000):
        bench.hold(0.02)
        concurrency = min(bench.estimate.limit, cap + 1)
        if concurrency > cap:
            bench.reject(in_flight=cap, at=concurrency)
        else:
            bench.accept(at=concurrency)
    assert bench.estimate.confirmed == cap
