"""Which observations were used, and which one holds the answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.trace import Step, ToolUse
from app.services.agent.observation_use import judge_uses, source_of
from tests.factories import properties


def tool_use(observation: str, query: str = "", **fields: Any) -> ToolUse:
    values: dict[str, Any] = {"success": True, "error": None, "duration_s": 0.1, **fields}
    return ToolUse("retrieval", {"query": query}, observation, **values)


def step(observation: str, query: str = "", thought: str = "", **fields: Any) -> Step:
    return Step(thought, tool_use(observation, query, **fields))


def needed(question: str, steps: list[Step], answer: str | None) -> list[bool | None]:
    return [one.use.needed if one.use else None for one in judge_uses(question, steps, answer)]


class TestNeeded:
    def test_a_new_word_that_the_answer_has(self) -> None:
        assert needed("How high is K2?", [step("K2 is 8611 m high.")], "8611") == [True]

    def test_a_new_word_that_a_later_action_has(self) -> None:
        steps = [step("The inventor was Adolphe Sax."), step("Nothing.", query="Adolphe Sax birthplace")]
        assert needed("Where was the inventor born?", steps, None) == [True, False]

    def test_a_new_word_that_a_later_thought_has(self) -> None:
        steps = [step("It was Adolphe Sax."), Step("So it was Sax.", answer="no")]
        assert needed("Who?", steps, "no") == [True, None]

    @pytest.mark.parametrize(
        ("question", "observation", "answer"),
        [
            ("Is K2 high?", "K2 is high.", "K2"),  # in the question
            ("Who?", "A mountain.", "Sax"),  # not in the answer
            ("Who?", "It was the one of them.", "the one and only of it"),  # "one" is the only word
            ("Who?", "", "Sax"),
            ("Who?", "Sax", None),
            ("Who?", "Sax", ""),
        ],
    )
    def test_else_not(self, question: str, observation: str, answer: str | None) -> None:
        wanted = "one" in observation
        assert needed(question, [step(observation)], answer) == [wanted]

    def test_a_word_that_the_model_wrote_before_is_its_own(self) -> None:
        assert needed("Who?", [step("Sax", query="Sax")], "Sax") == [False]
        assert needed("Who?", [step("Sax", thought="Was it Sax?")], "Sax") == [False]
        assert needed("Who?", [Step("Sax?"), step("Sax")], "Sax") == [None, False]

    def test_a_word_that_an_earlier_observation_had_is_its(self) -> None:
        assert needed("Who?", [step("Adolphe Sax"), step("Sax")], "Sax") == [True, False]

    def test_words_are_compared_by_their_stems_and_numbers_without_separators(self) -> None:
        assert needed("Who?", [step("Inventors")], "an inventor") == [True]
        assert needed("How many?", [step("1,234,567 in all")], "1234567") == [True]

    def test_of_a_failed_use_is_unknown(self) -> None:
        failed = step("no Sax", success=False, error="retry")
        assert needed("Who?", [failed, step("Sax")], "Sax") == [None, True]

    def test_a_repeated_use_was_not(self) -> None:
        assert needed("Who?", [step("Sax"), step("Sax", repeated=True)], "Sax") == [True, False]

    def test_nothing_else_changes(self) -> None:
        steps = [step("Sax"), Step("I know.", answer="Sax")]
        first, second = judge_uses("Who?", steps, "Sax")
        assert second == steps[1]
        assert first.use is not None
        assert (first.thought, first.use.observation) == ("", "Sax")

    WORDS = st.sampled_from(["Adolphe", "Sax", "Dinant", "Paris", "1,814", "the", "inventors", "inventor"])
    TEXTS = st.lists(WORDS, max_size=6).map(" ".join)

    @properties
    @given(TEXTS, st.lists(st.builds(step, TEXTS, TEXTS, TEXTS, success=st.booleans()), max_size=5), TEXTS)
    def test_is_known_of_what_succeeded_and_of_nothing_else(
        self, question: str, steps: list[Step], answer: str
    ) -> None:
        judged = judge_uses(question, steps, answer)
        assert judge_uses(question, judged, answer) == judged
        for one in judged:
            assert one.use is not None
            assert (one.use.needed is None) == (not one.use.success)


class TestSource:
    @pytest.mark.parametrize(
        ("observation", "answer"),
        [
            ("K2 is 8611 m high.", "8611 m"),
            ("K2 is 8,611 m high.", "8611"),
            ("It is in DINANT, on the Meuse.", "Dinant"),
            ("the Tour-Eiffel", "tour eiffel"),
        ],
    )
    def test_is_where_the_answer_stands(self, observation: str, answer: str) -> None:
        assert source_of([Step("Hm."), step("Nothing."), step(observation), step(observation)], answer) == 2

    @pytest.mark.parametrize(
        ("observation", "answer"),
        [
            ("Parisian life", "Paris"),
            ("86110 m", "8611"),
            ("Paris", ""),
            ("Paris", None),
            ("Paris", "?!"),
            ("", "Paris"),
        ],
    )
    def test_is_nowhere_else(self, observation: str, answer: str | None) -> None:
        assert source_of([step(observation)], answer) is None

    def test_is_no_failed_use_and_no_thought(self) -> None:
        assert source_of([step("Paris", success=False, error="retry"), Step("Paris")], "Paris") is None
