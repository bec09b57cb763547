import subprocess
import sys
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from app.services.evaluation.statistics.clustered import clustered_mean
from app.services.evaluation.statistics.paired import failure_bounds, paired_difference
from app.services.evaluation.statistics.resampling import TooFewUnits
from tests.factories import properties

Values = NDArray[np.float64]
F1 = st.sampled_from([0.0, 0.1, 1 / 3, 0.4, 0.5, 2 / 3, 0.8, 1.0])
PAIRS = st.lists(st.tuples(F1, F1), min_size=2, max_size=40)
RIGHT_OR_WRONG = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=40
)
LABELLED = st.lists(st.tuples(F1, F1, st.integers(0, 6)), min_size=2, max_size=40).filter(
    lambda rows: len({row[2] for row in rows}) > 1
)


def scores(n: int, seed: int = 0, shift: float = 0.05) -> tuple[Values, Values]:
    rng = np.random.default_rng(seed)
    first = rng.random(n)
    return first, np.clip(first + rng.normal(shift, 0.3, n), 0, 1)


class TestInterval:
    @pytest.mark.parametrize("n", [60, 300, 3000], ids=lambda n: f"{n}_items")
    def test_agrees_with_scipy(self, n: int) -> None:
        first, second = scores(n)
        found = paired_difference(first, second, seed=1)
        theirs = stats.bootstrap(
            (second - first,),
            np.mean,
            method="percentile",
            n_resamples=2_999,
            rng=np.random.default_rng(2),
            batch=100,
        )
        # Monte Carlo error of their bounds, and the expansion for few items.
        tolerance = (0.15 + 5 / n) * theirs.standard_error
        assert found.low == pytest.approx(theirs.confidence_interval.low, abs=tolerance)
        assert found.high == pytest.approx(theirs.confidence_interval.high, abs=tolerance)
        assert found.difference == pytest.approx((second - first).mean())
        assert found.standard_error == pytest.approx(float(stats.sem(second - first)))
        assert (found.method, found.n, found.units, found.level) == ("bootstrap", n, n, 0.95)

    def test_few_distinct_values_are_drawn_as_counts(self) -> None:
        """Both ways of drawing have the same law: the interval is the t interval's, nearly."""
        first, second = np.zeros(400), np.tile([0.0, 0.5, 1.0, -0.5], 100)
        found = paired_difference(first, second, seed=0)
        half = 1.966 * float(stats.sem(second))
        assert found.high - found.difference == pytest.approx(half, rel=0.03)

    def test_fields(self) -> None:
        found = paired_difference([0.5, 0.0, 0.2], [1.0, 0.5, 0.9], seed=7, level=0.9)
        assert [found.first, found.second] == pytest.approx([0.7 / 3, 0.8])
        assert (found.level, found.seed, found.mcnemar) == (0.9, 7, None)

    def test_repeats_do_not_narrow_it(self) -> None:
        first, second = scores(40)
        once = paired_difference(first, second, seed=0)
        items = np.tile(np.arange(40), 5)
        often = paired_difference(np.tile(first, 5), np.tile(second, 5), items, seed=0)
        assert [often.low, often.high] == pytest.approx([once.low, once.high])
        assert often.p == pytest.approx(once.p)
        assert (often.n, often.units) == (200, 40)

    def test_the_standard_error_is_the_clustered_one(self) -> None:
        first, second = scores(50)
        clusters = np.arange(50) // 4
        found = paired_difference(first, second, clusters, seed=0)
        assert found.standard_error == pytest.approx(clustered_mean(second - first, clusters).standard_error)
        assert found.standard_error is not None
        assert (found.high - found.low) / (2 * found.standard_error) == pytest.approx(
            2.18, rel=0.1
        )  # t of 12

    def test_all_alike(self) -> None:
        found = paired_difference([0.5, 0.25, 0.0], [0.75, 0.5, 0.25], seed=0)
        assert (found.difference, found.method) == (0.25, "likelihood")
        assert found.low < 0 < 0.25 < found.high
        assert found.p == 0.25  # two of the eight flips
        same = paired_difference([0.5, 0.3], [0.5, 0.3], seed=0)
        assert (same.high, same.p, same.method) == (-same.low, 1.0, "likelihood")
        assert same.high == pytest.approx(0.988, abs=1e-3)  # t² of one degree of freedom/(2 + t²)

    def test_one_unit_says_nothing(self) -> None:
        with pytest.raises(TooFewUnits):
            paired_difference([0.5], [0.6], seed=0)
        with pytest.raises(TooFewUnits):
            paired_difference([0.0, 1.0], [1.0, 1.0], ["a", "a"], seed=0)

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            paired_difference([0.5, 0.1], [0.6], seed=0)
        with pytest.raises(ValueError, match="no pairs"):
            paired_difference([], [], seed=0)
        with pytest.raises(ValueError, match="finite"):
            paired_difference([0.5, float("nan")], [0.6, 0.1], seed=0)

    def test_ten_thousand_items_take_tenths_of_a_second(self) -> None:
        first, second = scores(10_000)
        paired_difference(first[:50], second[:50], seed=0)  # imports
        started = time.process_time()
        paired_difference(first, second, seed=0)
        assert time.process_time() - started < 2.0  # about 0.35 s on a machine with nothing else to do


