"""Tests of fusing two rankings, against numbers computed by hand."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.rag.retrievers import fuse_ranks, fuse_scores
from tests.factories import properties

Candidates = dict[int, tuple[float, float]]  # by number: cosine, BM25
# Steps that stay apart when they are brought to [0, 1].
COSINES = st.integers(-1000, 1000).map(lambda thousandths: thousandths / 1000)
WORDS = st.integers(0, 5000).map(lambda hundredths: hundredths / 100)
CANDIDATES = st.dictionaries(st.integers(0, 99), st.tuples(COSINES, WORDS), max_size=12)
WEIGHTS = st.floats(0, 1)


def fused(candidates: Candidates, weight: float) -> list[tuple[int, float]]:
    cosines = {one: cosine for one, (cosine, _) in candidates.items()}
    words = {one: score for one, (_, score) in candidates.items()}
    return fuse_scores(cosines, words, weight)


class TestRanks:
    def test_by_hand(self) -> None:
        found = fuse_ranks([[7, 8, 9], [9, 7, 5]])
        assert [one for one, _ in found] == [7, 9, 8, 5]
        assert dict(found) == pytest.approx({7: 1 / 61 + 1 / 62, 9: 1 / 63 + 1 / 61, 8: 1 / 62, 5: 1 / 63})

    def test_constant(self) -> None:
        assert fuse_ranks([[1], [2, 1]], k=0) == [(1, 1.5), (2, 1.0)]

    def test_of_equals_the_first_named(self) -> None:
        assert [one for one, _ in fuse_ranks([[3, 1], [1, 3]])] == [3, 1]
        assert [one for one, _ in fuse_ranks([[5], [2]])] == [5, 2]

    @pytest.mark.parametrize("rankings", [[], [[]], [[], []]])
    def test_nothing(self, rankings: list[list[int]]) -> None:
        assert fuse_ranks(rankings) == []

    @properties
    @given(st.lists(st.lists(st.integers(0, 20), unique=True), max_size=3))
    def test_each_once_and_best_first(self, rankings: list[list[int]]) -> None:
        found = fuse_ranks(rankings)
        assert sorted(one for one, _ in found) == sorted({one for ranking in rankings for one in ranking})
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


class TestScores:
    def test_by_hand(self) -> None:
        # Cosines 0.2 … 0.6 become 0, 0.25, 1; BM25 8, 4, 0 becomes 1, 0.5, 0.
        found = fused({1: (0.2, 8.0), 2: (0.3, 4.0), 3: (0.6, 0.0)}, 0.3)
        assert [one for one, _ in found] == [1, 2, 3]
        assert dict(found) == pytest.approx({1: 0.7, 2: 0.3 * 0.25 + 0.7 * 0.5, 3: 0.3})

    def test_one_candidate(self) -> None:
        assert fused({4: (-0.3, 2.0)}, 0.4) == [(4, 1.0)]

    def test_cosines_alike(self) -> None:
        assert dict(fused({1: (0.5, 0.0), 2: (0.5, 3.0)}, 0.4)) == pytest.approx({1: 0.4, 2: 1.0})

    def test_no_words_found(self) -> None:
        assert dict(fused({1: (0.5, 0.0), 2: (0.1, 0.0)}, 0.4)) == pytest.approx({1: 0.4, 2: 0.0})

    def test_of_equals_the_first_named(self) -> None:
        assert [one for one, _ in fused({9: (0.1, 1.0), 3: (0.1, 1.0), 5: (0.1, 1.0)}, 0.4)] == [9, 3, 5]

    def test_nothing(self) -> None:
        assert fused({}, 0.4) == []

    @properties
    @given(CANDIDATES, WEIGHTS)
    def test_each_once_within_bounds_and_best_first(self, candidates: Candidates, weight: float) -> None:
        found = fused(candidates, weight)
        scores = [score for _, score in found]
        assert sorted(one for one, _ in found) == sorted(candidates)
        assert all(0 <= score <= 1 + 1e-12 for score in scores)
        assert scores == sorted(scores, reverse=True)

    # In a small knowledge base a word in more than half of the chunks can weigh less than nothing.
    @properties
    @given(st.dictionaries(st.integers(0, 99), st.tuples(COSINES, st.floats(-5, 5)), max_size=12), WEIGHTS)
    @example({1: (0.5, 2.0), 2: (0.1, -1.0)}, 0.4)
    def test_within_bounds_when_a_word_weighs_less_than_nothing(
        self, candidates: Candidates, weight: float
    ) -> None:
        assert all(0 <= score <= 1 + 1e-12 for _, score in fused(candidates, weight))

    @pytest.mark.parametrize(("weight", "column"), [(1.0, 0), (0.0, 1)], ids=["cosines", "BM25"])
    @properties
    @given(candidates=CANDIDATES)
    def test_full_weight_orders_as_that_score(
        self, weight: float, column: int, candidates: Candidates
    ) -> None:
        alone = sorted(candidates, key=lambda one: -candidates[one][column])
        assert [one for one, _ in fused(candidates, weight)] == alone
