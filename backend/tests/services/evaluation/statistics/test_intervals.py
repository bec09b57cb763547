import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from app.services.evaluation.statistics import intervals
from app.services.evaluation.statistics.intervals import bca_mean, wilson
from tests.factories import properties

Values = NDArray[np.float64]
SCORES = st.lists(st.sampled_from([0.0, 0.1, 1 / 3, 0.4, 0.5, 2 / 3, 0.8, 1.0]), min_size=1, max_size=40)


def share(n: int, successes: int) -> tuple[int, int]:
    return min(successes, n), n


SHARES = st.builds(share, st.integers(1, 5000), st.integers(0, 5000))


class TestWilson:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [(0, 30, 0.0, 0.1135), (45, 50, 0.786, 0.957), (50, 50, 0.9287, 1.0)],
        ids=["zero_successes_of_30", "45_of_50", "all_of_50"],
    )
    def test_published_values(self, successes: int, n: int, low: float, high: float) -> None:
        interval = wilson(successes, n)
        assert interval.low == pytest.approx(low, abs=5e-4)
        assert interval.high == pytest.approx(high, abs=5e-4)

    def test_fields(self) -> None:
        interval = wilson(3, 4)
        assert (interval.value, interval.n, interval.method, interval.level) == (0.75, 4, "wilson", 0.95)

    def test_bounds_at_the_edges_are_exact(self) -> None:
        assert {wilson(0, n).low for n in range(1, 500)} == {0.0}
        assert {wilson(n, n).high for n in range(1, 500)} == {1.0}

    @pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
    @properties
    @given(SHARES)
    def test_agrees_with_statsmodels(self, level: float, drawn: tuple[int, int]) -> None:
        successes, n = drawn
        interval = wilson(successes, n, level)
        low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
        assert interval.low == pytest.approx(low, abs=1e-12)
        assert interval.high == pytest.approx(high, abs=1e-12)

    @properties
    @given(SHARES)
    def test_holds_the_value_within_0_and_1(self, drawn: tuple[int, int]) -> None:
        interval = wilson(*drawn)
        assert 0.0 <= interval.low <= interval.value <= interval.high <= 1.0
        assert interval.low < interval.high

    @properties
    @given(SHARES)
    def test_failures_mirror_successes(self, drawn: tuple[int, int]) -> None:
        successes, n = drawn
        interval, mirrored = wilson(successes, n), wilson(n - successes, n)
        assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-12)
        assert mirrored.high == pytest.approx(1 - interval.low, abs=1e-12)

    @pytest.mark.parametrize(("successes", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5), (1, -5)])
    def test_no_share(self, successes: int, n: int) -> None:
        with pytest.raises(ValueError, match="no share"):
            wilson(successes, n)

    @pytest.mark.parametrize("n", [20, 50, 200])
    def test_covers_the_truth_95_percent_of_the_time_on_average(self, n: int) -> None:
        truths = np.linspace(0.02, 0.98, 49)
        intervals = [wilson(k, n) for k in range(n + 1)]
        chances = stats.binom.pmf(np.arange(n + 1)[:, None], n, truths)
        covered = np.array([(each.low <= truths) & (truths <= each.high) for each in intervals])
        coverage = (chances * covered).sum(axis=0)
        assert coverage.mean() == pytest.approx(0.95, abs=0.01)
        assert coverage.min() > 0.83


def few_distinct(rng: np.random.Generator) -> Values:
    return rng.choice([0, 0.4, 0.5, 2 / 3, 0.8, 1], 200)


def even(rng: np.random.Generator) -> Values:
    return rng.random(80)


def skewed(rng: np.random.Generator) -> Values:
    return rng.beta(0.3, 3, 120)


def mostly_right(rng: np.random.Generator) -> Values:
    return np.where(rng.random(60) < 0.9, 1.0, rng.random(60))


def more_than_512_distinct(rng: np.random.Generator) -> Values:
    return rng.random(600)


