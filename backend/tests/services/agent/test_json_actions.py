"""JSON that models write: broken objects are repaired, truncated ones are not, and time is bounded."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.agent.action_parser import ActionNotFound, ActionParser
from app.services.agent.json_actions import decoded_arguments, first_json_object, json_objects
from tests.factories import properties
from tests.services.agent.fakes import FakeSums, FakeTool

PARSER = ActionParser((FakeTool(), FakeSums()))
BROKEN = [
    "{'action': 'retrieval', 'input': 'height of K2'}",
    "{'action': 'retrieval', 'input': 'height of K2', 'k': None, 'again': True}",
    "{action: 'retrieval', input: 'height of K2'}",
    '{"action": "retrieval", "input": "height of K2",}',
    '{"action": "retrieval" "input": "height of K2"}',
    '{"action": "retrieval", "input": height of K2}',
    '{"action": "retrieval", "input": "height of K2}',
    "{“action”: “retrieval”, “input”: “height of K2”}",
    '{"action": "retrieval", // a search\n "input": "height of K2"}',
    '{"thought": "K2\nis high", "action": "retrieval", "input": "height of K2"}',
    '{"thought": "the "savage" mountain", "action": "retrieval", "input": "height of K2"}',
]


class TestBroken:
    @pytest.mark.parametrize("text", BROKEN)
    def test_is_repaired(self, text: str) -> None:
        for written in (text, f"```json\n{text}\n```", f"I look.\n{text}", f"Action: {text}"):
            turn = PARSER.parse(written)
            assert (turn.tool, turn.arguments, turn.read_as) == (
                "retrieval",
                {"query": "height of K2"},
                "json",
            )

    def test_first_of_two_objects_counts(self) -> None:
        turn = PARSER.parse(BROKEN[0] + '\n{"action": "finish", "input": "9000 m"}')
        assert (turn.tool, turn.answer) == ("retrieval", None)

    def test_an_answer(self) -> None:
        assert PARSER.parse("{'thought': 'It's K2.', 'action': 'finish', 'input': 'K2'}").answer == "K2"

    @pytest.mark.parametrize(
        ("given", "arguments"),
        [
            ("{'query': 'K2', 'k': 2}", {"query": "K2", "k": 2}),
            ('{"query": "K2",}', {"query": "K2"}),
            ('{"query": "the "savage" one"}', {"query": 'the "savage" one'}),
            ("null", None),
            ("2 + 2", "2 + 2"),
            ("[1", "[1"),
        ],
    )
    def test_arguments_of_a_call(self, given: str, arguments: Any) -> None:
        assert decoded_arguments(given) == arguments


class TestNotRepaired:
    @pytest.mark.parametrize(
        "text",
        [
            '{"action": "retrieval", "input": "K2',
            '{"action": "retrieval", "input": "K2"',
            "{'action': 'retrieval', 'input': 'K2'",
            '{"action": "retrieval", "input": {"query": "K2"',
            "the set {1, 2}",
            "{K2}",
            "{}",
        ],
    )
    def test_is_what_is_cut_off_or_no_object(self, text: str) -> None:
        with pytest.raises(ActionNotFound):
            PARSER.parse(text)

    @pytest.mark.parametrize("text", ['{"query": "K2', "{'query': 'K2'", "{", "{1}", "{1, 2}", '{"a": 1} {'])
    def test_arguments_that_are_no_object(self, text: str) -> None:
        with pytest.raises(ValueError, match="no object"):
            decoded_arguments(text)

    def test_valid_json_is_taken_as_it_is(self) -> None:
        value = {"query": "it's // no 'comment', {is it}", "n": [1.5, None, {"a": "“b”"}]}
        assert first_json_object(f"x {json.dumps(value, ensure_ascii=False)}") == value


PIECES = [
    '{"[',
    "{",
    '{"a":',
    "{'a",
    '{"a" ',
    '"',
    "'",
    '\\"',
    "{,",
    "{//",
    "{/*",
    "{```",
    "[",
    "(",
    "“",
    "a: ",
]


class TestTime:
    """The time of json-repair is quadratic for some texts, over 30 s for 2 MB: its input is bounded."""

    @pytest.mark.parametrize("piece", PIECES)
    def test_of_hostile_text_is_bounded(self, piece: str) -> None:
        for size in (900, 2_000_000):
            text = (piece * (size // len(piece))).replace("}", "")
            for one in (text + "}" * text.count("{"), ("{" + text.replace("{", "") + "}") * 20):
                started = time.process_time()
                with contextlib.suppress(ActionNotFound):
                    PARSER.parse(one)
                with contextlib.suppress(ValueError):
                    decoded_arguments(one)
                assert time.process_time() - started < 2

    @properties
    @given(
        st.lists(st.sampled_from([*PIECES, "}", "]", ",", ":", "1", "K2", "\n"]), max_size=60).map("".join)
    )
    def test_any_text_has_objects_or_none(self, text: str) -> None:
        for start, value in json_objects(text):
            assert text[start] == "{"
            assert isinstance(value, dict)
