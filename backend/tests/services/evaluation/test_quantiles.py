"""Tests of the interval of a median."""

import numpy as np
import pytest

from app.services.evaluation.statistics.quantiles import median_interval


@pytest.mark.parametrize(
    ("n", "ranks"),
    # Table of ranks for 95 %, for instance Conover (1999), table A3 with p = .5.
    [(6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (25, (8, 18)), (100, (40, 61))],
)
def test_ranks_are_those_of_the_tables(n: int, ranks: tuple[int, int]) -> None:
    found = median_interval([float(value) for value in range(n, 0, -1)])
    assert found is not None
    assert (found.low, found.high) == ranks
    assert found.value == (n + 1) / 2


def test_too_few_values_have_no_interval() -> None:
    assert median_interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None


def test_covers_the_median_of_a_skewed_distribution() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.lognormal(size=(800, 41))
    hits = [found.low <= 1.0 <= found.high for row in drawn if (found := median_interval(row.tolist()))]
    assert 0.94 <= sum(hits) / len(hits) <= 0.99
