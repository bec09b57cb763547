"""Outputs that begin with their answer, and what a fair judge would take from each."""

import pytest

from app.domain.prediction import ParsedAnswer, ParseOutcome
from app.services.methods.answer_extraction import extract_answer

QUESTION = "What is the capital of France?"

Table = dict[str, tuple[str, str, str]]
"""By scenario: output, answer, rule."""

PLAIN: Table = {
    "one_word": ("Paris", "Paris", "first_line"),
    "full_stop": ("Paris.", "Paris", "first_line"),
    "ellipsis": ("Paris...", "Paris", "first_line"),
    "white_space": ("\n\n   Paris \n", "Paris", "first_line"),
    "white_space_within": ("New\t York", "New York", "first_line"),
    "exclamation_mark_may_be_a_name": ("Oklahoma!", "Oklahoma!", "first_line"),
    "lower_case_stays": ("paris", "paris", "first_line"),
    "sentence": ("The capital of France is Paris.", "Paris", "first_line"),
    "apposition": ("Paris, France", "Paris, France", "first_line"),
    "brackets": ("Paris (the city)", "Paris (the city)", "first_line"),
    "yes": ("Yes.", "Yes", "first_line"),
    "further_lines": ("Paris\nIt lies on the Seine.", "Paris", "first_line"),
    "explanation": ("Paris\n\nExplanation: it has been since 987.", "Paris", "first_line"),
    "windows_line_ends": ("Paris\r\nLyon\r\n", "Paris", "first_line"),
    "line_of_marks_first": ("---\nParis", "Paris", "first_line"),
    "doubt_behind_the_answer": ("Paris. I don't know more.", "Paris", "first_line"),
    "end_token": ("Paris<|im_end|>\n<|im_start|>user", "Paris", "first_line"),
    "end_of_sequence": ("Paris</s>", "Paris", "first_line"),
}

ABBREVIATIONS_AND_NUMBERS: Table = {
    "abbreviation": ("U.S.A.", "U.S.A.", "first_line"),
    "abbreviation_behind_words": ("Washington, D.C.", "Washington, D.C.", "first_line"),
    "abbreviation_with_stop_in_quotes": ('"U.S.".', "U.S.", "first_line"),
    "initials": ("J. K. Rowling.", "J. K. Rowling", "first_line"),
    "time_of_day": ("5 p.m.", "5 p.m.", "first_line"),
    "year": ("1969.", "1969", "first_line"),
    "thousands": ("1,234,567.", "1,234,567", "first_line"),
    "money": ("$1,000", "$1,000", "first_line"),
    "percent": ("50%", "50%", "first_line"),
    "decimal": ("0.5.", "0.5", "first_line"),
    "negative": ("-5", "-5", "first_line"),
    "zero": ("0", "0", "first_line"),
    "power": ("2**10", "2**10", "first_line"),
}

NON_LATIN: Table = {
    "chinese": ("巴黎", "巴黎", "first_line"),
    "japanese_stop": ("パリ。", "パリ", "first_line"),
    "japanese_quotes": ("「東京」", "東京", "first_line"),
    "arabic": ("القاهرة", "القاهرة", "first_line"),
    "russian_quotes": ("«Париж».", "Париж", "first_line"),
    "hindi_stop": ("नई दिल्ली।", "नई दिल्ली", "first_line"),
    "chinese_sentence": ("答案是北京。", "北京", "answer_label"),
    "arabic_comma": ("القاهرة،", "القاهرة", "first_line"),
    "greek": ("Αθήνα.", "Αθήνα", "first_line"),
    "accents": ("São Paulo", "São Paulo", "first_line"),
    "digits": ("٤٢", "٤٢", "first_line"),
}

