"""The gap between starts that a rate limit asks for."""

import pytest

from app.services.inference.limiter.interval import Pace


def burst(pace: Pace, calls: int, at: float = 0.0) -> None:
    for _ in range(calls):
        pace.started(at)
        pace.accepted(at)


class TestGap:
    def test_none_while_no_limit_is_known(self) -> None:
        pace = Pace()
        burst(pace, 100)
        assert pace.gap_s == 0
        assert pace.opens_at() == float("-inf")
        pace.refused()
        assert pace.gap_s == 0

    def test_of_a_burst_and_the_pause_after_it(self) -> None:
        pace = Pace()
        burst(pace, 120)
        pace.accepted(62.0)  # the one that was taken again
        pace.settle(refused_from=0.2, taken_from=62.0)
        assert pace.gap_s == pytest.approx(62 / 120)

    def test_of_steady_calls(self) -> None:
        pace = Pace()
        for second in range(300):
            burst(pace, 2, at=float(second))
        pace.settle(refused_from=300.0, taken_from=310.0)
        assert pace.gap_s == pytest.approx(0.5, rel=0.2)

    def test_what_is_long_ago_does_not_count(self) -> None:
        pace = Pace()
        burst(pace, 10_000)
        for second in range(300, 400):
            burst(pace, 1, at=float(second))
        pace.settle(refused_from=400.0, taken_from=401.0)
        assert pace.gap_s == pytest.approx(1.0, rel=0.1)

    def test_without_a_call_taken_nothing_is_known(self) -> None:
        pace = Pace()
        pace.started(0.0)
        pace.settle(refused_from=0.0, taken_from=60.0)
        assert pace.gap_s == 0

    def test_a_long_silence_is_bounded(self) -> None:
        pace = Pace()
        burst(pace, 2)
        pace.settle(refused_from=1.0, taken_from=100_000.0)
        assert pace.gap_s <= 60

    def test_settling_again_does_not_quicken(self) -> None:
        pace = Pace()
        burst(pace, 11)
        pace.settle(refused_from=0.0, taken_from=50.0)
        slow = pace.gap_s
        burst(pace, 1_000, at=51.0)
        before = pace.gap_s
        pace.settle(refused_from=52.0, taken_from=53.0)
        assert slow > before
        assert pace.gap_s >= before


class TestOpens:
    def paced(self) -> Pace:
        pace = Pace()
        burst(pace, 10)
        pace.settle(refused_from=0.0, taken_from=9.0)
        assert pace.gap_s == 1.0
        pace.started(100.0)
        return pace

    def test_a_gap_after_the_last_start(self) -> None:
        assert self.paced().opens_at() == 101.0

    def test_a_wider_one_before_a_last_try(self) -> None:
        assert self.paced().opens_at(last_try=True) == 104.0

    def test_a_start_that_came_a_little_late_delays_no_other(self) -> None:
        pace = self.paced()
        pace.started(101.3)
        assert pace.opens_at() == 102.0

    def test_what_was_not_used_is_not_saved_up(self) -> None:
        pace = self.paced()
        assert pace.opens_at() < 500.0
        pace.started(500.0)
        assert pace.opens_at() == 501.0


class TestChange:
    def test_shrinks_with_each_call_taken_until_it_is_gone(self) -> None:
        pace = TestOpens().paced()
        gaps: list[float] = []
        while pace.gap_s and len(gaps) < 1_000:
            gaps.append(pace.gap_s)
            pace.accepted(100.0)
        assert gaps == sorted(gaps, reverse=True)
        assert 100 < len(gaps) < 300

    def test_widens_with_each_call_refused_up_to_a_minute(self) -> None:
        pace = TestOpens().paced()
        gaps: list[float] = []
        for _ in range(100):
            gaps.append(pace.gap_s)
            pace.refused()
        assert gaps == sorted(gaps)
        assert gaps[-1] == 60.0

    @pytest.mark.parametrize(("refused_in", "grows"), [(4, True), (8, False)])
    def test_balances_at_about_one_in_six(self, refused_in: int, grows: bool) -> None:
        pace = TestOpens().paced()
        for _ in range(20):
            pace.refused()
            for _ in range(refused_in - 1):
                pace.accepted(100.0)
        assert (pace.gap_s > 1.0) is grows
