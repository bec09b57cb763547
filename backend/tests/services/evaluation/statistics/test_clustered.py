import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy import stats

from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.resampling import TooFewUnits
from tests.factories import properties

SCORES = st.lists(st.floats(0, 1), min_size=2, max_size=40)


def standard_error(scores: ArrayLike, clusters: ArrayLike | None = None) -> float:
    return clustered_mean(scores, clusters).standard_error


class TestStandardError:
    @properties
    @given(SCORES)
    def test_every_item_twice(self, scores: list[float]) -> None:
        """The naive error shrinks by about √2, with no more known than before; the clustered one stays."""
        n = len(scores)
        once, twice = standard_error(scores), standard_error(scores * 2)
        assert twice == pytest.approx(once / math.sqrt(2) * math.sqrt((2 * n - 2) / (2 * n - 1)), abs=1e-12)
        assert standard_error(scores * 2, list(range(n)) * 2) == pytest.approx(once, abs=1e-12)

    @properties
    @given(SCORES)
    def test_clusters_of_one_are_no_clusters(self, scores: list[float]) -> None:
        expected = pytest.approx(float(stats.sem(scores)), abs=1e-12)
        assert standard_error(scores) == expected
        assert standard_error(scores, [f"document {i}" for i in range(len(scores))]) == expected

    @pytest.mark.parametrize("seed", range(5))
    def test_agrees_with_statsmodels(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        clusters = rng.integers(0, 12, 60)
        scores = rng.random(60) + 0.2 * clusters
        fit = sm.OLS(scores, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        assert standard_error(scores, clusters) == pytest.approx(fit.bse[0])

    def test_one_cluster_says_nothing(self) -> None:
        with pytest.raises(TooFewUnits, match="two clusters"):
            standard_error([0.1, 0.2], ["a", "a"])

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="cluster labels"):
            standard_error([0.1, 0.2], ["a"])
        with pytest.raises(ValueError, match="finite"):
            standard_error([0.1, float("nan")])
        with pytest.raises(ValueError, match="finite"):
            standard_error([[0.1, 0.2]])


class TestClusteredMean:
    def test_is_the_t_interval_without_clusters(self) -> None:
        scores = np.random.default_rng(1).random(25)
        interval = clustered_mean(scores, level=0.9)
        low, high = stats.t.interval(0.9, 24, scores.mean(), stats.sem(scores))
        assert [interval.low, interval.high] == pytest.approx([low, high])
        assert (interval.n, interval.clusters, interval.level) == (25, 25, 0.9)
        assert interval.value == pytest.approx(scores.mean())

    def test_repeats_do_not_narrow_it(self) -> None:
        scores = [0.0, 1.0, 1.0, 0.5, 0.0]
        once, often = clustered_mean(scores), clustered_mean(scores * 10, list(range(5)) * 10)
        assert [often.low, often.high] == pytest.approx([once.low, once.high])
        assert (often.n, often.clusters) == (50, 5)
        with pytest.raises(TooFewUnits):
            clustered_mean([0.5])