class TestP:
    @pytest.mark.parametrize("n", [3, 8, 12])
    def test_few_items_are_exact(self, n: int) -> None:
        first, second = scores(n)
        theirs = stats.permutation_test(
            (second - first,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
        )
        found = paired_difference(first, second, seed=0)
        assert found.p == pytest.approx(theirs.pvalue)
        assert found.test == "sign_flip_exact"

    @pytest.mark.parametrize("n", [30, 100])
    def test_many_items_are_drawn(self, n: int) -> None:
        first, second = scores(n)
        theirs = stats.permutation_test(
            (second - first,),
            np.mean,
            permutation_type="samples",
            n_resamples=9_999,
            rng=np.random.default_rng(3),
        )
        found = paired_difference(first, second, seed=0)
        assert found.p == pytest.approx(theirs.pvalue, abs=0.025)
        assert found.test == "sign_flip"

    def test_never_zero(self) -> None:
        found = paired_difference(np.zeros(50), np.linspace(0.5, 1, 50), seed=0, resamples=999)
        assert found.p == 1 / 1000

    def test_items_without_a_difference_do_not_matter(self) -> None:
        first, second = scores(10)
        more = np.full(500, 0.5)
        found = paired_difference(np.append(first, more), np.append(second, more), seed=0)
        assert found.p == paired_difference(first, second, seed=0).p
        assert found.test == "sign_flip_exact"

    def test_whole_clusters_are_flipped(self) -> None:
        clusters = np.repeat(np.arange(6), 10)
        second = np.repeat([0.5, 0.6, 0.7, 0.4, 0.8, 0.9], 10)
        found = paired_difference(np.zeros(60), second, clusters, seed=0)
        assert found.p == 2 / 2**6
        assert paired_difference(np.zeros(60), second, seed=0).p < 0.001


class TestRightOrWrong:
    def test_is_mcnemars_test_and_the_score_interval(self) -> None:
        first = [1.0] * 10 + [0.0] * 2 + [1.0] * 38
        second = [0.0] * 10 + [1.0] * 2 + [1.0] * 38
        found = paired_difference(first, second, seed=0)
        assert found.mcnemar is not None
        assert (found.mcnemar.only_first, found.mcnemar.only_second) == (10, 2)
        assert (found.p, found.test, found.method) == (found.mcnemar.p, "mcnemar", "score")
        assert found.p == pytest.approx(0.03857, abs=5e-6)
        assert found.difference == pytest.approx(-0.16)
        assert found.low < found.difference < found.high < 0

    def test_clusters_of_one_are_no_clusters(self) -> None:
        found = paired_difference([0, 1, 1], [1, 1, 0], ["a", "b", "c"], seed=0)
        assert found.test == "mcnemar"

    def test_not_with_clusters_or_partial_scores(self) -> None:
        assert paired_difference([0, 1, 1], [1, 1, 0], ["a", "b", "b"], seed=0).mcnemar is None
        assert paired_difference([0, 1, 1], [1, 1, 0.5], seed=0).mcnemar is None

    def test_no_difference_has_an_interval(self) -> None:
        found = paired_difference(np.ones(50), np.ones(50), seed=0)
        assert (found.difference, found.p) == (0.0, 1.0)
        assert found.high == -found.low == pytest.approx(0.0713, abs=5e-5)

    def test_a_single_item(self) -> None:
        found = paired_difference([0.0], [1.0], seed=0)
        assert (found.difference, found.high, found.p) == (1.0, 1.0, 1.0)
        assert found.standard_error is None


class TestInvariants:
    @properties
    @given(LABELLED)
    def test_sides_swapped(self, rows: list[tuple[float, float, int]]) -> None:
        first, second, clusters = zip(*rows, strict=True)
        for labels in (clusters, None):
            one = paired_difference(first, second, labels, seed=3, resamples=199)
            other = paired_difference(second, first, labels, seed=3, resamples=199)
            assert (other.low, other.difference, other.high) == (-one.high, -one.difference, -one.low)
            assert (other.p, other.first, other.second) == (one.p, one.second, one.first)

    @properties
    @given(RIGHT_OR_WRONG)
    def test_sides_swapped_right_or_wrong(self, rows: list[tuple[float, float]]) -> None:
        first, second = zip(*rows, strict=True)
        one, other = paired_difference(first, second, seed=0), paired_difference(second, first, seed=0)
        assert (other.low, other.difference, other.high) == (-one.high, -one.difference, -one.low)
        assert other.p == one.p
        assert -1 <= one.low <= one.difference <= one.high <= 1

    @properties
    @given(RIGHT_OR_WRONG, st.sampled_from([0.0, 1.0]), st.integers(1, 30))
    def test_pairs_that_agree_never_change_mcnemars_p(
        self, rows: list[tuple[float, float]], score: float, more: int
    ) -> None:
        first, second = np.array(rows).T
        added = np.full(more, score)
        one = paired_difference(first, second, seed=0)
        other = paired_difference(np.append(first, added), np.append(second, added), seed=0)
        assert other.mcnemar == one.mcnemar
        assert other.p == one.p

    @properties
    @given(LABELLED, st.integers(0, 99))
    def test_order_does_not_matter(self, rows: list[tuple[float, float, int]], seed: int) -> None:
        shuffled = [rows[i] for i in np.random.default_rng(seed).permutation(len(rows))]
        for labels in (True, False):
            results = []
            for each in (rows, shuffled):
                first, second, clusters = zip(*each, strict=True)
                results.append(
                    paired_difference(first, second, clusters if labels else None, seed=3, resamples=199)
                )
            assert results[0] == results[1]

    @properties
    @given(PAIRS, st.sampled_from([1 / 3, 7.0, 1e-6]))
    def test_scales_with_the_scores(self, rows: list[tuple[float, float]], factor: float) -> None:
        first, second = np.array(rows).T
        rng_free: dict[str, Any] = {"seed": 1, "resamples": 199}
        one = paired_difference(np.append(first, 0.3), np.append(second, 0.3), **rng_free)
        scaled = paired_difference(
            np.append(first, 0.3) * factor, np.append(second, 0.3) * factor, **rng_free, best=factor
        )
        assert scaled.p == one.p
        assert scaled.low == pytest.approx(one.low * factor, abs=1e-9 * factor)

    def test_a_seed_repeats_itself_and_differs_from_others(self) -> None:
        first, second = scores(30)
        one = paired_difference(first, second, seed=1)
        assert one == paired_difference(first, second, seed=1)
        assert one.low != paired_difference(first, second, seed=2).low


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    code = (
        "import sys; import app.services.evaluation.statistics.verdict; "
        "sys.exit(bool({'scipy', 'statsmodels', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestFailureBounds:
    NAN = float("nan")

    def test_by_hand(self) -> None:
        bounds = failure_bounds([1, 0, self.NAN, 1], [1, 1, 1, self.NAN])
        assert (bounds.n, bounds.first_missing, bounds.second_missing) == (4, 1, 1)
        assert bounds.both_scored == 0.5
        assert bounds.as_wrong == (3 - 2) / 4
        assert bounds.low == (3 - 3) / 4
        assert bounds.high == (4 - 2) / 4

    def test_nothing_missing(self) -> None:
        bounds = failure_bounds([1, 0], [1, 1])
        assert bounds.both_scored == bounds.as_wrong == bounds.low == bounds.high == 0.5

    def test_nothing_scored_by_both(self) -> None:
        bounds = failure_bounds([1, self.NAN], [self.NAN, 1])
        assert (bounds.both_scored, bounds.low, bounds.high) == (None, -0.5, 0.5)

    @properties
    @given(st.lists(st.tuples(st.none() | F1, st.none() | F1), min_size=1, max_size=20))
    def test_holds_what_counting_all_as_wrong_gives(
        self, rows: list[tuple[float | None, float | None]]
    ) -> None:
        first, second = np.array(rows, dtype=np.float64).T
        bounds, mirrored = failure_bounds(first, second), failure_bounds(second, first)
        assert -1 <= bounds.low <= bounds.as_wrong <= bounds.high <= 1
        assert (mirrored.low, mirrored.high) == (-bounds.high, -bounds.low)

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            failure_bounds([1], [1, 0])
        with pytest.raises(ValueError, match="not all scores"):
            failure_bounds([2.0], [1.0])