QUOTES_AND_MARKDOWN: Table = {
    "quotes": ('"Paris"', "Paris", "first_line"),
    "quotes_then_stop": ('"Paris".', "Paris", "first_line"),
    "curly_quotes_around_stop": ("“Paris.”", "Paris", "first_line"),
    "apostrophe_within": ("“Don’t Stop”", "Don’t Stop", "first_line"),
    "quoted_at_the_end": ('The song "Yesterday".', 'The song "Yesterday"', "first_line"),
    "two_quoted": ('"Yesterday" and "Help!"', '"Yesterday" and "Help!"', "first_line"),
    "bold": ("**Paris**", "Paris", "first_line"),
    "bold_within": ("The capital is **Paris**.", "Paris", "first_line"),
    "bold_left_open": ("**Paris", "Paris", "first_line"),
    "italic": ("*Hamlet*", "Hamlet", "first_line"),
    "italic_underscores": ("_Hamlet_", "Hamlet", "first_line"),
    "code": ("`Paris`", "Paris", "first_line"),
    "code_block": ("```\nParis\n```", "Paris", "first_line"),
    "code_block_with_language": ("```text\nParis\n```", "Paris", "first_line"),
    "heading": ("# Paris\n\nA city.", "Paris", "first_line"),
    "stars_of_a_name": ("M*A*S*H", "M*A*S*H", "first_line"),
    "bullets": ("- Paris\n- Lyon", "Paris", "first_line"),
    "round_bullets": ("• Paris\n• Lyon", "Paris", "first_line"),
    "numbered_list": ("1. Paris\n2. Lyon\n3. Nice", "Paris", "first_line"),
    "numbered_list_with_brackets": ("1) Paris\n2) Lyon", "Paris", "first_line"),
    "number_that_is_no_list": ("1. FC Köln", "1. FC Köln", "first_line"),
}

LABELS: Table = {
    "label": ("Answer: Paris", "Paris", "answer_label"),
    "label_lower_case": ("answer: Paris.", "Paris", "answer_label"),
    "label_short": ("A: Paris", "Paris", "answer_label"),
    "label_final": ("Final Answer: Paris", "Paris", "answer_label"),
    "label_the_correct": ("The correct answer: Paris", "Paris", "answer_label"),
    "label_is_colon": ("The answer is: Paris.", "Paris", "answer_is"),
    "label_bold": ("**Answer:** Paris", "Paris", "answer_label"),
    "label_bold_before_colon": ("**Answer**: **Paris**", "Paris", "answer_label"),
    "label_alone": ("Answer:\n\nParis", "Paris", "answer_label"),
    "label_as_heading": ("## Answer\n\n**Paris**", "Paris", "answer_label"),
    "announcement": ("Sure! Here is the answer:\n\nParis", "Paris", "answer_label"),
    "announcement_of_a_list": ("Some capitals:\n1. Paris\n2. Rome", "Paris", "first_line"),
    "courtesy": ("Certainly!\nParis", "Paris", "first_line"),
    "announcement_and_label": ("Here you are:\nAnswer: Paris", "Paris", "answer_label"),
    "courtesy_alone_is_the_answer": ("Sure.", "Sure", "first_line"),
    "label_of_something_else": ("Title: Hamlet", "Title: Hamlet", "first_line"),
}

LEAD_INS: Table = {
    "the_answer_is": ("The answer is Paris.", "Paris", "answer_is"),
    "the_correct_answer_is": ("The correct answer is **Paris**.", "Paris", "answer_is"),
    "the_answer_to_your_question": ("The answer to your question is Paris.", "Paris", "answer_is"),
    "courtesy_first": ("Sure! The answer is Paris.", "Paris", "answer_is"),
    "so_the_answer_is": ("It begins with a P, so the answer is: Paris.", "Paris", "answer_is"),
    "it_is": ("It is Paris.", "Paris", "after_lead_in"),
    "i_think_it_is": ("I think it is Paris.", "Paris", "after_lead_in"),
    "i_believe_that_it_s": ("I believe that it's Paris", "Paris", "after_lead_in"),
    "title_with_its": ("It's a Wonderful Life", "It's a Wonderful Life", "first_line"),
    "title_with_it_is": ("It Is Well with My Soul", "It Is Well with My Soul", "first_line"),
    "saying_with_i_think": ("I think therefore I am", "I think therefore I am", "first_line"),
}

QUESTIONS: Table = {
    "echo_then_answer": ("What is the capital of France?\nParis", "Paris", "after_echo"),
    "echo_in_the_same_line": ("What is the capital of France? Paris.", "Paris", "after_echo"),
    "echo_of_the_prompt": (f"Question: {QUESTION}\nAnswer: Paris", "Paris", "answer_label"),
    "echo_of_the_prompt_in_one_line": (f"Question: {QUESTION} Answer: Paris", "Paris", "answer_label"),
    "echo_in_bold": (f"**{QUESTION}**\n\nParis", "Paris", "after_echo"),
    "echo_without_mark": ("what is the capital of france\nParis", "Paris", "after_echo"),
    "echo_in_other_words": ("Question: Name France's capital.\nAnswer: Paris", "Paris", "answer_label"),
    "question_turned_into_a_sentence": (
        "What is the capital of France is Paris",
        "Paris",
        "first_line",
    ),
    "invents_questions": (
        "Paris\n\nQuestion: What is the capital of Spain?\nAnswer: Madrid",
        "Paris",
        "first_line",
    ),
    "invents_questions_in_one_line": ("Paris Question: And of Spain? Answer: Madrid", "Paris", "first_line"),
    "invents_short_questions": ("A: Paris\nQ: And of Spain?\nA: Madrid", "Paris", "answer_label"),
}

