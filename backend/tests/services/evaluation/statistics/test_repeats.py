"""Tests of the statistics of repeats: against enumeration, known values, and simulation."""

from itertools import combinations
from statistics import mean

import numpy as np
import pytest

from app.services.evaluation.statistics.repeats import (
    all_of_k,
    any_of_k,
    counts_of_k,
    disagreement,
    flicker,
    passes,
    variance_shares,
)


class TestPasses:
    @pytest.mark.parametrize(("n", "right"), [(5, 2), (4, 0), (4, 4), (6, 1)])
    def test_are_the_means_over_all_subsets(self, n: int, right: int) -> None:
        answers = [1] * right + [0] * (n - right)
        for k in range(1, n + 1):
            subsets = [*combinations(answers, k)]
            assert any_of_k(n, right, k) == pytest.approx(mean(max(one) for one in subsets))
            assert all_of_k(n, right, k) == pytest.approx(mean(min(one) for one in subsets))

    def test_as_published(self) -> None:
        # The product of Chen et al. 2021, fig. 3: 1 − Π_{i=n−c+1..n} (1 − k/i).
        n, c, k = 200, 7, 10
        assert any_of_k(n, c, k) == pytest.approx(1 - np.prod(1 - k / np.arange(n - c + 1, n + 1)))

    def test_are_unbiased(self) -> None:
        rng = np.random.default_rng(1)
        right = rng.binomial(6, 0.3, 20_000)
        assert mean(any_of_k(6, int(c), 3) for c in right) == pytest.approx(1 - 0.7**3, abs=0.01)
        assert mean(all_of_k(6, int(c), 3) for c in right) == pytest.approx(0.3**3, abs=0.005)

    @pytest.mark.parametrize("wrong", [(2, 1, 3), (2, 3, 1), (2, -1, 1), (2, 1, 0)])
    def test_what_cannot_be_is_refused(self, wrong: tuple[int, int, int]) -> None:
        with pytest.raises(ValueError, match="right"):
            any_of_k(*wrong)

    def test_questions_with_fewer_answers_are_left_out(self) -> None:
        one, two = passes([1, 0, 1], [2, 2, 1], ["a", "b", "c"], [1, 2], seed=0)
        assert one.questions == 3
        assert one.any_right.value == pytest.approx(0.5)
        assert (two.questions, two.any_right.value, two.all_right.value) == (2, 0.5, 0)
        assert two.all_right.high > two.all_right.low
        assert passes([1], [1], ["a"], [2], seed=0) == []

    def test_intervals_are_by_questions_and_hold_the_truth(self) -> None:
        rng = np.random.default_rng(3)
        truth = 1 - mean((1 - p) ** 2 for p in rng.beta(1, 1, 200_000))
        held = 0
        for _ in range(100):
            chances = rng.beta(1, 1, 60)
            right = rng.binomial(4, chances)
            labels = [str(place) for place in range(60)]
            (found,) = passes(right.tolist(), [4] * 60, labels, [2], seed=0)
            held += found.any_right.low <= truth <= found.any_right.high
        assert held >= 88

    @pytest.mark.parametrize(
        ("most", "shown"), [(0, []), (1, [1]), (2, [1, 2]), (5, [1, 2, 4, 5]), (8, [1, 2, 4, 8])]
    )
    def test_which_k_are_shown(self, most: int, shown: list[int]) -> None:
        assert counts_of_k(most) == shown


class TestFlicker:
    @pytest.mark.parametrize(
        ("counts", "share"), [([3], 0), ([1, 1], 1), ([2, 1], 2 / 3), ([2, 2], 2 / 3), ([1, 1, 1], 1)]
    )
    def test_disagreement(self, counts: list[int], share: float) -> None:
        assert disagreement(counts) == pytest.approx(share)

    def test_one_answer_says_nothing(self) -> None:
        with pytest.raises(ValueError, match="itself"):
            disagreement([1])
        assert flicker([], []) is None

    def test_share_of_questions(self) -> None:
        found = flicker([1, 2, 3, 1], ["a", "b", "c", "d"])
        assert found is not None
        assert (found.value, found.n) == (0.5, 4)
        none = flicker([1] * 30, [str(place) for place in range(30)])
        assert none is not None
        assert none.high > 0.05


def shares(scores: list[list[float]]) -> tuple[float, float, float]:
    found = variance_shares(scores, [str(place) for place in range(len(scores))])
    assert found is not None
    return found.between.low, found.between.value, found.between.high


class TestVariance:
    def test_is_the_analysis_of_variance(self) -> None:
        # MSB = 0.375, MSW = 1/12 with 3 repeats: B = (0.375 − 1/12)/3.
        scores = [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
        sums = np.array(scores)
        msb = 3 * np.var(sums.mean(axis=1), ddof=1)
        msw = np.mean(np.var(sums, axis=1, ddof=1))
        _, value, _ = shares(scores)
        between = (msb - msw) / 3
        assert value == pytest.approx(between / (between + msw))

    def test_unequal_numbers_of_repeats(self) -> None:
        rng = np.random.default_rng(5)
        truth = 0.04 / (0.04 + 0.01)
        found = []
        for _ in range(40):
            means = rng.normal(0.5, 0.2, 50)
            found.append(
                shares(
                    [
                        rng.normal(one, 0.1, n).tolist()
                        for one, n in zip(means, rng.integers(1, 6, 50), strict=True)
                    ]
                )
            )
        assert mean(value for _, value, _ in found) == pytest.approx(truth, abs=0.03)
        assert sum(low <= truth <= high for low, _, high in found) >= 34

    def test_repeats_that_all_agree_are_no_certainty(self) -> None:
        low, value, high = shares([[1.0] * 3, [0.0] * 3] * 15)
        assert (value, high) == (1, 1)
        assert 0.5 < low < 0.95

    def test_chance_alone(self) -> None:
        low, value, high = shares([[0.0, 1.0]] * 30)
        assert (low, value) == (0, 0)
        assert high > 0

    @pytest.mark.parametrize("scores", [[], [[1.0, 0.0]], [[1.0], [0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    def test_nothing_to_divide(self, scores: list[list[float]]) -> None:
        assert variance_shares(scores, [str(place) for place in range(len(scores))]) is None

    @pytest.mark.parametrize("shape", [0.05, 1.0])
    def test_the_interval_holds_the_truth(self, shape: float) -> None:
        """Right or wrong, by chances of a beta distribution of mean ½: the share is its variance by ¼."""
        rng = np.random.default_rng(11)
        truth = 1 / (2 * shape + 1)
        held = 0
        for _ in range(60):
            right = rng.random((40, 4)) < rng.beta(shape, shape, 40)[:, None]
            low, _, high = shares(right.astype(float).tolist())
            held += low <= truth <= high
        assert held >= 53

    def test_documents_are_the_units(self) -> None:
        scores = [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]] * 10
        alone = variance_shares(scores, [str(place) for place in range(40)])
        together = variance_shares(scores, [str(place // 8) for place in range(40)])
        assert alone is not None
        assert together is not None
        assert alone.between.value == together.between.value
        assert alone.between.high < together.between.high
