from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.domain.scoring import Score, ScoringRule
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.scorers.text import (
    contains,
    exact_match,
    f1,
    number_flexible,
    number_official,
    number_strict,
)
from tests.factories import properties
from tests.scoring import score_answer, scorer_names

RULES: list[ScoringRule] = ["triviaqa", "squad", "hotpotqa", "gsm8k", "multilingual"]
WORD_RULES: list[ScoringRule] = ["triviaqa", "squad", "hotpotqa", "multilingual"]
WORDS = st.lists(st.sampled_from(["new", "york", "city", "of", "1969"]), max_size=6)
# A few short pieces, so that a text and an answer often are the same once normalised.
PIECES = st.lists(
    st.sampled_from(["new", "York", "The ", " ", ".", "#### ", "7", "$", "yes", "’"]), max_size=4
)
CLOSE = PIECES.map("".join)


FUNCTIONS = {
    "exact_match": exact_match,
    "contains": contains,
    "f1": f1,
    "number_strict": number_strict,
    "number_flexible": number_flexible,
    "number_official": number_official,
}
KINDS = {score.name: score.kind for score in SCORERS.descriptions()}


def value(scorer: str, text: str, *answers: str, rule: ScoringRule = "triviaqa") -> float:
    return FUNCTIONS[scorer](text, answers, rule)[0]


class TestExactMatch:
    @pytest.mark.parametrize(
        ("text", "answers", "rule", "expected"),
        [
            ("The Beatles", ["beatles"], "triviaqa", 1.0),
            ("beatles!", ["The Who", "The Beatles"], "squad", 1.0),
            ("Beatles band", ["The Beatles"], "triviaqa", 0.0),
            ("ACDC", ["AC/DC"], "squad", 1.0),
            ("ACDC", ["AC/DC"], "triviaqa", 0.0),
            ("$1,234", ["1234"], "gsm8k", 1.0),
            ("18.0", ["18"], "gsm8k", 1.0),
            ("so 5 and 6 make 11", ["#### 11"], "gsm8k", 1.0),
            ("anything", [], "triviaqa", 0.0),
            ("The", ["The The"], "squad", 1.0),  # as the official scripts have it: nothing equals nothing
            ("!", ["!!!"], "triviaqa", 1.0),
            ("the", ["A"], "multilingual", 0.0),
            ("the the", ["The The"], "squad", 1.0),
            ("2", ["1/2"], "gsm8k", 0.0),
            ("0.5", ["1/2"], "gsm8k", 1.0),
            ("5.5", ["5.50"], "gsm8k", 1.0),
            ("1234.56", ["1.234,56"], "gsm8k", 1.0),
            ("1500000", ["1.5 million"], "gsm8k", 1.0),
            ("0.5", ["50%"], "gsm8k", 1.0),
            ("0.33", ["1/3"], "gsm8k", 1.0),
            ("0.3333", ["1/3"], "gsm8k", 1.0),
            ("1/3", ["0.333"], "gsm8k", 1.0),
            ("-0.67", ["-2/3"], "gsm8k", 1.0),
            ("0.3", ["1/3"], "gsm8k", 0.0),
            ("0.34", ["1/3"], "gsm8k", 0.0),
            ("0.66", ["2/3"], "gsm8k", 0.0),
            ("0", ["1/3"], "gsm8k", 0.0),
            ("1234.51", ["1234.5"], "gsm8k", 0.0),
            ("北京。", ["「北京」"], "multilingual", 1.0),
        ],
    )
    def test_value(self, text: str, answers: list[str], rule: ScoringRule, expected: float) -> None:
        assert value("exact_match", text, *answers, rule=rule) == expected

    def test_reason_shows_what_was_compared(self) -> None:
        assert exact_match("The U.S.", ("us",), "squad") == (
            1.0,
            "“us” is an accepted answer",
        )
        assert exact_match("The U.K.", ("us",), "squad") == (
            0.0,
            "“uk” is no accepted answer",
        )


class TestContains:
    @pytest.mark.parametrize(
        ("text", "answers", "expected"),
        [
            ("It was Paris, in France", ["Paris"], 1.0),
            ("Parisian life", ["Paris"], 0.0),
            ("the band AC/DC", ["AC/DC"], 1.0),
            ("New York", ["New York City"], 0.0),
            ("It was new york city", ["Boston", "New York City"], 1.0),
            ("in 1969", ["19"], 0.0),
            ("anything at all", ["The The"], 0.0),
            ("anything", [], 0.0),
        ],
    )
    def test_whole_words_only(self, text: str, answers: list[str], expected: float) -> None:
        assert value("contains", text, *answers) == expected

    @properties
    @given(WORDS, WORDS, WORDS)
    def test_finds_an_answer_anywhere(self, before: list[str], answer: list[str], after: list[str]) -> None:
        text = " ".join([*before, *answer, *after])
        assert value("contains", text, " ".join(answer)) == (1.0 if answer else 0.0)