THINKING: Table = {
    "thinking": ("<think>\nMadrid? No.\n</think>\n\nParis", "Paris", "first_line"),
    "thinking_opened_by_the_prompt": ("Madrid? No.\n</think>\nAnswer: Paris", "Paris", "answer_label"),
    "thinking_nothing": ("<think>\n\n</think>\n\nParis.", "Paris", "first_line"),
}

GUESSES: Table = {
    "not_sure_but_i_think": ("I'm not sure, but I think it is Paris.", "Paris", "guess_after_refusal"),
    "best_guess": ("I don't know, but my best guess is Paris.", "Paris", "answer_is"),
    "sorry_but_it_is": ("I'm sorry, but it's Paris.", "Paris", "guess_after_refusal"),
    "would_say": ("I am not entirely certain, but I would say Paris", "Paris", "guess_after_refusal"),
}

TITLES_THAT_SOUND_LIKE_REFUSALS: Table = {
    "cant_get": ("(I Can't Get No) Satisfaction", "(I Can't Get No) Satisfaction", "first_line"),
    "dont_know": ("I Don't Know How to Love Him.", "I Don't Know How to Love Him", "first_line"),
    "quoted": ('She sang "I can\'t wait"', 'She sang "I can\'t wait"', "first_line"),
    "sorry": ("Sorry", "Sorry", "first_line"),
}

TABLES = (
    PLAIN,
    ABBREVIATIONS_AND_NUMBERS,
    NON_LATIN,
    QUOTES_AND_MARKDOWN,
    LABELS,
    LEAD_INS,
    QUESTIONS,
    THINKING,
    GUESSES,
    TITLES_THAT_SOUND_LIKE_REFUSALS,
)
ALL = {scenario: row for table in TABLES for scenario, row in table.items()}

REFUSALS = [
    "I don't know.",
    "I don’t know the answer to that.",
    "I do not know",
    "i dont know",
    '"I don\'t know."',
    "Answer: I don't know.",
    "I do not have enough information to answer this question.",
    "Unfortunately, I don't have access to current data.",
    "I don't understand the question.",
    "I have no idea.",
    "I'm sorry, but I can't help with that.",
    "I’m sorry, I cannot answer that question.",
    "I am sorry, but the capital is not mentioned.",
    "Sorry, no idea.",
    "Sorry, but that is beyond me.",
    "I apologize, but this is not in my data.",
    "I'm not sure.",
    "I am not entirely sure about this one.",
    "I'm unable to answer.",
    "I am not able to provide that.",
    "I'm afraid that is beyond what I know.",
    "I can't assist with that request.",
    "I can not say.",
    "I couldn't find anything on this.",
    "I won't answer that.",
    "I must decline.",
    "As an AI language model, I do not have opinions.",
    "As an AI, I cannot know that.",
    "As a language model, my knowledge ends in 2021.",
    "Based on the question, I cannot determine the answer.",
    "Unable to determine.",
    "It is impossible to say.",
    "It is not possible to answer this without more context.",
    "It cannot be determined.",
    "The question cannot be answered.",
    "Cannot be determined.",
    "There is not enough information to answer.",
    "Not enough information.",
    "Insufficient information provided.",
    "No information is available.",
]

NOTHING = [
    "",
    " ",
    "\n\n\t\r\n",
    "...",
    "?!",
    "-",
    "---\n***\n",
    "___",
    '""',
    "``` \n```",
    "<|im_end|>",
    "🙂",
    "\0",
]


class TestAnswers:
    @pytest.mark.parametrize(("output", "text", "rule"), ALL.values(), ids=ALL)
    def test_found(self, output: str, text: str, rule: str) -> None:
        assert extract_answer(output, QUESTION) == ParsedAnswer(text, ParseOutcome.ANSWERED, rule)

    def test_scenarios_are_not_lost_by_a_name_used_twice(self) -> None:
        assert len(ALL) == sum(len(table) for table in TABLES)


