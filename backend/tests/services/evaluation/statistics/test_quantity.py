import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from app.services.evaluation.statistics.paired import paired_difference
from app.services.evaluation.statistics.quantity import quantity_difference
from app.services.evaluation.statistics.resampling import TooFewUnits
from tests.factories import properties

Values = NDArray[np.float64]
ROWS = st.lists(
    st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(0, 4)), min_size=2, max_size=30
).filter(lambda rows: len({row[2] for row in rows}) > 1)


def latencies(n: int, seed: int = 0) -> tuple[Values, Values]:
    rng = np.random.default_rng(seed)
    first = rng.lognormal(0, 0.5, n)
    return first, first * rng.lognormal(0.3, 0.2, n)


class TestMeans:
    def test_agrees_with_scipy(self) -> None:
        first, second = latencies(301)
        found = quantity_difference(first, second, seed=1)

        def ratio(x: Values, y: Values, axis: int = -1) -> Values:
            return np.asarray(np.log(np.mean(y, axis=axis) / np.mean(x, axis=axis)))

        def apart(x: Values, y: Values, axis: int = -1) -> Values:
            return np.asarray(np.mean(y, axis=axis) - np.mean(x, axis=axis))

        assert found.ratio is not None
        assert found.ratio_low is not None
        assert found.ratio_high is not None
        for theirs, low, value, high in (
            (apart, found.low, found.difference, found.high),
            (ratio, *np.log([found.ratio_low, found.ratio, found.ratio_high])),
        ):
            result = stats.bootstrap(
                (first, second),
                theirs,
                paired=True,
                n_resamples=1_999,
                batch=200,
                method="percentile",
                rng=np.random.default_rng(2),
            )
            assert value == pytest.approx(float(theirs(first, second)))
            # Symmetric or not, the width is the same.
            width = result.confidence_interval.high - result.confidence_interval.low
            assert high - low == pytest.approx(width, rel=0.12)

    @properties
    @given(rows=ROWS)
    def test_sides_swapped(self, rows: list[tuple[int, int, int]]) -> None:
        first, second, clusters = zip(*rows, strict=True)
        one = quantity_difference(first, second, clusters, seed=1, resamples=99)
        other = quantity_difference(second, first, clusters, seed=1, resamples=99)
        assert [other.low, other.difference, other.high] == pytest.approx(
            [-one.high, -one.difference, -one.low]
        )
        assert other.p == one.p
        assert one.ratio is not None
        assert other.ratio is not None
        assert other.ratio == pytest.approx(1 / one.ratio)
        assert other.ratio_low == pytest.approx(1 / (one.ratio_high or 0))
        assert one.low <= one.difference <= one.high

    def test_repeats_do_not_narrow_it(self) -> None:
        first, second = latencies(60)
        once = quantity_difference(first, second, seed=0)
        often = quantity_difference(np.tile(first, 4), np.tile(second, 4), np.tile(np.arange(60), 4), seed=0)
        assert [often.low, often.difference, often.high] == pytest.approx(
            [once.low, once.difference, once.high]
        )
        assert (often.n, often.units) == (240, 60)

    def test_no_ratio_to_nothing(self) -> None:
        found = quantity_difference([0, 0, 0, 0], [1, 2, 3, 4], seed=0)
        assert (found.ratio, found.ratio_low, found.ratio_high) == (None, None, None)
        assert found.difference == 2.5

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            quantity_difference([1, 2], [1], seed=0)
        with pytest.raises(ValueError, match="0 or more"):
            quantity_difference([1, -2], [1, 2], seed=0)
        with pytest.raises(ValueError, match="cluster labels"):
            quantity_difference([1, 2], [1, 2], ["a"], seed=0)
        with pytest.raises(TooFewUnits):
            quantity_difference([1, 2], [1, 2], ["a", "a"], seed=0)
        with pytest.raises(TooFewUnits):
            quantity_difference([], [], seed=0)


def test_a_mean_is_the_paired_difference() -> None:
    first, second = latencies(80)
    found, scores = quantity_difference(first, second, seed=0), paired_difference(first, second, seed=0)
    assert found.difference == pytest.approx(scores.difference)
    assert found.high == pytest.approx(scores.high, rel=0.02)
    assert found.p == pytest.approx(scores.p, abs=0.01)