class TestBcaMean:
    @pytest.mark.parametrize("draw", [few_distinct, even, skewed, mostly_right, more_than_512_distinct])
    def test_agrees_with_scipy(self, draw: Callable[[np.random.Generator], Values]) -> None:
        values = draw(np.random.default_rng(7))
        interval = bca_mean(values.tolist(), seed=1)
        theirs = stats.bootstrap(
            (values,), np.mean, method="BCa", n_resamples=9_999, rng=np.random.default_rng(2)
        ).confidence_interval
        # Monte Carlo error of the 2.5 % quantile of 9,999 resamples: 0.027 standard errors a side.
        tolerance = 0.15 * float(values.std(ddof=1)) / math.sqrt(values.size)
        assert interval.low == pytest.approx(theirs.low, abs=tolerance)
        assert interval.high == pytest.approx(theirs.high, abs=tolerance)
        assert interval.value == pytest.approx(values.mean())
        assert (interval.n, interval.method) == (values.size, "bca")

    def test_covers_the_truth_95_percent_of_the_time(self) -> None:
        rng = np.random.default_rng(11)
        truth = 0.6 / (0.6 + 1.4)
        rounds, covered = 400, 0
        for seed in range(rounds):
            interval = bca_mean(rng.beta(0.6, 1.4, 40).tolist(), seed, resamples=999)
            covered += interval.low <= truth <= interval.high
        # Three standard errors of the simulation (1.1 % each), and a little for 40 skewed items.
        assert covered / rounds == pytest.approx(0.95, abs=0.04)

    def test_skew_shifts_the_interval(self) -> None:
        values = [0.0] * 30 + [1.0] * 3
        interval = bca_mean(values, seed=0)
        assert interval.high - interval.value > 1.2 * (interval.value - interval.low)

    def test_wider_at_a_higher_level(self) -> None:
        values = [0.1, 0.4, 0.5, 0.9, 1.0, 0.0, 0.3]
        narrow, wide = bca_mean(values, 0, level=0.8), bca_mean(values, 0, level=0.99)
        assert wide.low < narrow.low < narrow.high < wide.high
        assert (narrow.level, wide.level) == (0.8, 0.99)

    def test_four_times_the_items_halve_the_width(self) -> None:
        values = np.random.default_rng(3).random(100).tolist()
        once, four_times = bca_mean(values, 0), bca_mean(values * 4, 0)
        ratio = (once.high - once.low) / (four_times.high - four_times.low)
        assert ratio == pytest.approx(2.0, rel=0.1)

    @pytest.mark.parametrize("values", [[0.25], [2 / 3] * 7, [0.1] * 3, [0.0, 0.0], [1.0] * 50])
    def test_constant(self, values: list[float]) -> None:
        interval = bca_mean(values, seed=0)
        assert (interval.low, interval.value, interval.high) == (values[0],) * 3
        assert (interval.n, interval.method) == (len(values), "constant")

    def test_no_values(self) -> None:
        with pytest.raises(ValueError, match="no values"):
            bca_mean([], seed=0)

    def test_a_seed_repeats_itself_and_differs_from_others(self) -> None:
        values = np.random.default_rng(5).random(30).tolist()
        assert bca_mean(values, 1) == bca_mean(values, 1)

    def test_how_much_is_drawn_at_once_does_not_matter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        values = np.random.default_rng(1).random(1_500).tolist()
        whole = bca_mean(values, 1, resamples=99)
        monkeypatch.setattr(intervals, "_CELLS", 4_000)
        assert bca_mean(values, 1, resamples=99) == whole
        assert bca_mean(values, 1) != bca_mean(values, 2)

    @pytest.mark.parametrize("draw", [few_distinct, more_than_512_distinct])
    def test_order_does_not_matter(self, draw: Callable[[np.random.Generator], Values]) -> None:
        values = draw(np.random.default_rng(7))
        assert bca_mean(values[::-1].tolist(), 1) == bca_mean(values.tolist(), 1)

    @properties
    @given(SCORES)
    def test_holds_the_value_within_the_data(self, values: list[float]) -> None:
        interval = bca_mean(values, seed=0, resamples=999)
        assert interval.value == pytest.approx(math.fsum(values) / len(values))
        assert interval.low <= interval.value <= interval.high
        assert min(values) - 1e-12 <= interval.low
        assert interval.high <= max(values) + 1e-12

    @pytest.mark.parametrize("factor", [1 / 3, 0.1, 7.0, 1e-200])
    @properties
    @given(st.lists(st.integers(0, 3), min_size=2, max_size=30))
    def test_scales_with_the_values(self, factor: float, values: list[int]) -> None:
        """Means that equal the estimate are ties, whatever rounding makes of the values."""
        interval = bca_mean(values, seed=0, resamples=999)
        scaled = bca_mean([value * factor for value in values], seed=0, resamples=999)
        assert scaled.low == pytest.approx(interval.low * factor, rel=1e-9, abs=0)
        assert scaled.high == pytest.approx(interval.high * factor, rel=1e-9, abs=0)
