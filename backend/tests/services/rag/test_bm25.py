"""Tests of BM25: the library's own scores to the last bit, in the order of a stable sort."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from app.services.rag.bm25 import Bm25Index, words_of
from tests.factories import properties

# Few words, so that they meet, and are in more than half of the chunks; some that are in none.
WORD = st.sampled_from(["river", "tower", "king", "queen", "poem", "été", "東京"]) | st.text(max_size=2)
CORPORA = st.lists(st.lists(WORD, max_size=12), min_size=1, max_size=12).filter(any)
QUERIES = st.lists(WORD | st.just("unknown"), max_size=8)
ALL_ALIKE = [["river"], ["river"], ["river", "tower"]]  # each word weighs less than nothing
HALF = [["river", "tower"], ["river", "king"], ["queen"], ["poem", "king"]]  # "river" weighs nothing


class TestScores:
    @properties
    @given(corpus=CORPORA, query=QUERIES)
    @example(ALL_ALIKE, ["river", "river", "tower"])
    @example(HALF, ["river", "king", "poem"])
    @example([[], ["river"], []], ["river"])
    def test_are_those_of_the_library(self, corpus: list[list[str]], query: list[str]) -> None:
        ours = Bm25Index.build(corpus).scores(query)
        theirs = BM25Okapi(corpus).get_scores(query)
        assert ours.tolist() == theirs.tolist()

    @properties
    @given(corpus=CORPORA, query=QUERIES)
    @example(ALL_ALIKE, ["river"])
    def test_are_those_of_the_library_after_saving(
        self, tmp_path_factory: pytest.TempPathFactory, corpus: list[list[str]], query: list[str]
    ) -> None:
        folder = tmp_path_factory.mktemp("bm25") / "new" / "folder"
        built = Bm25Index.build(corpus)
        built.save(folder)
        loaded = Bm25Index.load(folder)
        assert loaded.scores(query).tolist() == BM25Okapi(corpus).get_scores(query).tolist()
        assert list(loaded.terms) == list(built.terms)
        assert loaded.size == len(corpus)

    @pytest.mark.parametrize("corpus", [[], [[]], [[], [], []]])
    def test_corpus_without_words(self, tmp_path: Path, corpus: list[list[str]]) -> None:
        Bm25Index.build(corpus).save(tmp_path)
        for index in (Bm25Index.build(corpus), Bm25Index.load(tmp_path)):
            assert index.scores(["river"]).tolist() == [0.0] * len(corpus)
            assert index.top(index.scores(["river"]), 5) == []

    def test_word_counts_as_often_as_it_is_asked(self) -> None:
        index = Bm25Index.build([["river"], ["tower"], ["king"]])
        assert index.scores(["river", "river"])[0] == 2 * index.scores(["river"])[0] > 0

    def test_nothing_to_load(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"terms\.json"):
            Bm25Index.load(tmp_path)


class TestTop:
    @properties
    @given(corpus=CORPORA, query=QUERIES, count=st.integers(1, 14))
    @example(ALL_ALIKE, ["river"], 2)
    @example([["river"]] * 9 + [["tower"]] * 10, ["river"], 4)
    def test_is_a_stable_sort(self, corpus: list[list[str]], query: list[str], count: int) -> None:
        scores = BM25Okapi(corpus).get_scores(query)
        order = [int(place) for place in np.argsort(-scores, kind="stable") if scores[place]]
        index = Bm25Index.build(corpus)
        top = index.top(index.scores(query), count)
        assert top == [(place, float(scores[place])) for place in order[:count]]

    @properties
    @given(st.lists(st.sampled_from([0.0, -1.0, 0.5, 2.0, 2.5]), max_size=30), st.integers(1, 31))
    def test_of_equal_scores_the_first(self, scores: list[float], count: int) -> None:
        wanted = sorted(((n, score) for n, score in enumerate(scores) if score), key=lambda hit: -hit[1])
        assert Bm25Index.top(np.array(scores), count) == wanted[:count]


class TestWords:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", []),
            (" .,;!?\n", []),
            ("The king of the castle", ["king", "castl"]),
            ("Who wrote it, and when?", ["wrote"]),
            ("Rivers flowing; rivers flowed", ["river", "flow", "river", "flow"]),
            ("the king's crown", ["king", "crown"]),
            ("the king’s crown", ["king", "crown"]),
            ("KING’S", ["king"]),
            ("O'Neill", ["o'neil"]),
            ("born in 1815, died 3.14", ["born", "1815", "die", "3", "14"]),
            ("top-level snake_case", ["top", "level", "snake", "case"]),
            ("Ærøskøbing, Łódź and ÉTÉ", ["ærøskøbing", "łódź", "été"]),
            ("東京 Москва", ["東京", "москва"]),
            ("国際標準化に", ["国際", "際標", "標準", "準化", "化に"]),
            ("京。2024年", ["京", "2024", "年"]),
            ("Tシャツ", ["t", "シャ", "ャツ"]),
            ("ｶﾅ ＮＡＳＡ", ["カナ", "nasa"]),
            ("서울은", ["서울", "울은"]),
            ("กรุง ไป", ["กรุ", "รุง", "ไป"]),
            ("दिल्ली में", ["दिल्ली", "में"]),
        ],
    )
    def test_words(self, text: str, words: list[str]) -> None:
        assert words_of(text) == words

    def test_letter_and_accent_are_one_however_they_are_written(self) -> None:
        assert words_of("Cafe\u0301s of Orle\u0301ans") == words_of("Caf\u00e9s of Orl\u00e9ans")

    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ("標準化", "国際標準化に関する動向"),
            ("서울", "대한민국의 수도는 서울이다"),
            ("กรุงเทพ", "เมืองหลวงคือกรุงเทพมหานคร"),
        ],
    )
    def test_a_word_is_found_within_a_clause(self, query: str, text: str) -> None:
        index = Bm25Index.build(
            [words_of(text), *(words_of(other) for other in ("北京", "파리", "โตเกียว", "x"))]
        )
        ((best, score),) = index.top(index.scores(words_of(query)), 1)
        assert (best, score > 0) == (0, True)

    @properties
    @given(st.text(), st.text())
    def test_any_texts(self, one: str, other: str) -> None:
        assert words_of(f"{one} {other}") == words_of(one) + words_of(other)
        assert all(words_of(one))
