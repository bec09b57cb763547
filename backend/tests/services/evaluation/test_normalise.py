import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.evaluation.normalise import (
    Normaliser,
    gsm8k_flexible,
    gsm8k_strict,
    normalise_gsm8k,
    normalise_squad,
    normalise_triviaqa,
)
from tests.factories import properties

# Letters, articles and marks close together, where the rules meet.
TRICKY = st.lists(
    st.sampled_from(["a", "an", "the", "The", "b", " ", "_", ".", "-", "’", "´", "İ", "\n"])
).map("".join)
TEXT = st.text() | TRICKY
word_rules = pytest.mark.parametrize("normalise", [normalise_squad, normalise_triviaqa])


class TestOfficialVectors:
    @pytest.mark.parametrize(
        ("text", "squad", "triviaqa"),
        [
            ("AC/DC", "acdc", "ac dc"),
            ("Twenty-One", "twentyone", "twenty one"),
            ("U.S.A.", "usa", "u s"),
            ("Rock_and_Roll", "rockandroll", "rock and roll"),
            ("don’t", "don’t", "don t"),
            ("don't", "dont", "don t"),
            ("The The", "", ""),
            ("$1,000", "1000", "1 000"),
            ("The  Beatles\n", "beatles", "beatles"),
            ("Theatre of an Era", "theatre of era", "theatre of era"),
            ("‘Til´ `Tuesday’", "‘til´ tuesday’", "til tuesday"),
            ("", "", ""),
            ("?!", "", ""),
            ("ÉCOLE", "école", "école"),
            ("東京", "東京", "東京"),
        ],
    )
    def test_words(self, text: str, squad: str, triviaqa: str) -> None:
        assert normalise_squad(text) == squad
        assert normalise_triviaqa(text) == triviaqa

    @pytest.mark.parametrize(
        ("text", "strict", "flexible"),
        [
            ("The answer is $1,234.", None, "1234"),
            ("#### 5 apples then #### 7", "5", "7"),
            ("#### 72", "72", "72"),
            ("48/2 = 24\n48+24 = 72\n#### 72", "72", "72"),
            ("#### -3", "-3", "-3"),
            ("#### 1,234.", "1234", "1234"),
            ("#### 3.5", "3.5", "3.5"),
            ("####72", None, "72"),
            ("#### $5", None, "5"),
            ("It went from 10 to -7", None, "-7"),
            ("3 apples", None, "3"),
            ("It costs $5.", None, "5"),
            ("no number", None, None),
            ("", None, None),
        ],
    )
    def test_numbers(self, text: str, strict: str | None, flexible: str | None) -> None:
        assert gsm8k_strict(text) == strict
        assert gsm8k_flexible(text) == flexible


class TestWordRules:
    @word_rules
    @properties
    @given(TEXT)
    def test_idempotent(self, normalise: Normaliser, text: str) -> None:
        once = normalise(text)
        assert normalise(once) == once

    @word_rules
    @properties
    @given(TEXT)
    def test_single_spaces_between_words_that_are_no_articles(self, normalise: Normaliser, text: str) -> None:
        words = normalise(text).split(" ")
        assert words == [""] or ("" not in words and not {"a", "an", "the"} & set(words))

    @word_rules
    @properties
    @given(TEXT)
    def test_no_punctuation_and_no_capitals_are_left(self, normalise: Normaliser, text: str) -> None:
        result = normalise(text)
        assert not set(result) & set(string.punctuation)
        assert result == result.lower()

    @word_rules
    @properties
    @given(st.lists(st.sampled_from(["red", "of", "12", "été"])), st.sampled_from([" ", "  ", " the ", "\t"]))
    def test_articles_and_spaces_between_words_do_not_matter(
        self, normalise: Normaliser, words: list[str], between: str
    ) -> None:
        assert normalise(between.join(words)) == " ".join(words)


class TestGsm8k:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("She has 3 + 4 = 7.\n#### 7", "7"),
            ("#### 5 apples then #### 7", "5"),
            ("$1,234.00", "1234"),
            (" seven ", "seven"),
            ("", ""),
        ],
    )
    def test_strict_before_flexible_before_text(self, text: str, expected: str) -> None:
        assert normalise_gsm8k(text) == expected

    @properties
    @given(st.integers(-(10**9), 10**9), st.booleans())
    def test_idempotent_on_numbers(self, number: int, grouped: bool) -> None:
        once = normalise_gsm8k(f"{number:,}" if grouped else str(number))
        assert once == str(number)
        assert normalise_gsm8k(once) == once

    @properties
    @given(st.integers(), st.text("abc .\n"))
    def test_number_of_the_solution_is_found_behind_any_reasoning(self, number: int, reasoning: str) -> None:
        text = f"{reasoning}\n#### {number}"
        assert gsm8k_strict(text) == gsm8k_flexible(text) == str(number)
