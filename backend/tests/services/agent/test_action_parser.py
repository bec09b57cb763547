"""Parsing of actions: the notations that models use, and bounds for any text."""

import contextlib
import json
import re
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.services.agent.action_parser import ActionNotFound, ActionParser, Turn
from app.services.agent.formats import JsonFormat, TextFormat
from tests.factories import properties
from tests.services.agent.fakes import FakeSums, FakeTool, use

TOOLS = (FakeTool(), FakeSums())
PARSER = ActionParser(TOOLS)
K2 = {"query": "height of K2"}
BRACKET, CALL, INPUT, JSON, ANSWER = "bracket", "call", "input_line", "json", "answer_line"


def searches(text: str, thought: str = "", **arguments: Any) -> None:
    """Assert that a text is a search for the height of K2."""
    turn = PARSER.parse(text)
    assert (turn.tool, dict(turn.arguments), turn.answer) == ("retrieval", {**K2, **arguments}, None)
    assert turn.thought == thought


class TestBrackets:
    @pytest.mark.parametrize(
        "action",
        [
            "retrieval[height of K2]",
            'retrieval["height of K2"]',
            "retrieval['height of K2']",
            "retrieval[“height of K2”]",
            'retrieval["height of K2]',
            "retrieval[height of K2",
            "retrieval [height of K2]",
            "`retrieval[height of K2]`",
            "**retrieval**[height of K2]",
            "Retrieval[height of K2]",
            "Search[height of K2]",
            "Look up[height of K2]",
            "lookup[height of K2]",
            "retrieval[query: height of K2]",
            'retrieval[query="height of K2"]',
            'retrieval[{"query": "height of K2"}]',
            "retrieval[height of K2] and then finish",
            "retrieval[height of K2]</s>",
            "\nretrieval[height of K2]",
        ],
    )
    def test_are_read(self, action: str) -> None:
        searches(f"Thought: I need it.\nAction: {action}", "I need it.")
        assert PARSER.parse(f"Action: {action}").read_as == BRACKET

    @pytest.mark.parametrize(
        "action",
        [
            'retrieval("height of K2")',
            "search(height of K2)",
            'retrieval(query="height of K2")',
            "retrieval(query: height of K2)",
            'retrieval({"query": "height of K2"})',
        ],
    )
    def test_as_a_call(self, action: str) -> None:
        searches(f"Action: {action}")
        assert PARSER.parse(f"Action: {action}").read_as == CALL

    @pytest.mark.parametrize("action", ["retrieval[height of K2, k=5]", 'search("height of K2", k = 5)'])
    def test_second_argument_by_its_name(self, action: str) -> None:
        searches(f"Action: {action}", k="5")

    def test_a_comma_is_no_second_argument(self) -> None:
        assert PARSER.parse("Action: retrieval[Paris, Texas]").arguments == {"query": "Paris, Texas"}

    @pytest.mark.parametrize("sum_", ["(1 + 2) * 3", "max(1, 2)", "2 ** 3"])
    def test_parentheses_of_a_sum(self, sum_: str) -> None:
        for action in (f"calculator[{sum_}]", f"calculate[{sum_}]", f"calculator({sum_})"):
            assert PARSER.parse(f"Action: {action}").arguments == {"expression": sum_}

    def test_text_ends_with_its_line(self) -> None:
        assert PARSER.parse("Action: retrieval[height\nof K2]").arguments == {"query": "height"}

    @pytest.mark.parametrize("text", ["retrieval[height of K2]", "I look.\nretrieval[height of K2]"])
    def test_without_a_label(self, text: str) -> None:
        searches(text, text.partition("\n")[0] if "\n" in text else "")


class TestInputLines:
    @pytest.mark.parametrize(
        "text",
        [
            "Action: retrieval\nAction Input: height of K2",
            'Action: retrieval\nAction Input: "height of K2"',
            "Action: Search\nInput: height of K2\n",
            "**Action:** retrieval\n**Action Input:** height of K2",
            "Action 1: retrieval\nAction Input 1: height of K2",
            "Action: retrieval\nAction Input:\nheight of K2",
            "Action: retrieval: height of K2",
            "Action: retrieval height of K2",
            'Action: retrieval {"query": "height of K2"}',
        ],
    )
    def test_are_read(self, text: str) -> None:
        searches(text)
        assert PARSER.parse(text).read_as == INPUT

    def test_a_name_alone_asks_for_nothing(self) -> None:
        assert PARSER.parse("Thought: I look.\nAction: retrieval").arguments == {"query": ""}


