import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.services.evaluation.statistics.likelihood import (
    correlation_within,
    effective_units,
    leverage_factors,
    likelihood_interval,
    t_quantile,
)
from app.services.evaluation.statistics.proportions import score_interval
from tests.factories import properties

DIFFERENCES = st.lists(st.sampled_from([-1.0, -0.5, -0.1, 0.0, 0.3, 0.5, 1.0]), min_size=2, max_size=40)


def interval(values: list[float] | np.ndarray, least: float = -1.0) -> tuple[float, float]:
    return likelihood_interval(values, np.ones(len(values)), least, 1.0)


class TestBounds:
    @pytest.mark.parametrize("n", [2, 5, 10, 30, 300])
    def test_of_equal_values_are_wider_than_what_an_exact_test_leaves(self, n: int) -> None:
        """If 2.5 % or more of all units are at the end of the scale, n may all miss them: 1 − .025^(1/n)."""
        low, high = interval([0.0] * n)
        assert high == -low
        assert 1 - 0.025 ** (1 / n) < high < 1
        least, most = interval([1.0] * n, least=0.0)
        assert most == 1.0
        assert least < 0.025 ** (1 / n)

    @pytest.mark.parametrize("n", [2, 30, 10_000])
    @pytest.mark.parametrize("size", [1.0, 3.0])
    def test_of_values_at_one_end_are_the_limit_of_those_beside_it(self, n: int, size: float) -> None:
        counts = np.full(n, size)
        for end, beside in ((0.0, 1e-9), (1.0, 1 - 1e-9)):
            there = likelihood_interval(counts * end, counts, 0.0, 1.0)
            assert there == pytest.approx(likelihood_interval(counts * beside, counts, 0.0, 1.0), abs=1e-6)

    @pytest.mark.parametrize(("b", "c"), [(3, 9), (0, 4), (10, 10), (0, 0)])
    def test_of_right_and_wrong_are_tangos(self, b: int, c: int) -> None:
        n = 2_000
        low, high = interval(np.r_[-np.ones(b), np.ones(c), np.zeros(n - b - c)])
        theirs = score_interval(b, c, n, level=2 * _normal_cdf(t_quantile(n, 0.95)) - 1)
        assert (low, high) == pytest.approx(theirs, abs=1e-6)

    def test_of_many_values_are_those_of_the_t_interval(self) -> None:
        values = np.random.default_rng(0).uniform(-0.5, 0.6, 2_000)
        low, high = interval(values)
        half = 1.96 * values.std() / 2_000**0.5
        assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03 * half)

    @properties
    @given(DIFFERENCES)
    def test_hold_the_mean_and_stay_on_the_scale(self, values: list[float]) -> None:
        low, high = interval(values)
        assert -1 <= low <= np.mean(values) + 1e-9
        assert np.mean(values) - 1e-9 <= high <= 1
        assert high - low > 1e-3

    @properties
    @given(DIFFERENCES)
    def test_mirror(self, values: list[float]) -> None:
        low, high = interval(values)
        assert interval([-value for value in values]) == (-high, -low)

    def test_of_one_unit_are_the_scale(self) -> None:
        assert interval([0.3]) == (-1.0, 1.0)


class TestClusters:
    def test_every_item_twice_says_no_more(self) -> None:
        values = np.array([0.2, -0.5, 0.0, 1.0, 0.3])
        once = likelihood_interval(values, np.ones(5), -1, 1)
        twice = likelihood_interval(2 * values, np.full(5, 2.0), -1, 1)
        assert twice == pytest.approx(once, abs=1e-8)

    def test_unequal_ones_are_fewer_than_they_are(self) -> None:
        assert effective_units(np.full(7, 3.0)) == pytest.approx(7)
        assert effective_units(np.array([10.0, 1.0, 1.0])) == pytest.approx(144 / 102)

    def test_of_clusters_that_are_alike_within_fewer_count(self) -> None:
        counts = np.array([40.0, 40.0, *[6.0] * 38])
        alike = effective_units(counts, 1.0)
        assert alike == pytest.approx((counts**2).sum() ** 2 / (counts**4).sum())
        assert alike < effective_units(counts, 0.1) < effective_units(counts)
        assert effective_units(np.full(7, 3.0), 0.5) == pytest.approx(7)

    def test_a_large_one_hides_its_own_residual(self) -> None:
        assert leverage_factors(np.full(4, 5.0)) == pytest.approx(1.0)
        assert leverage_factors(np.array([6.0, 2.0, 2.0]))[0] == pytest.approx((2 / 3) / 0.4)


class TestCorrelationWithin:
    def test_of_items_that_are_alike_and_that_are_not(self) -> None:
        counts = np.full(50, 4.0)
        alike = np.repeat(np.random.default_rng(0).random(50), 4)
        assert correlation_within(alike, alike[::4] * 4, counts) == pytest.approx(1)
        opposite = np.tile([1.0, -1.0, 1.0, -1.0], 50)
        assert correlation_within(opposite, np.zeros(50), counts) == 0
        assert correlation_within(np.ones(200), counts, counts) == 0

    def test_estimates_the_truth(self) -> None:
        rng = np.random.default_rng(1)
        counts = rng.integers(1, 9, 3000).astype(float)
        labels = np.repeat(np.arange(3000), counts.astype(int))
        values = rng.normal(0, 0.5, 3000)[labels] + rng.normal(0, 1, labels.size)
        found = correlation_within(values, np.bincount(labels, weights=values).astype(float), counts)
        assert found == pytest.approx(0.2, abs=0.02)


def _normal_cdf(z: float) -> float:
    from statistics import NormalDist

    return NormalDist().cdf(z)


@pytest.mark.parametrize("units", [251.0, 251.5, 1_000.0])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_quantiles_for_many_units_are_those_of_scipy(units: float, level: float) -> None:
    assert t_quantile(units, level) == pytest.approx(stats.t.ppf(0.5 + level / 2, units - 1), rel=1e-8)
