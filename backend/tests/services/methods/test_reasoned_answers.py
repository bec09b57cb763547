"""Tests of reading the answer from reasoning: what models write, and what is in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.services.evaluation.normalise import gsm8k_flexible, normalise_gsm8k
from app.services.methods.answer_extraction import extract_answer
from tests.factories import properties

REAL = json.loads((Path(__file__).parent / "real_outputs.json").read_text(encoding="utf-8"))
"""Outputs of the bundled model, as it gave them, with what a person reads in them."""

QUESTION = "A crate holds 6 bags of 8 apples. How many apples are there?"

NUMBERS = [
    # Marked as the answer
    ("6 * 8 = 48 apples.\nAnswer: 48", "48", "answer_label"),
    ("6 * 8 = 48.\n\nAnswer:\n48", "48", "answer_label"),
    ("6 * 8 = 48.\n**Answer:** 48 apples.", "48", "answer_label"),
    ("6 * 8 = 48.\n**Answer: 48**", "48", "answer_label"),
    ("Step 1: 6 bags.\nStep 2: 8 each.\n\n### Final Answer: 48", "48", "answer_label"),
    ("We multiply.\n\n## Final Answer\n\n48 apples", "48", "answer_label"),
    ("We multiply. Final answer: 48 apples in 6 bags.", "48", "answer_label"),
    ("FINAL ANSWER: 48", "48", "answer_label"),
    ("We multiply.\n- Answer: 6 * 8 = 48 apples", "48", "answer_label"),
    ("We multiply.\nAnswer: The 6 bags hold 48 apples.", "48", "answer_label"),
    ("We multiply.\nAnswer: 48. This is because 6 times 8 is 48, not 46 or 50.", "48", "answer_label"),
    ("Answer: 40\nNo, that is wrong: 6 * 8 = 48.\nAnswer: 48", "48", "answer_label"),
    ("Answer: $48", "48", "answer_label"),
    ("Answer: $48.00", "48", "answer_label"),
    ("Answer: 1,248 dollars", "1248", "answer_label"),
    ("Answer: 12,480,000", "12480000", "answer_label"),
    ("Answer: 12.50", "12.50", "answer_label"),
    ("Answer: -7", "-7", "answer_label"),
    ("Answer: −7 degrees", "-7", "answer_label"),
    ("Answer: 25%", "25", "answer_label"),
    ("Answer: about 48", "48", "answer_label"),
    ("Answer: x = 48", "48", "answer_label"),
    ("Answer: forty-eight", "48", "answer_label"),
    ("6 times 8 makes 48 apples.\n#### 48", "48", "hashes"),
    ("6 times 8 makes 48 apples.\n####48", "48", "hashes"),
    ("#### Step 1: count\n6 bags\n#### Step 2: multiply\n6 * 8 = 48\n#### 48", "48", "hashes"),
    ("It is 1,200 dollars.\n#### $1,200", "1200", "hashes"),
    ("Thus we have $6 \\times 8 = \\boxed{48}$.", "48", "boxed"),
    ("First \\boxed{40}, or rather \\boxed{48}.", "48", "boxed"),
    ("\\[\n\\boxed{48 \\text{ apples}}\n\\]", "48", "boxed"),
    ("The total is $\\boxed{\\$1{,}248}$", "1248", "boxed"),
    ("\\boxed{\\text{Total} = \\mathbf{48}}", "48", "boxed"),
    ("Answer: $\\boxed{48}$", "48", "boxed"),
    ("The final answer is: $\\boxed{48}$. I hope it is correct.", "48", "boxed"),
    ("There are 6 bags of 8, so the answer is 48.", "48", "answer_is"),
    ("The answer is 40. Wait, 6 * 8 is 48. The answer is 48 apples.", "48", "answer_is"),
    ("The correct answer is **48**.", "48", "answer_is"),
    ("The answer to this question is 48, as 6 * 8 = 48.", "48", "answer_is"),
    ("Answer: The answer is 48.", "48", "answer_is"),
    ("The answer would be 6 * 8 = 48 apples.", "48", "answer_is"),
    # Concluded
    ("There are 6 bags. Therefore, there are 48 apples.", "48", "therefore"),
    ("There are 6 bags.\nThus the crate holds 6 * 8 = 48 apples. Well done!", "48", "therefore"),
    ("8 and 8 is 16. So 16 + 32 = 48 apples.", "48", "so"),
    ("So the first bag has 8. So the crate has 48. So we are done.", "48", "so"),
    ("So far there are 8. Hence 6 bags hold 48.", "48", "therefore"),
    ("So 24 / 3 = 8. Then there were 6 * 8 = 48 apples.", "48", "last_sentence"),
    ("So he had 30 + 30 = 60 apples\nThat means he had 60 - 12 = 48 apples", "48", "last_sentence"),
    ("So there are 48 apples. I hope that helps with your 2 questions.", "48", "so"),
    ("Each of the 3 friends pays $16, so the 3 friends pay $48 in total.", "48", "last_sentence"),
    # Neither
    ("48", "48", "first_line"),
    ("48 apples", "48", "first_line"),
    ("The crate is full: 6 bags hold 6 * 8 = 48 apples in all 6.", "48", "last_sentence"),
    ("There are 6 bags. The crate holds 6 * 8 = 48 apples.", "48", "last_sentence"),
    ("1. Count the bags: 6\n2. Multiply by 8: 48\n\nGreat!", "48", "last_sentence"),
    # What surrounds it
    (f"{QUESTION}\n6 * 8 = 48\nAnswer: 48", "48", "answer_label"),
    (f"Question: {QUESTION}\nAnswer: 48", "48", "answer_label"),
    ("Answer: 48\n\nQuestion: What is 2 + 2?\nAnswer: 4", "48", "answer_label"),
    ("Answer: 48\nQ: What is 2 + 2?\nSo it is 4.", "48", "answer_label"),
    ("6 * 8 = 48\nUser: And 2 more?\nAnswer: 50", "48", "last_sentence"),
    ("<think>\nIs the answer is 40? Answer: 40\n</think>\n6 * 8 = 48\nAnswer: 48", "48", "answer_label"),
    ("<think>Answer: 40</think>48", "48", "first_line"),
    ("I am not sure, but let me count. 6 * 8 = 48.", "48", "last_sentence"),
    ("Answer: 48\nAnswer:", "48", "answer_label"),
]

TEXTS = [
    ("The Seine flows through Paris.\nAnswer: The Seine", "The Seine", "answer_label"),
    ("It rises in Burgundy. The answer is the Seine.", "the Seine", "answer_is"),
    ("The answer is *The Seine*.", "The Seine", "answer_is"),
    ("Shelley was born in 1797 and Stoker in 1847.\nAnswer: No. They differ.", "No", "answer_label"),
    ("It was Orwell.\nAnswer: “Animal Farm”", "Animal Farm", "answer_label"),
    ("Answer: St. Louis", "St. Louis", "answer_label"),
    ("He won in 1912.\n#### Jim Thorpe", "Jim Thorpe", "hashes"),
    ("We conclude \\boxed{\\text{Jim Thorpe}}.", "Jim Thorpe", "boxed"),
    ("He lived in Dinant. Therefore, Belgium.", "Belgium", "therefore"),
    ("Dinant is in Belgium. So it is Brussels.", "Brussels", "so"),
    ("Sax came from Dinant. That is in Belgium.", "That is in Belgium", "last_sentence"),
    ("Brussels", "Brussels", "first_line"),
]

WITHOUT = [
    ("", False, ParseOutcome.EMPTY, "no_words"),
    (" \n…\n", False, ParseOutcome.EMPTY, "no_words"),
    ("", True, ParseOutcome.CUT_OFF, "no_words"),
    ("<think>\n6 * 8 is", False, ParseOutcome.EMPTY, "unfinished_thinking"),
    ("<think>\n6 * 8 is", True, ParseOutcome.CUT_OFF, "unfinished_thinking"),
    ("There are 6 bags of 8 apples. So we multiply 6 by", True, ParseOutcome.CUT_OFF, "no_marked_answer"),
    ("There are 6 bags of 8 apples.\nAnswer:", True, ParseOutcome.CUT_OFF, "no_marked_answer"),
    ("It is \\boxed{4", True, ParseOutcome.CUT_OFF, "no_marked_answer"),
    (QUESTION, False, ParseOutcome.ECHO, "question_repeated"),
    (f"Question: {QUESTION}", False, ParseOutcome.ECHO, "question_repeated"),
    ("Let us count the apples in each of the bags.", False, ParseOutcome.NO_ANSWER, "no_conclusion"),
    ("I don't know how many apples there are.", False, ParseOutcome.REFUSAL, "refusal_phrase"),
    ("The bags differ.\nAnswer: It cannot be determined.", False, ParseOutcome.REFUSAL, "refusal_phrase"),
]


def test_there_are_enough() -> None:
    assert len(REAL) >= 10
    assert len(NUMBERS) + len(TEXTS) + len(WITHOUT) + len(REAL) >= 60


@pytest.mark.parametrize(("output", "number", "rule"), NUMBERS)
def test_number(output: str, number: str, rule: str) -> None:
    found = extract_answer(output, QUESTION, numeric=True)
    assert found == ParsedAnswer(number, ParseOutcome.ANSWERED, rule)
    if number.lstrip("-").isdigit():
        assert normalise_gsm8k(number) == gsm8k_flexible(number) == number


@pytest.mark.parametrize(("output", "text", "rule"), TEXTS)
def test_text(output: str, text: str, rule: str) -> None:
    assert extract_answer(output, "Which?") == ParsedAnswer(text, ParseOutcome.ANSWERED, rule)


@pytest.mark.parametrize(("output", "cut_off", "outcome", "rule"), WITHOUT)
def test_no_answer(output: str, cut_off: bool, outcome: ParseOutcome, rule: str) -> None:
    found = extract_answer(output, QUESTION, numeric=True, cut_off=cut_off)
    assert found == ParsedAnswer(None, outcome, rule)


@pytest.mark.parametrize("row", REAL, ids=lambda row: row["id"])
def test_real_output(row: dict[str, Any]) -> None:
    found = extract_answer(
        row["output"], row["question"], numeric=row["numeric"], cut_off=row["finish_reason"] == "length"
    )
    assert (found.text, found.outcome, found.rule) == (row["answer"], row["outcome"], row["rule"])


class TestCutOff:
    def test_a_marked_answer_counts(self) -> None:
        found = extract_answer("Answer: 48\nLet me check: 6 *", numeric=True, cut_off=True)
        assert (found.text, found.outcome) == ("48", ParseOutcome.ANSWERED)

    def test_within_an_invented_question_the_first_one_is_complete(self) -> None:
        output = "There are 48 apples.\n\nQuestion: And how many pears are"
        found = extract_answer(output, QUESTION, numeric=True, cut_off=True)
        assert (found.text, found.outcome) == ("48", ParseOutcome.ANSWERED)

    @pytest.mark.parametrize(
        ("question", "sentence", "rest", "answer"),
        [
            (
                "Which German used a diagonal argument to show that the reals cannot be counted?",
                "The German who showed that the reals cannot be counted by an argument is Georg Cantor",
                ". He introduced the concept of diagonalization in the 1",
                "Georg Cantor",
            ),
            (
                "Tequila is distilled from the fermented juice of which plant?",
                "Tequila is distilled from the fermented juice of the agave plant",
                ".\n\nThe agave is native to",
                "Tequila is distilled from the fermented juice of the agave plant",
            ),
            (
                "Who solved the problem of the seven bridges?",
                "The problem of the seven bridges was solved by Leonhard Euler, who lived in Basel",
                ".",
                "Leonhard Euler",
            ),
        ],
    )
    def test_a_complete_first_sentence_that_repeats_the_question_answers_it(
        self, question: str, sentence: str, rest: str, answer: str
    ) -> None:
        found = extract_answer(sentence + rest, question, cut_off=True)
        assert found == ParsedAnswer(answer, ParseOutcome.ANSWERED, "first_sentence")

    @pytest.mark.parametrize(
        "output",
        [
            "The mathematician who used a diagonal argument to show that the reals cannot be",
            "To find the mathematician who used a diagonal argument, recall the nineteenth century. Cantor",
            "The question asks for the mathematician who used a diagonal argument. There were",
            "Let us find who used a diagonal argument to show that the reals cannot be counted. First",
            "We need the mathematician who used a diagonal argument. It was shown by",
            "Infinite sets were not accepted at that time. Then came the man who",
        ],
    )
    def test_reasoning_is_no_answer(self, output: str) -> None:
        question = "Which mathematician used a diagonal argument to show that the reals cannot be counted?"
        found = extract_answer(output, question, cut_off=True)
        assert found == ParsedAnswer(None, ParseOutcome.CUT_OFF, "no_marked_answer")


class TestCorrection:
    @pytest.mark.parametrize(
        "output",
        [
            "The only mammals capable of flight are bats. They are the only ones that can actually fly.",
            "Bats. You may have to wait\nall night.",
        ],
    )
    def test_within_a_clause_is_none(self, output: str) -> None:
        assert extract_answer(output, "Which mammals fly?").rule != "correction"


class TestSeenInRealOutputs:
    @pytest.mark.parametrize(
        ("question", "output", "answer"),
        [
            ("What is the symbol of sodium?", "Step 4: Write the answer\nAnswer: Na", "Na"),
            ("What is the symbol of sodium?", "Na", "Na"),
            ("What is the symbol of sodium?", "N/A", None),
            ("Who is it?", "NA", None),
            (
                "What is the cost of a second class stamp (from March 29th)?",
                "The cost of a second class stamp (from March 29th) is $1.",
                "$1",
            ),
            ("What were the names?", "Step 1: Identify The Railway Children\nThe Railway Children is", None),
        ],
    )
    def test_is_read_as_a_person_does(self, question: str, output: str, answer: str | None) -> None:
        found = extract_answer(output, question, cut_off=answer is None)
        assert found.text == answer


class TestLong:
    def test_sentence(self) -> None:
        found = extract_answer("Answer: " + "word " * 51)
        assert found.outcome is ParseOutcome.TOO_LONG
        assert extract_answer("Answer: " + "word " * 50).outcome is ParseOutcome.ANSWERED

    @pytest.mark.parametrize(
        "piece", ["\\boxed{", "Answer:", "So 1 ", "#### ", "1,", "{" * 9, "the answer is ", "\n"]
    )
    def test_output_takes_no_long_time(self, piece: str) -> None:
        extract_answer(piece * 5_000, QUESTION, numeric=True)


class TestProperties:
    @properties
    @given(st.text(max_size=200), st.booleans(), st.booleans())
    def test_anything_has_an_outcome(self, output: str, numeric: bool, cut_off: bool) -> None:
        found = extract_answer(output, QUESTION, numeric=numeric, cut_off=cut_off)
        assert found.rule
        answered = found.outcome in {ParseOutcome.ANSWERED, ParseOutcome.TOO_LONG}
        assert (found.text is not None) == answered

    @properties
    @given(
        st.integers(-(10**9), 10**9),
        st.sampled_from(["Answer: {}", "#### {}", "\\boxed{{{}}}", "The answer is {}."]),
    )
    def test_a_marked_number_is_read_whatever_stands_before(self, number: int, form: str) -> None:
        for shown in (str(number), f"{number:,}", f"{number}.00"):
            output = "First 3 * 4 = 12. So 12 it is. Answer: 12.\n" + form.format(shown)
            assert extract_answer(output, QUESTION, numeric=True).text == str(number)
