"""Tests of the scores of retrieval."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.passages import Chunk, Passage
from app.services.evaluation.scorers.retrieval import (
    RETRIEVAL,
    answer_in_context,
    gold_of,
    ndcg,
    score_retrieval,
)
from tests.factories import example, properties


def passage(article: str, text: str = "", title: str = "", *, dropped: bool = False) -> Passage:
    return Passage(Chunk(f"{article}#0", article, title, "", text, 0, len(text)), {}, dropped)


class TestAnswerInContext:
    def test_word_for_word_once_normalised(self) -> None:
        score = answer_in_context([passage("a"), passage("b", "the AC/DC, live")], ["AC DC"], "triviaqa")
        assert (score.value, score.reason) == (1.0, "passage 2 contains “ac dc”")

    def test_not_within_a_word(self) -> None:
        assert answer_in_context([passage("a", "Alison")], ["Ali"], "squad").value == 0.0

    def test_in_a_title(self) -> None:
        assert answer_in_context([passage("a", "", "Paris")], ["Paris"], "squad").value == 1.0

    def test_what_was_left_out_of_the_prompt_does_not_count(self) -> None:
        assert answer_in_context([passage("a", "Paris", dropped=True)], ["Paris"], "squad").value == 0.0

    @pytest.mark.parametrize(
        ("answers", "rule"), [(["yes"], "hotpotqa"), (["No."], "squad"), (["7"], "gsm8k"), (["?"], "squad")]
    )
    def test_unscored_for_what_stands_in_no_passage(self, answers: list[str], rule: str) -> None:
        score = answer_in_context([passage("a", "yes no 7 ?")], answers, rule)  # type: ignore[arg-type]
        assert score.value is None
        assert score.reason

    def test_nothing_retrieved(self) -> None:
        assert answer_in_context([], ["Paris"], "squad").value == 0.0


class TestGold:
    def test_titles_and_ids(self) -> None:
        wanted = example(metadata={"supporting": ["Eiffel Tower", "a7"]})
        assert gold_of(wanted) == {"eiffel tower", "a7"}

    @pytest.mark.parametrize("named", [None, [], "Eiffel", [1, None, ""]])
    def test_none_named(self, named: object) -> None:
        assert gold_of(example(metadata={"supporting": named})) == frozenset()
        scores = score_retrieval([], example(metadata={"supporting": named}), "squad")
        assert [score.name for score in scores] == ["answer_in_context", "answer_hit_at_k", "answer_mrr"]

    def test_passages_with_an_answer_stand_in_for_them(self) -> None:
        found = [passage("a", "Rome"), passage("b", "Paris", dropped=True)]
        scores = {s.name: s for s in score_retrieval(found, example("q", "Paris"), "squad")}
        assert (scores["answer_hit_at_k"].value, scores["answer_mrr"].value) == (1.0, 0.5)
        assert scores["answer_in_context"].value == 0.0
        assert scores["answer_mrr"].reason == "passage 2 contains an accepted answer"

    def test_titles_are_no_answers(self) -> None:
        wanted = example("q", "Paris", metadata={"supporting": ["a"], "answered_by": "titles"})
        scores = {s.name: s.value for s in score_retrieval([passage("a", "Paris")], wanted, "squad")}
        assert scores["answer_in_context"] is None
        assert scores["hit_at_k"] == 1.0

    def test_ndcg_of_fewer_than_ten_is_called_so(self) -> None:
        wanted = example(metadata={"supporting": ["a", "b"]})
        found = [passage("c"), passage("a")]
        (score,) = [s for s in score_retrieval(found, wanted, "squad", 1) if s.name.startswith("ndcg")]
        assert (score.name, score.value) == ("ndcg_at_k", 0.0)

    def test_neither_is_known(self) -> None:
        names = [score.name for score in score_retrieval([passage("a")], example("q", "yes"), "squad")]
        assert names == ["answer_in_context"]

    def test_ranks_are_those_of_articles(self) -> None:
        found = [passage("x"), passage("x"), passage("a1", title="A"), passage("b"), passage("a1", title="A")]
        wanted = example(metadata={"supporting": ["a", "B"]})
        scores = {score.name: score.value for score in score_retrieval(found, wanted, "squad")}
        assert scores["hit_at_k"] == scores["all_at_k"] == scores["recall_at_k"] == 1.0
        assert scores["mrr"] == 0.5
        dcg = 1 / math.log2(3) + 1 / math.log2(4)
        assert scores["ndcg_at_10"] == pytest.approx(dcg / (1 + 1 / math.log2(3)))

    def test_half_found(self) -> None:
        wanted = example(metadata={"supporting": ["a", "b"]})
        scores = {score.name: score for score in score_retrieval([passage("b")], wanted, "squad")}
        assert scores["recall_at_k"].value == 0.5
        assert (scores["hit_at_k"].value, scores["all_at_k"].value, scores["mrr"].value) == (1.0, 0.0, 1.0)
        assert scores["mrr"].reason == "1 of 2 gold articles, at 1"

    def test_none_found(self) -> None:
        wanted = example(metadata={"supporting": ["a"]})
        values = [score.value for score in score_retrieval([passage("b")], wanted, "squad")]
        assert values == [0.0] * 6

    def test_one_article_named_by_title_and_by_id_counts_once(self) -> None:
        wanted = example(metadata={"supporting": ["a", "Title"]})
        scores = {s.name: s.value for s in score_retrieval([passage("a", title="Title")], wanted, "squad")}
        assert scores["ndcg_at_10"] is not None
        assert scores["ndcg_at_10"] <= 1

    @properties
    @given(st.lists(st.sampled_from("abcdef"), max_size=12), st.sets(st.sampled_from("abcdef"), min_size=1))
    def test_all_scores_lie_between_0_and_1(self, found: list[str], gold: set[str]) -> None:
        wanted = example(metadata={"supporting": sorted(gold)})
        for score in score_retrieval([passage(one) for one in found], wanted, "squad"):
            assert score.value is not None
            assert 0 <= score.value <= 1
            assert score.name in {one.name for one in RETRIEVAL.scores}
        if found[:1] and set(found) >= gold and set(found) == gold:
            values = {s.name: s.value for s in score_retrieval([passage(o) for o in found], wanted, "squad")}
            assert values["ndcg_at_10"] == pytest.approx(1)


class TestNdcg:
    def test_perfect(self) -> None:
        assert ndcg([1, 2], 2) == pytest.approx(1)

    def test_beyond_the_depth_counts_nothing(self) -> None:
        assert ndcg([11], 1) == 0

    def test_more_gold_than_the_depth(self) -> None:
        assert ndcg(list(range(1, 11)), 30) == pytest.approx(1)
