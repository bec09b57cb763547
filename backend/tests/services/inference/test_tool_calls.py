"""Tools and constrained decoding on the wire of an OpenAI-compatible endpoint, and its uses of tools."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.generation import Constraint, GenerationRequest, Message, ToolCall, ToolSpec
from app.domain.status import FailureKind
from app.services.inference.answers import read_tool_calls
from app.services.inference.engines.request_body import constraint_fields
from tests.factories import properties
from tests.fixtures.fake_llm import FakeLLM
from tests.fixtures.fake_llm_behaviour import Reply
from tests.services.inference.conftest import OpenEngine
from tests.services.inference.steps import failure_of, request

SPEC = ToolSpec("retrieval", "Searches.", '{"properties":{"query":{"type":"string"}},"type":"object"}')
GRAMMAR = Constraint("grammar", 'root ::= "a"')
SCHEMA = Constraint("json_schema", '{"type":"object","properties":{"a":{"type":"string"}}}')
CALL = ToolCall("call_7", "retrieval", '{"query": "K2"}')
USED = request(
    messages=(
        Message("user", "How high?"),
        Message("assistant", "I look.", tool_calls=(CALL,)),
        Message("tool", "8611 m", tool_call_id="call_7"),
    ),
    tools=(SPEC,),
)
PLAIN_FIELDS = {"model", "messages", "temperature", "max_tokens", "seed"}


def said(calls: Any, content: Any = None, **message: Any) -> Reply:
    whole = {"role": "assistant", "content": content, "tool_calls": calls, **message}
    return Reply(body=json.dumps({"choices": [{"message": whole, "finish_reason": "tool_calls"}]}).encode())


def call(name: Any = "retrieval", arguments: Any = '{"query": "K2"}', **fields: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": "call_1", "type": "function", "function": function, **fields}


async def body_of(fake: FakeLLM, open_engine: OpenEngine, asked: GenerationRequest, **engine: Any) -> Any:
    await open_engine(**engine).generate(asked)
    return fake.stats.last_body


class TestBody:
    async def test_tools(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        body = await body_of(fake, open_engine, request(tools=(SPEC, SPEC)))
        schema = {"type": "object", "properties": {"query": {"type": "string"}}}
        function = {"name": "retrieval", "description": "Searches.", "parameters": schema}
        assert body["tools"] == [{"type": "function", "function": function}] * 2
        assert set(body) == {*PLAIN_FIELDS, "tools"}

    async def test_turns_with_tools(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        _, asked, told = (await body_of(fake, open_engine, USED))["messages"]
        assert asked == {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {
                    "id": "call_7",
                    "type": "function",
                    "function": {"name": "retrieval", "arguments": '{"query": "K2"}'},
                }
            ],
        }
        assert told == {"role": "tool", "content": "8611 m", "tool_call_id": "call_7"}

    async def test_grammar_is_llama_cpp_s_own_field(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        body = await body_of(fake, open_engine, request(constraint=GRAMMAR))
        assert body["grammar"] == 'root ::= "a"'
        assert set(body) == {*PLAIN_FIELDS, "grammar"}

    async def test_schema_is_a_response_format(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        body = await body_of(fake, open_engine, request(constraint=SCHEMA))
        format_ = body["response_format"]
        assert (format_["type"], format_["json_schema"]["strict"]) == ("json_schema", True)
        assert format_["json_schema"]["schema"] == json.loads(SCHEMA.text)
        assert format_["json_schema"]["name"]
        assert set(body) == {*PLAIN_FIELDS, "response_format"}

    async def test_without_either_nothing_more_is_sent(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        assert set(await body_of(fake, open_engine, request())) == PLAIN_FIELDS
        assert constraint_fields(None) == {}

    async def test_spelling_of_the_provider(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        asked = request(constraint=GRAMMAR, tools=(SPEC,))
        body = await body_of(fake, open_engine, asked, fields={"grammar": "gbnf", "tools": None})
        assert set(body) == {*PLAIN_FIELDS, "gbnf"}


class TestAnswer:
    async def test_calls_are_read(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call(), call("calculator", '{"expression": "2"}', id="b")], "I look."))
        result = await open_engine().generate(request(tools=(SPEC,)))
        assert result.tool_calls == (
            ToolCall("call_1", "retrieval", '{"query": "K2"}'),
            ToolCall("b", "calculator", '{"expression": "2"}'),
        )
        assert (result.text, result.finish_reason) == ("I look.", "tool_calls")

    @pytest.mark.parametrize("content", [None, ""])
    async def test_without_text(self, fake: FakeLLM, open_engine: OpenEngine, content: str | None) -> None:
        fake.script.append(said([call()], content))
        result = await open_engine().generate(request(tools=(SPEC,)))
        assert (result.text, len(result.tool_calls)) == ("", 1)

    async def test_with_the_text_left_out(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=orjson.dumps({"choices": [{"message": {"tool_calls": [call()]}}]})))
        assert (await open_engine().generate(request(tools=(SPEC,)))).text == ""

    @pytest.mark.parametrize("calls", [None, []])
    async def test_of_no_calls(self, fake: FakeLLM, open_engine: OpenEngine, calls: Any) -> None:
        fake.script.append(said(calls, "8611 m"))
        result = await open_engine().generate(request(tools=(SPEC,)))
        assert (result.text, result.tool_calls) == ("8611 m", ())

    @pytest.mark.parametrize(
        ("arguments", "read"),
        [
            ({"query": "K2", "k": 2}, {"query": "K2", "k": 2}),
            ({}, {}),
            (None, {}),
            (["K2"], ["K2"]),
        ],
    )
    async def test_arguments_as_json_itself(
        self, fake: FakeLLM, open_engine: OpenEngine, arguments: Any, read: Any
    ) -> None:
        fake.script.append(said([call(arguments=arguments)]))
        (used,) = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert json.loads(used.arguments) == read

    async def test_arguments_left_out(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([{"function": {"name": "retrieval"}}]))
        (used,) = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert (used.arguments, used.id) == ("{}", "call_0")

    async def test_ids_that_are_missing_are_made(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call(id=None), call(id=""), call(id=7)]))
        used = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert [each.id for each in used] == ["call_0", "call_1", "7"]

    async def test_all_of_it_can_be_stored(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call("a\0b", "c\0d", id="e\0f"), call("\ud800", "\ud800", id="\ud800")]))
        used = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert used == (ToolCall("e\ufffdf", "a\ufffdb", "c\ufffdd"), ToolCall("?", "?", "?"))

    async def test_long_arguments_are_whole(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call(arguments="x" * 100_000)]))
        (used,) = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert len(used.arguments) == 100_000

    async def test_of_very_many_only_the_first_are_kept(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call(id=str(number)) for number in range(1_000)]))
        used = (await open_engine().generate(request(tools=(SPEC,)))).tool_calls
        assert 1 <= len(used) < 100
        assert used[0].id == "0"


HOSTILE = [
    {"function": {"name": "retrieval"}},
    "retrieval",
    True,
    7,
    [None],
    ["retrieval"],
    [7],
    [[]],
    [{}],
    [{"function": None}],
    [{"function": "retrieval"}],
    [{"function": []}],
    [{"function": {}}],
    [{"function": {"arguments": "{}"}}],
]


class TestHostileShapes:
    @pytest.mark.parametrize("calls", HOSTILE, ids=str)
    async def test_are_malformed(self, fake: FakeLLM, open_engine: OpenEngine, calls: Any) -> None:
        fake.script.append(said(calls, "text"))
        error = await failure_of(open_engine(), request(tools=(SPEC,)))
        assert error.kind is FailureKind.MALFORMED

    @pytest.mark.parametrize("content", [7, ["a"], {"a": 1}])
    async def test_of_text_beside_calls(self, fake: FakeLLM, open_engine: OpenEngine, content: Any) -> None:
        fake.script.append(said([call()], content))
        assert (await failure_of(open_engine())).kind is FailureKind.MALFORMED

    async def test_a_lone_surrogate_in_an_object(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(said([call(arguments={"query": "\ud800"})]))
        assert (await failure_of(open_engine())).kind is FailureKind.MALFORMED

    async def test_of_a_completion(self, fake: FakeLLM, open_engine: OpenEngine) -> None:
        fake.script.append(Reply(body=b'{"choices":[{"text":"a","tool_calls":7}]}'))
        assert (await failure_of(open_engine(api="completion"))).kind is FailureKind.MALFORMED

    JSON = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "function", "name", "arguments"]), inner)
        ),
        max_leaves=10,
    )

    @properties
    @given(JSON)
    def test_of_any_json_nothing_else_is_raised(self, calls: Any) -> None:
        try:
            found = read_tool_calls(orjson.loads(json.dumps(calls)))
        except (LookupError, TypeError, AttributeError):
            return
        for each in found:
            assert isinstance(each.name, str)
            assert isinstance(each.arguments, str)
