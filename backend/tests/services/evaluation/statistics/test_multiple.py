from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from app.services.evaluation.statistics.multiple import (
    agreeing,
    direction,
    holm,
    simultaneous_level,
    tied_for_best,
)
from tests.factories import properties

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def by_the_formula(p_values: list[float]) -> list[float]:
    m = len(p_values)
    order = sorted(range(m), key=p_values.__getitem__)
    adjusted, largest = [0.0] * m, 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (m - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


class TestHolm:
    def test_by_hand(self) -> None:
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])

    @properties
    @given(P_VALUES)
    def test_is_the_formula(self, p_values: list[float]) -> None:
        assert holm(p_values) == pytest.approx(by_the_formula(p_values), abs=1e-15)

    @pytest.mark.parametrize("m", [1, 2, 10, 45])
    def test_agrees_with_statsmodels(self, m: int) -> None:
        p_values = np.random.default_rng(m).random(m) ** 3
        assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-15)

    @properties
    @given(P_VALUES)
    def test_keeps_the_order_and_never_falls_below_p(self, p_values: list[float]) -> None:
        adjusted = holm(p_values)
        assert np.all(adjusted >= np.array(p_values))
        assert np.all(adjusted <= 1)
        assert np.all(np.diff(adjusted[np.argsort(p_values)]) >= 0)

    @properties
    @given(P_VALUES, st.integers(0, 99))
    def test_the_order_given_does_not_matter(self, p_values: list[float], seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(p_values))
        shuffled = holm(np.array(p_values)[order])
        assert shuffled == pytest.approx(holm(p_values)[order])

    def test_one_is_not_adjusted_and_none_is_none(self) -> None:
        assert holm([0.04]) == pytest.approx([0.04])
        assert holm([]).size == 0

    @pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
    def test_no_p_value(self, wrong: float) -> None:
        with pytest.raises(ValueError, match="not all p values"):
            holm([0.1, wrong])


class TestAgreeing:
    @properties
    @given(st.floats(-1, 1), st.floats(0, 1), st.sampled_from([-1, 0, 1]))
    def test_0_is_outside_if_and_only_if_a_difference_was_found(
        self, low: float, width: float, side: int
    ) -> None:
        lower, upper = agreeing((low, low + width), side)
        assert lower <= upper
        assert (1 if lower > 0 else -1 if upper < 0 else 0) == side

    def test_bounds_that_agree_stay(self) -> None:
        assert agreeing((0.1, 0.3), 1) == (0.1, 0.3)
        assert agreeing((-0.3, -0.1), -1) == (-0.3, -0.1)
        assert agreeing((-0.1, 0.3), 0) == (-0.1, 0.3)

    def test_bonferroni(self) -> None:
        assert simultaneous_level(0.95, 1) == 0.95
        assert simultaneous_level(0.95, 5) == pytest.approx(0.99)
        with pytest.raises(ValueError, match="no comparison"):
            simultaneous_level(0.95, 0)

    def test_direction(self) -> None:
        assert [direction(d, p) for d, p in ((0.1, 0.01), (-0.1, 0.01), (0.1, 0.05), (0, 0.0))] == [
            1,
            -1,
            0,
            0,
        ]


class TestTiedForBest:
    SCORES: ClassVar = {"direct": 0.60, "cot": 0.70, "react": 0.68, "rag": 0.69}

    def test_all_not_distinguishable_from_the_best(self) -> None:
        adjusted = {
            ("direct", "cot"): 0.01,
            ("cot", "react"): 0.4,
            ("rag", "cot"): 0.05,
            ("direct", "react"): 0.9,
        }
        assert tied_for_best(self.SCORES, adjusted) == ["cot", "rag", "react"]
        assert tied_for_best(self.SCORES, adjusted, alpha=0.5) == ["cot"]
        assert tied_for_best(self.SCORES, adjusted, alpha=0.005) == ["cot", "rag", "react", "direct"]

    def test_a_pair_not_compared_is_not_distinguishable(self) -> None:
        assert tied_for_best({"a": 1.0, "b": 0.0}, {}) == ["a", "b"]

    def test_equal_scores_keep_their_order(self) -> None:
        assert tied_for_best({"b": 0.5, "a": 0.5}, {("a", "b"): 1.0}) == ["b", "a"]

    def test_one_or_none(self) -> None:
        assert tied_for_best({"a": 0.1}, {}) == ["a"]
        assert tied_for_best({}, {}) == []