class TestF1:
    def test_counts_words_as_often_as_they_occur(self) -> None:
        assert value("f1", "new york new york", "new york", rule="squad") == pytest.approx(2 / 3)

    @pytest.mark.parametrize(
        ("text", "answers", "expected"),
        [
            ("Paris", ["Paris"], 1.0),
            ("city of Paris", ["Paris"], 0.5),
            ("Paris", ["London"], 0.0),
            ("Paris", ["London", "city of Paris", "Rome"], 0.5),
            ("york new", ["New York"], 1.0),
            ("Paris", ["The"], 0.0),
            ("Paris", [], 0.0),
            ("The", ["The The"], 0.0),
            ("!", ["!"], 0.0),
        ],
    )
    def test_best_over_the_answers(self, text: str, answers: list[str], expected: float) -> None:
        assert value("f1", text, *answers) == pytest.approx(expected)

    def test_reason_names_the_closest_answer(self) -> None:
        reason = f1("city of Paris", ("London", "Paris"), "squad")[1]
        assert reason == "closest to “paris”"

    @pytest.mark.parametrize(
        ("text", "answer", "hotpotqa", "squad"),
        [
            ("yes", "no", 0.0, 0.0),
            ("yes", "Yes.", 1.0, 1.0),
            ("yes it is", "yes", 0.0, 0.5),
            ("no", "no man's land", 0.0, 0.5),
            ("noanswer", "noanswer here now", 0.0, 0.5),
            ("yes it is", "yes it was", 2 / 3, 2 / 3),
        ],
    )
    def test_closed_answers_of_hotpotqa(self, text: str, answer: str, hotpotqa: float, squad: float) -> None:
        assert value("f1", text, answer, rule="hotpotqa") == pytest.approx(hotpotqa)
        assert value("f1", text, answer, rule="squad") == pytest.approx(squad)

    @pytest.mark.parametrize("rule", WORD_RULES)
    @properties
    @given(WORDS, WORDS)
    def test_symmetric_bounded_and_1_for_the_same_multiset_only(
        self, rule: ScoringRule, first: list[str], second: list[str]
    ) -> None:
        forth = value("f1", " ".join(first), " ".join(second), rule=rule)
        back = value("f1", " ".join(second), " ".join(first), rule=rule)
        assert forth == pytest.approx(back)
        assert 0.0 <= forth <= 1.0
        assert (forth == 1.0) == (Counter(first) == Counter(second) and first != [])
        assert (forth == 0.0) == (not set(first) & set(second))


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "answers", "strict", "flexible"),
        [
            ("#### 5 apples then #### 7", ["5"], 1.0, 0.0),
            ("#### 5 apples then #### 7", ["7"], 0.0, 1.0),
            ("The answer is $1,234.", ["1234"], 0.0, 1.0),
            ("#### 1,234", ["Half of 2,468.\n#### 1,234"], 1.0, 1.0),
            ("18.0", ["18"], 0.0, 1.0),
            ("none", ["18"], 0.0, 0.0),
        ],
    )
    def test_value(self, text: str, answers: list[str], strict: float, flexible: float) -> None:
        assert value("number_strict", text, *answers, rule="gsm8k") == strict
        assert value("number_flexible", text, *answers, rule="gsm8k") == flexible

    def test_reasons(self) -> None:
        assert number_strict("7", ("7",), "gsm8k")[1] == "no number after ####"
        assert number_flexible("seven", ("7",), "gsm8k")[1] == "no number"
        assert number_flexible("8", ("7",), "gsm8k")[1] == "8 is wrong"
        assert number_flexible("7", ("7",), "gsm8k")[1] == "7 is right"

    @pytest.mark.parametrize(
        ("text", "gold", "official", "by_value"),
        [("#### 1,234", "1234", 1, 1), ("#### 18.0", "18", 0, 1), ("#### $5", "5", 0, 0), ("18", "18", 0, 0)],
    )
    def test_official_rule_compares_text(self, text: str, gold: str, official: int, by_value: int) -> None:
        assert value("number_official", text, gold, rule="gsm8k") == official
        assert value("number_strict", text, gold, rule="gsm8k") == by_value