class TestRefusals:
    @pytest.mark.parametrize("output", REFUSALS)
    def test_recognised(self, output: str) -> None:
        expected = ParsedAnswer(None, ParseOutcome.REFUSAL, "refusal_phrase")
        assert extract_answer(output, QUESTION) == expected
        assert extract_answer(f"{output}\n\nQuestion: And of Spain?\nAnswer: Madrid", QUESTION) == expected

    def test_phrase_far_behind_the_answer_is_none(self) -> None:
        output = f"Paris, {'as far as the old books on this matter go, ' * 4}though I cannot prove it"
        assert extract_answer(output, QUESTION) == ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")

    def test_after_repeating_the_question(self) -> None:
        parsed = extract_answer(f"{QUESTION}\nI don't know.", QUESTION)
        assert parsed.outcome is ParseOutcome.REFUSAL


class TestNothing:
    @pytest.mark.parametrize("output", NOTHING)
    def test_no_words(self, output: str) -> None:
        assert extract_answer(output, QUESTION) == ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")

    @pytest.mark.parametrize(
        "output",
        ["Answer:", "The answer is ?", "It is ...", "Answer:\nQuestion: And of Spain?\nAnswer: Madrid"],
    )
    def test_label_without_answer(self, output: str) -> None:
        assert extract_answer(output, QUESTION) == ParsedAnswer(None, ParseOutcome.EMPTY, "no_words")

    @pytest.mark.parametrize("before", ["", "\n", "<think>Hm.</think>\n"])
    def test_thinking_that_never_ended(self, before: str) -> None:
        parsed = extract_answer(f"{before}<think>\nParis or Lyon? The answer is", QUESTION)
        assert parsed == ParsedAnswer(None, ParseOutcome.EMPTY, "unfinished_thinking")


class TestEcho:
    @pytest.mark.parametrize(
        "output",
        [
            QUESTION,
            "what is the capital of france",
            f"**{QUESTION}**",
            f"Question: {QUESTION}",
            f"Question: {QUESTION}\nAnswer:",
            f"{QUESTION}\n\nQuestion: What is the capital of Spain?\nAnswer: Madrid",
            "Question: What is the capital of Spain?",
        ],
    )
    def test_no_answer(self, output: str) -> None:
        expected = ParsedAnswer(None, ParseOutcome.ECHO, "question_repeated")
        assert extract_answer(output, QUESTION) == expected

    def test_question_of_several_lines(self) -> None:
        question = "Ann has 3 apples.\nShe eats 1.\nHow many are left?"
        assert extract_answer(question, question).outcome is ParseOutcome.ECHO
        parsed = extract_answer(f"{question}\n2", question)
        assert parsed == ParsedAnswer("2", ParseOutcome.ANSWERED, "after_echo")

    @pytest.mark.parametrize("question", ["", "?", "Paris or Lyon?"])
    def test_answer_that_shares_words_with_the_question(self, question: str) -> None:
        parsed = extract_answer("Paris", question)
        assert parsed == ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")


class TestTooLong:
    more = "It is a large and old city on the river Seine with many bridges. " * 5

    @pytest.mark.parametrize(
        ("first", "text"),
        [
            ("The capital is Paris.", "The capital is Paris"),
            ("The capital is Paris!", "The capital is Paris!"),
            ("Dr. Watson lives in Paris.", "Dr. Watson lives in Paris"),
            ("J. R. R. Tolkien lived in the U.S. then.", "J. R. R. Tolkien lived in the U.S. then"),
            ("... Paris.", "Paris"),
            ("? ! Paris.", "Paris"),
        ],
    )
    def test_first_sentence_of_an_essay(self, first: str, text: str) -> None:
        parsed = extract_answer(f"{first} {self.more}", QUESTION)
        assert parsed == ParsedAnswer(text, ParseOutcome.TOO_LONG, "first_sentence")

    def test_50_words_are_an_answer_and_51_are_not(self) -> None:
        assert extract_answer("word " * 50, QUESTION).outcome is ParseOutcome.ANSWERED
        assert extract_answer("word " * 51, QUESTION).outcome is ParseOutcome.TOO_LONG

    def test_essay_behind_a_short_line(self) -> None:
        parsed = extract_answer(f"Paris\n{self.more}", QUESTION)
        assert parsed == ParsedAnswer("Paris", ParseOutcome.ANSWERED, "first_line")
