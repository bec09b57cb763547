import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prediction import ParseOutcome
from app.services.methods import (
    answer_candidates,
    answer_extraction,
    output_cleaning,
    text_patterns,
    text_reading,
)
from app.services.methods.answer_extraction import extract_answer
from tests.factories import properties

# What the rules look for, in any order.
PIECES = st.sampled_from(
    [
        *("Paris", "New York", "U.S.A.", "42", "東京", "é", "word " * 60),
        *(
            "Answer:",
            "The answer is",
            "It is ",
            "A:",
            "Question:",
            "Who?",
            "I don't know",
            ", but I think ",
            "Sure!",
        ),
        *("<think>", "</think>", "<|im_end|>", "**", "*", "```", '"', "“", "”", "# ", "- ", "1. ", "2) "),
        *(" ", "\n", "\t", "\0", ".", "?", ":", "…", "_", "(", "\u2028", "\ud800"),
    ]
)
OUTPUTS = st.text() | st.lists(PIECES, max_size=12).map("".join)
QUESTIONS = st.text(max_size=20) | st.sampled_from(["Who?", "Who is New York?", "Paris", ""])
NAMES = st.lists(
    st.sampled_from(["Paris", "York", "Émile", "van", "of", "1969", "東京"]), min_size=1, max_size=5
)
NO_ANSWER = {ParseOutcome.EMPTY, ParseOutcome.ECHO, ParseOutcome.REFUSAL, ParseOutcome.NO_ANSWER}


class TestAnyOutput:
    @properties
    @given(OUTPUTS, QUESTIONS)
    def test_has_a_text_with_words_or_none_by_its_outcome(self, output: str, question: str) -> None:
        parsed = extract_answer(output, question)
        assert (parsed.text is None) == (parsed.outcome in NO_ANSWER)
        assert parsed.rule
        if parsed.text is not None:
            assert any(character.isalnum() for character in parsed.text)
            assert parsed.text == parsed.text.strip()
            assert len(parsed.text.splitlines()) == 1

    @properties
    @given(OUTPUTS, QUESTIONS)
    def test_text_is_taken_from_the_output_and_never_made_up(self, output: str, question: str) -> None:
        rest = iter(output)
        text = extract_answer(output, question).text or ""
        assert all(character in rest for character in text.replace(" ", ""))

    @properties
    @given(st.text(" \t\r\n\f\v\u00a0\u2003.,;:!?-_*'\"`()[]"), QUESTIONS)
    def test_white_space_and_punctuation_are_no_answer(self, output: str, question: str) -> None:
        parsed = extract_answer(output, question)
        assert (parsed.text, parsed.outcome) == (None, ParseOutcome.EMPTY)


class TestPlainAnswer:
    @properties
    @given(NAMES)
    def test_is_taken_as_it_is(self, words: list[str]) -> None:
        answer = " ".join(words)
        assert extract_answer(answer, "Who?").text == answer

    @pytest.mark.parametrize(
        "form",
        [
            "{}.",
            "  {}\n",
            '"{}"',
            "**{}**",
            "Answer: {}",
            "The answer is {}.",
            "It is {}.",
            "Who?\n{}",
            "Question: Who?\nAnswer: {}",
            "<think>Hm.</think>\n{}",
            "{}\n\nQuestion: Where?\nAnswer: There.",
            "{}\nI don't know more.",
        ],
    )
    @properties
    @given(words=NAMES)
    def test_is_found_in_every_form(self, form: str, words: list[str]) -> None:
        answer = " ".join(words)
        assert extract_answer(form.replace("{}", answer), "Who?").text == answer

    @properties
    @given(NAMES, OUTPUTS.filter(lambda text: "</think>" not in text))
    def test_what_follows_on_other_lines_does_not_matter(self, words: list[str], more: str) -> None:
        answer = " ".join(words)
        assert extract_answer(f"{answer}\n\n{more}", "Who?").text == answer


def words_of_the_rules() -> list[str]:
    """Return each word that a rule of the reader knows, as an output might write it."""
    modules = (answer_extraction, answer_candidates, text_reading, text_patterns, output_cleaning)
    known = {word for module in modules for word in re.findall(r"[A-Za-z]+", inspect.getsource(module))}
    return sorted({form for word in known for form in (word, word.capitalize(), word.upper())})


class TestOneWord:
    """An output of one word takes a short way through the reader, to where the rules lead."""

    @pytest.mark.parametrize("question", ["Who wrote it?", "Paris?", "", "None of these is what?"])
    @pytest.mark.parametrize("numeric", [False, True])
    def test_is_read_as_by_the_rules(self, question: str, numeric: bool) -> None:
        numbers = ["7", "42", "1969", "123456789", "1234567890", "007", "0"]
        for word in [*words_of_the_rules(), "Paris", "A5", "Q", "I", *numbers]:
            for output in (word, f"{word}."):
                # A space before it changes nothing, and the short way does not take it.
                by_rules = extract_answer(f" {output}", question, numeric=numeric)
                assert extract_answer(output, question, numeric=numeric) == by_rules