class TestBetweenScorers:
    @pytest.mark.parametrize("rule", RULES)
    @properties
    @given(CLOSE, st.lists(CLOSE, max_size=3))
    def test_exact_match_implies_the_others(self, rule: ScoringRule, text: str, answers: list[str]) -> None:
        answers = [*answers, f"The {text}."]
        if value("exact_match", text, *answers, rule=rule) == 1.0:
            said_nothing = value("contains", text, text, rule=rule) == 0.0
            assert said_nothing or value("f1", text, *answers, rule=rule) == 1.0
            assert said_nothing or value("contains", text, *answers, rule=rule) == 1.0

    @pytest.mark.parametrize("rule", RULES)
    @pytest.mark.parametrize("text", ["The Beatles", "#### 7", "7", "yes", "don’t"])
    def test_an_answer_matches_itself(self, rule: ScoringRule, text: str) -> None:
        scores = {
            name: value(name, text, "other", text, rule=rule) for name in ("exact_match", "contains", "f1")
        }
        assert scores == {"exact_match": 1.0, "contains": 1.0, "f1": 1.0}

    @pytest.mark.parametrize("name", FUNCTIONS)
    @properties
    @given(st.text() | CLOSE, st.lists(st.text() | CLOSE, max_size=3).map(tuple), st.sampled_from(RULES))
    def test_any_text_has_a_score_of_its_kind_and_a_reason(
        self, name: str, text: str, answers: tuple[str, ...], rule: ScoringRule
    ) -> None:
        score, reason = FUNCTIONS[name](text, answers, rule)
        assert reason
        assert score in {0.0, 1.0} if KINDS[name] == "binary" else 0.0 <= score <= 1.0


class TestRegistry:
    def test_versions(self) -> None:
        """Results are compared by version, so a change here must be meant."""
        assert {score.name: (score.version, score.kind) for score in SCORERS.descriptions()} == {
            "exact_match": (3, "binary"),
            "contains": (3, "binary"),
            "f1": (3, "graded"),
            "number_strict": (2, "binary"),
            "number_flexible": (2, "binary"),
            "number_official": (1, "binary"),
            "reader_match": (1, "binary"),
            "reader_agrees": (1, "binary"),
            "answer_in_context": (1, "binary"),
            "hit_at_k": (1, "binary"),
            "all_at_k": (1, "binary"),
            "recall_at_k": (1, "graded"),
            "mrr": (1, "graded"),
            "ndcg_at_10": (1, "graded"),
            "ndcg_at_k": (1, "graded"),
            "answer_hit_at_k": (1, "binary"),
            "answer_mrr": (1, "graded"),
            "faithfulness": (1, "graded"),
            "faithful": (1, "binary"),
        }

    @pytest.mark.parametrize("rule", WORD_RULES)
    def test_questions_in_words(self, rule: ScoringRule) -> None:
        assert scorer_names(rule) == ["exact_match", "contains", "f1"]

    def test_questions_for_numbers(self) -> None:
        names = scorer_names("gsm8k")
        assert names == [
            "exact_match",
            "contains",
            "f1",
            "number_strict",
            "number_flexible",
            "number_official",
        ]


class TestScoreAnswer:
    async def test_answered(self) -> None:
        parsed = ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")
        scores = await score_answer(parsed, "Paris.\nIt is large.", ["Paris", "Paree"], "squad")
        assert [(score.name, score.value) for score in scores] == [
            ("exact_match", 1.0),
            ("contains", 1.0),
            ("f1", 1.0),
        ]

    @pytest.mark.parametrize("outcome", [ParseOutcome.EMPTY, ParseOutcome.ECHO, ParseOutcome.REFUSAL])
    async def test_no_answer_is_a_0_that_says_why(self, outcome: ParseOutcome) -> None:
        parsed = ParsedAnswer(None, outcome, "a_rule")
        scores = await score_answer(parsed, "I do not know", ["I do not know"], "squad")
        reason = f"no answer ({outcome.value})"
        assert scores == [Score(name, 0.0, reason) for name in ("exact_match", "contains", "f1")]

    async def test_number_scorers_read_the_whole_output(self) -> None:
        parsed = ParsedAnswer("First, 3 apples", ParseOutcome.ANSWERED, "first_line")
        output = "First, 3 apples.\nThen 4 more.\n#### 7"
        scores = await score_answer(parsed, output, ["7"], "gsm8k")
        values = {score.name: score.value for score in scores}
        assert values["number_strict"] == values["number_flexible"] == 1.0
        assert values["exact_match"] == 0.0

    async def test_number_scorers_need_no_parsed_answer(self) -> None:
        parsed = ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        scores = await score_answer(parsed, "I am not sure.\n#### 7", ["7"], "gsm8k")
        assert Score("number_strict", 1.0, "7 is right") in scores
