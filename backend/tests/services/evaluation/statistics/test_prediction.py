"""Tests of prediction intervals: what they are for normal means, and how often they hold for skewed ones."""

import numpy as np
import pytest
from scipy.stats import t as student_t

from app.services.evaluation.statistics.prediction import relative_spread


def test_is_the_interval_of_a_future_mean() -> None:
    values = [3.0, 5.0, 4.0, 8.0, 5.0]
    spread = relative_spread(values, 20)
    half = student_t.ppf(0.975, 4) * np.std(values, ddof=1) * np.sqrt(1 / 5 + 1 / 20)
    assert spread == pytest.approx(half / 5.0)


def test_little_is_known_of_few() -> None:
    assert relative_spread([1.0, 2.0, 3.0, 4.0], 20) is None
    assert relative_spread([0.0] * 9, 20) is None
    assert relative_spread([2.0] * 9, 20) == 0.0


@pytest.mark.parametrize(("n", "new", "least"), [(20, 500, 0.90), (50, 200, 0.92)])
def test_covers_skewed_costs(n: int, new: int, least: float) -> None:
    rng, covered, rounds = np.random.default_rng(1), 0, 600
    for _ in range(rounds):
        values = rng.lognormal(5, 0.6, n)
        spread = relative_spread(list(values), new)
        assert spread is not None
        total, expected = rng.lognormal(5, 0.6, new).sum(), values.mean() * new
        covered += expected * (1 - spread) <= total <= expected * (1 + spread)
    assert covered / rounds >= least
