"""Tests of rates over rounds."""

from math import exp

import numpy as np
import pytest
from scipy import stats

from app.services.evaluation.statistics.rates import mean_rate, rate_ratio


def test_interval_is_that_of_a_paired_t_test_of_logarithms() -> None:
    rng = np.random.default_rng(3)
    one, two = rng.uniform(1, 4, 6), rng.uniform(1, 4, 6)
    found = rate_ratio(two.tolist(), one.tolist())
    low, high = stats.ttest_rel(np.log(two), np.log(one)).confidence_interval(0.95)
    assert found.low is not None
    assert found.high is not None
    assert (found.low, found.high) == pytest.approx((exp(low), exp(high)))
    assert found.value == pytest.approx(exp(np.mean(np.log(two / one))))
    assert found.rounds == 6


def test_swapped_sides_invert_the_ratio() -> None:
    a, b = rate_ratio([2, 3, 5], [1, 2, 2]), rate_ratio([1, 2, 2], [2, 3, 5])
    assert a.low is not None
    assert b.high is not None
    assert (a.value, a.low) == pytest.approx((1 / b.value, 1 / b.high))


def test_drift_that_both_share_cancels_out() -> None:
    drift = [1.0, 0.4, 0.1]
    found = rate_ratio([2 * one for one in drift], drift)
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert found.differs


def test_one_round_has_no_interval() -> None:
    found = rate_ratio([9], [1])
    assert found.value == pytest.approx(9)
    assert (found.low, found.high) == (None, None)
    assert not found.differs


def test_geometric_mean() -> None:
    assert mean_rate([1, 4]).value == pytest.approx(2)


@pytest.mark.parametrize("rates", [[], [0.0], [-1.0], [float("nan")]])
def test_only_positive_numbers(rates: list[float]) -> None:
    with pytest.raises(ValueError, match="positive"):
        mean_rate(rates)


def test_rounds_must_be_paired() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        rate_ratio([1, 2], [1])


def test_covers_what_it_promises() -> None:
    """Of three rounds with 10 % noise, 95 % of the intervals hold the true ratio."""
    rng = np.random.default_rng(11)
    noise = rng.normal(0, 0.1, (2, 2_000, 3))
    hits = 0
    for one, two in zip(np.exp(noise[0]), 2 * np.exp(noise[1]), strict=True):
        found = rate_ratio(two.tolist(), one.tolist())
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= 2 <= found.high
    assert 0.935 < hits / 2_000 < 0.965