class TestJson:
    @pytest.mark.parametrize(
        "value",
        [
            {"action": "retrieval", "input": "height of K2"},
            {"action": "retrieval", "query": "height of K2"},
            {"action": "Search", "action_input": {"query": "height of K2"}},
            {"tool": "retrieval", "args": {"text": "height of K2"}},
            {"name": "retrieval", "arguments": {"query": "height of K2"}},
            {"name": "retrieval", "arguments": '{"query": "height of K2"}'},
            {"function": "retrieval", "parameters": {"query": "height of K2"}},
            {"action": "retrieval[height of K2]"},
        ],
    )
    def test_shapes(self, value: dict[str, Any]) -> None:
        text = json.dumps(value)
        searches(text)
        searches(f"```json\n{text}\n```")
        searches(f"<tool_call>\n{text}\n</tool_call>")
        searches(f"Thought: I look.\n{text}", "I look.")
        searches(json.dumps({"thought": "I need it.", **value}), "I need it.")

    @pytest.mark.parametrize(
        ("value", "answer"),
        [
            ({"action": "finish", "input": "8611 m"}, "8611 m"),
            ({"action": "Final Answer", "action_input": "8611 m"}, "8611 m"),
            ({"action": "finish", "answer": "8611 m"}, "8611 m"),
            ({"name": "finish", "arguments": {"answer": "8611 m"}}, "8611 m"),
            ({"thought": "I know.", "answer": "8611 m"}, "8611 m"),
            ({"final_answer": 8611}, "8611"),
            ({"action": "finish", "input": 0}, "0"),
            ({"action": "finish", "input": ["K2", "K3"]}, "K2, K3"),
        ],
    )
    def test_answers(self, value: dict[str, Any], answer: str) -> None:
        turn = PARSER.parse(json.dumps(value))
        assert (turn.tool, turn.answer, turn.read_as) == (None, answer, JSON)

    def test_of_two_objects_the_first_counts(self) -> None:
        first = {"action": "retrieval", "input": "height of K2"}
        searches(json.dumps(first) + "\n" + json.dumps({"action": "finish", "input": "8611"}))

    def test_braces_that_are_no_object_are_passed_over(self) -> None:
        searches("Thought: the set {1, 2}\nAction: retrieval[height of K2]", "the set {1, 2}")
        searches('{oops {"action": "retrieval", "input": "height of K2"}', "{oops")

    def test_arguments_keep_their_types(self) -> None:
        text = '{"name": "retrieval", "arguments": {"query": "K2", "k": 2}}'
        assert PARSER.parse(text).arguments == {"query": "K2", "k": 2}


class TestAnswers:
    @pytest.mark.parametrize(
        ("text", "read_as"),
        [
            ("Action: finish[8611 m]", BRACKET),
            ('Action: Finish["8611 m"]', BRACKET),
            ("Action: Finish(8611 m)", CALL),
            ("Action: finish: 8611 m", INPUT),
            ("Action: Finish\n8611 m", INPUT),
            ("Action: Finish\nAction Input: 8611 m", INPUT),
            ("finish[8611 m]", BRACKET),
            ("Final Answer: 8611 m", ANSWER),
            ("**Final Answer:** 8611 m", ANSWER),
            ("Final Answer:\n8611 m", ANSWER),
            ("Answer: 8611 m", ANSWER),
            ("Finish: 8611 m", ANSWER),
            ("The final answer is 8611 m", ANSWER),
            ("Answer: finish[8611 m]", BRACKET),
        ],
    )
    def test_are_read(self, text: str, read_as: str) -> None:
        turn = PARSER.parse(f"Thought: I know.\n{text}")
        assert (turn.thought, turn.tool, turn.answer, turn.read_as) == ("I know.", None, "8611 m", read_as)

    def test_an_action_before_it_counts_first(self) -> None:
        searches("Action: retrieval[height of K2]\nFinal Answer: 9000 m")

    def test_a_search_behind_the_label_is_a_search(self) -> None:
        searches("Answer: retrieval[height of K2]")

    def test_talk_of_an_answer_is_none(self) -> None:
        searches(
            "Thought: the answer is near.\nThe answer is not known.\nAction: retrieval[height of K2]",
            "the answer is near.\nThe answer is not known.",
        )


