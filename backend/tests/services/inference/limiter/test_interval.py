"""The interval between starts that a rate limit requires."""

import pytest

from app.services.inference.limiter.interval import RequestInterval
from app.services.inference.limiter.options import LimiterOptions


def burst(interval: RequestInterval, requests: int, at: float = 0.0) -> None:
    for _ in range(requests):
        interval.started(at)
        interval.accepted(at)


class TestEstimate:
    def test_none_while_no_limit_is_known(self) -> None:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 100)
        assert interval.seconds == 0
        assert interval.next_start_at() == float("-inf")
        interval.rate_limited()
        assert interval.seconds == 0

    def test_of_a_burst_and_the_429s_after_it(self) -> None:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 120)
        interval.accepted(62.0)  # the first one accepted again
        interval.estimate(limited_from=0.2, accepted_from=62.0)
        assert interval.seconds == pytest.approx(62 / 120)

    def test_of_steady_requests(self) -> None:
        interval = RequestInterval(LimiterOptions())
        for second in range(300):
            burst(interval, 2, at=float(second))
        interval.estimate(limited_from=300.0, accepted_from=310.0)
        assert interval.seconds == pytest.approx(0.5, rel=0.2)

    def test_requests_of_long_ago_do_not_count(self) -> None:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 10_000)
        for second in range(300, 400):
            burst(interval, 1, at=float(second))
        interval.estimate(limited_from=400.0, accepted_from=401.0)
        assert interval.seconds == pytest.approx(1.0, rel=0.1)

    def test_without_an_accepted_request_nothing_is_known(self) -> None:
        interval = RequestInterval(LimiterOptions())
        interval.started(0.0)
        interval.estimate(limited_from=0.0, accepted_from=60.0)
        assert interval.seconds == 0

    def test_a_long_silence_is_bounded(self) -> None:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 2)
        interval.estimate(limited_from=1.0, accepted_from=100_000.0)
        assert interval.seconds <= 60

    def test_a_second_estimate_does_not_shorten_it(self) -> None:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 11)
        interval.estimate(limited_from=0.0, accepted_from=50.0)
        slow = interval.seconds
        burst(interval, 1_000, at=51.0)
        before = interval.seconds
        interval.estimate(limited_from=52.0, accepted_from=53.0)
        assert slow > before
        assert interval.seconds >= before


class TestNextStart:
    def limited(self) -> RequestInterval:
        interval = RequestInterval(LimiterOptions())
        burst(interval, 10)
        interval.estimate(limited_from=0.0, accepted_from=9.0)
        assert interval.seconds == 1.0
        interval.started(100.0)
        return interval

    def test_an_interval_after_the_last_start(self) -> None:
        assert self.limited().next_start_at() == 101.0

    def test_several_intervals_before_a_last_attempt(self) -> None:
        assert self.limited().next_start_at(last_attempt=True) == 104.0

    def test_a_start_that_came_a_little_late_delays_no_other(self) -> None:
        interval = self.limited()
        interval.started(101.3)
        assert interval.next_start_at() == 102.0

    def test_what_was_not_used_is_not_saved_up(self) -> None:
        interval = self.limited()
        assert interval.next_start_at() < 500.0
        interval.started(500.0)
        assert interval.next_start_at() == 501.0


class TestChange:
    def test_shrinks_with_each_accepted_request_until_it_is_gone(self) -> None:
        interval = TestNextStart().limited()
        seen: list[float] = []
        while interval.seconds and len(seen) < 1_000:
            seen.append(interval.seconds)
            interval.accepted(100.0)
        assert seen == sorted(seen, reverse=True)
        assert 100 < len(seen) < 300

    def test_widens_with_each_429_up_to_a_minute(self) -> None:
        interval = TestNextStart().limited()
        seen: list[float] = []
        for _ in range(100):
            seen.append(interval.seconds)
            interval.rate_limited()
        assert seen == sorted(seen)
        assert seen[-1] == 60.0

    @pytest.mark.parametrize(("one_in", "grows"), [(4, True), (8, False)])
    def test_balances_at_about_one_in_six(self, one_in: int, grows: bool) -> None:
        interval = TestNextStart().limited()
        for _ in range(20):
            interval.rate_limited()
            for _ in range(one_in - 1):
                interval.accepted(100.0)
        assert (interval.seconds > 1.0) is grows