class TestTurns:
    def test_of_two_actions_the_first_counts(self) -> None:
        searches("Thought: I look.\nAction: retrieval[height of K2]\nAction: finish[9000]", "I look.")

    @pytest.mark.parametrize("label", ["Observation:", "Observation 1:", "**Observation:**"])
    def test_nothing_behind_an_invented_observation_counts(self, label: str) -> None:
        searches(
            f"Thought: I look.\nAction: retrieval[height of K2]\n{label} 9000 m\nAction: finish[9000]",
            "I look.",
        )
        with pytest.raises(ActionNotFound) as caught:
            PARSER.parse(f"Thought: I look.\n{label} 9000 m\nAction: finish[9000]")
        assert caught.value.thought == "I look."

    @pytest.mark.parametrize(
        "text",
        [
            "Thought 1: I look.\nAction 1: retrieval[height of K2]",
            "**Thought:** I look.\n**Action:** retrieval[height of K2]",
            "**Thought**: I look.\n**Action**: retrieval[height of K2]",
            "### Thought: I look.\n### Action: retrieval[height of K2]",
            "> Thought: I look.\n> Action: retrieval[height of K2]",
            "thought: I look.\naction: retrieval[height of K2]",
            "Thought: I look. Action: retrieval[height of K2]",
            "I look.\nAction: retrieval[height of K2]",
            "Question: How high?\nThought: I look.\nAction: retrieval[height of K2]",
        ],
    )
    def test_labels_and_decoration(self, text: str) -> None:
        searches(text, "I look.")

    def test_what_a_reasoning_model_thought_before_does_not_count(self) -> None:
        searches("<think>\nAction: finish[9000]\n</think>\nAction: retrieval[height of K2]")

    @pytest.mark.parametrize(
        ("text", "arguments"),
        [
            ("Action: weather[Rome]", {"input": "Rome"}),
            ('Action: weather("Rome")', {"input": "Rome"}),
            ("Action: weather\nAction Input: Rome", {"input": "Rome"}),
            ('{"action": "weather", "city": "Rome", "day": 1}', {"city": "Rome", "day": 1}),
        ],
    )
    def test_a_tool_that_is_not_there_keeps_its_name(self, text: str, arguments: dict[str, Any]) -> None:
        turn = PARSER.parse(text)
        assert (turn.tool, turn.arguments) == ("weather", arguments)

    def test_a_name_of_another_search_stands_for_the_one_there_is(self) -> None:
        wikipedia = ActionParser((FakeTool("wikipedia_search"),))
        assert wikipedia.parse("Action: Search[K2]").tool == "wikipedia_search"
        both = ActionParser((FakeTool("wikipedia_search"), FakeTool()))
        assert both.parse("Action: retrieval[K2]").tool == "retrieval"


class TestUnreadable:
    @pytest.mark.parametrize(
        ("text", "thought"),
        [
            ("", ""),
            (" \n\n", ""),
            ("K2 is high.", "K2 is high."),
            ("Thought: K2 is high.", "K2 is high."),
            ("Action:", ""),
            ("Answer:", "Answer:"),
            ("Thought: I look.\nAction: I will look it up", "I look.\nI will look it up"),
            ('{"action": "finish", "input": ""}', '{"action": "finish", "input": ""}'),
            ('{"action": "retrieval", "input": "K2', '{"action": "retrieval", "input": "K2'),
            ("[1, 2]", "[1, 2]"),
        ],
    )
    def test_keeps_what_was_written(self, text: str, thought: str) -> None:
        with pytest.raises(ActionNotFound) as caught:
            PARSER.parse(text)
        assert caught.value.thought == thought


PIECES = [
    "Thought: ", "Action: ", "Action Input: ", "Observation: ", "Final Answer: ", "retrieval", "calculator",
    "finish", "search", "[", "]", "(", ")", "{", "}", '"', "'", "“", "`", "**", "```json", "\n", " ", ",",
    ":", "=", "query", "k", '{"action": "', '"input": ', "</think>", "<tool_call>", "K2", "\\u0000", "é",
]  # fmt: skip


class TestAnyText:
    @properties
    @given(st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
    def test_is_a_turn_or_unreadable(self, text: str) -> None:
        try:
            turn = PARSER.parse(text)
        except ActionNotFound:
            return
        assert (turn.tool is None) != (turn.answer is None)
        assert turn.answer is None or turn.answer
        assert turn.read_as in {BRACKET, CALL, INPUT, JSON, ANSWER}
        assert all(isinstance(name, str) for name in turn.arguments)

    @properties
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["action", "input", "answer", "name", "k", "thought"]), inner
                )
            ),
            max_leaves=12,
        )
    )
    def test_of_json_of_any_shape(self, value: Any) -> None:
        try:
            turn = PARSER.parse(json.dumps(value))
        except ActionNotFound:
            return
        assert (turn.tool is None) != (turn.answer is None)

    @pytest.mark.parametrize(
        "piece",
        ["{", "[", "Action:", "Action:\n", '{"a":', "Action: retrieval[", "retrieval(", "*", " ", "answer "],
    )
    def test_repeated_without_end_takes_no_long(self, piece: str) -> None:
        started = time.process_time()
        with contextlib.suppress(ActionNotFound):
            PARSER.parse(piece * 20_000)
        assert time.process_time() - started < 2


ACTION_LABEL = re.compile(r"act.on[^:]*:", re.IGNORECASE)


def spoken(text: str) -> str:
    return " ".join(text.split())


# What the reader takes for markup, wherever it stands in a turn.
PLAIN = st.text(st.characters(exclude_characters="{*`<\0", exclude_categories=["Cs"]), max_size=60).map(
    spoken
)
THOUGHTS = PLAIN.filter(lambda text: not ACTION_LABEL.search(text))
# Brackets end an argument, = and : name one, and quotation marks around it are removed, single ones, too.
INPUTS = PLAIN.filter(lambda text: not re.search(r"[\[\]=:]|^[\"'“”‘’]|[\"“”]$", text))


# What a database cannot hold is replaced; else any text goes.
STORABLE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60).map(spoken)


class TestWrittenTurns:
    """What a form writes is read back as the same turn."""

    @properties
    @given(THOUGHTS, INPUTS, st.none() | st.integers(1, 10))
    def test_a_use_as_text(self, thought: str, query: str, k: int | None) -> None:
        assume("action" not in query.lower())
        turn = use(query, thought, **({} if k is None else {"k": str(k)}))
        assert PARSER.parse(TextFormat(TOOLS, "{question}").write(turn)) == turn

    @properties
    @given(THOUGHTS, INPUTS.filter(bool))
    def test_an_answer_as_text(self, thought: str, answer: str) -> None:
        turn = Turn(thought, answer=answer, read_as=BRACKET)
        assert PARSER.parse(TextFormat(TOOLS, "{question}").write(turn)) == turn

    # In JSON only the end of reasoning, and an object as an input, mean something else.
    @properties
    @given(STORABLE, STORABLE)
    def test_a_use_as_json(self, thought: str, query: str) -> None:
        assume("</think>" not in thought + query and not query.startswith("{"))
        turn = Turn(thought, "retrieval", {"query": query}, read_as=JSON)
        assert PARSER.parse(JsonFormat(TOOLS, "{question}").write(turn)) == turn

    @properties
    @given(STORABLE, INPUTS.filter(bool))
    def test_an_answer_as_json(self, thought: str, answer: str) -> None:
        assume("</think>" not in thought)
        turn = Turn(thought, answer=answer, read_as=JSON)
        assert PARSER.parse(JsonFormat(TOOLS, "{question}").write(turn)) == turn
