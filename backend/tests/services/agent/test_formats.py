"""The formats of an agent's steps: prompts, constraints, parsing, and what is hashed."""

import json
import re
from typing import Any

import pytest

from app.domain.generation import GenerationResult, Message, ToolCall
from app.services.agent.action_parser import FINISH, ActionNotFound, ActionParser, Turn
from app.services.agent.formats import (
    ExecutedStep,
    JsonFormat,
    NativeFormat,
    StepFormat,
    TextFormat,
    WorkedTrace,
    answer_schema,
    grammar,
)
from tests.services.agent.fakes import FakeSums, FakeTool, executed, use

TOOLS = (FakeTool(), FakeSums())
TEMPLATE = "Question: {question}"
WORKED = (
    WorkedTrace("How high is K2?", (executed(),), Turn("Now I know.", answer="8611 m")),
    WorkedTrace("What is 2 + 2?", (), Turn("That is easy.", answer="4")),
)
FORMATS: list[type[StepFormat]] = [TextFormat, JsonFormat, NativeFormat]


def roles(messages: tuple[Message, ...]) -> list[str]:
    return [message.role for message in messages]


def result(text: str, *calls: tuple[str, str]) -> GenerationResult:
    return GenerationResult(
        text, tool_calls=tuple(ToolCall(f"id{name}", name, given) for name, given in calls)
    )


@pytest.fixture(params=FORMATS)
def step_format(request: pytest.FixtureRequest) -> StepFormat:
    """Each format with two tools and two worked examples."""
    made: StepFormat = request.param(TOOLS, TEMPLATE, None, WORKED)
    return made


@pytest.fixture(params=[TextFormat, JsonFormat])
def written(request: pytest.FixtureRequest) -> StepFormat:
    """Each format that writes its actions into the text."""
    made: StepFormat = request.param(TOOLS, TEMPLATE, None, WORKED)
    return made


class TestFirstPrompt:
    def test_question_comes_last_in_its_template(self, step_format: StepFormat) -> None:
        prompt = step_format.first_prompt("Why {tools} {0}?")
        assert prompt[0].role == "system"
        assert prompt[-1] == Message("user", "Question: Why {tools} {0}?")

    def test_turns_alternate_behind_the_instructions(self, written: StepFormat) -> None:
        prompt = (*written.first_prompt("Why?"), *written.history([executed("a"), executed("b")]))
        expected = ["user", "assistant"] * 3 + ["user"] + ["assistant", "user"] * 2
        assert roles(prompt) == ["system", *expected]

    def test_worked_examples_are_whole_conversations(self, written: StepFormat) -> None:
        messages = written.first_prompt("Why?")
        assert messages[1] == Message("user", "Question: How high is K2?")
        assert written.parser.parse(messages[2].content).arguments == {"query": "height of K2"}
        assert messages[3].content.endswith("K2 is 8611 m high.")
        assert written.parser.parse(messages[4].content).answer == "8611 m"
        assert messages[5].content == "Question: What is 2 + 2?"
        assert written.parser.parse(messages[6].content).answer == "4"

    def test_without_examples(self) -> None:
        for kind in FORMATS:
            assert roles(kind(TOOLS, TEMPLATE).first_prompt("Why?")) == ["system", "user"]

    def test_text_and_json_tell_every_tool(self, written: StepFormat) -> None:
        for tool in TOOLS:
            assert f"- {tool.name}" in written.instructions
            assert tool.description in written.instructions
        assert "{tools}" not in written.instructions
        assert FINISH in written.instructions

    @pytest.mark.parametrize("kind", FORMATS)
    def test_instructions_of_one_s_own(self, kind: type[StepFormat]) -> None:
        own = kind(TOOLS, TEMPLATE, "Use {these}: {tools}")
        assert own.instructions.startswith("Use {these}: - retrieval")
        assert kind(TOOLS, TEMPLATE, "").instructions == ""


class TestExchange:
    def test_observation_is_the_next_turn(self, written: StepFormat) -> None:
        said, shown = written.exchange(executed("x", "line 1\nline 2"), "call_0")
        assert (said.role, shown) == ("assistant", Message("user", "Observation: line 1\nline 2"))

    def test_thoughts_and_arguments_are_written_on_one_line(self) -> None:
        turn = use("height\n of K2", "I\n\nlook.")
        assert TextFormat(TOOLS, TEMPLATE).write(turn) == "Thought: I look.\nAction: retrieval[height of K2]"
        assert json.loads(JsonFormat(TOOLS, TEMPLATE).write(turn)) == {
            "thought": "I look.",
            "action": "retrieval",
            "input": "height of K2",
        }

    def test_second_argument_is_named(self) -> None:
        assert TextFormat(TOOLS, TEMPLATE).write(use("K2", k=2)).endswith("retrieval[K2, k=2]")

    def test_tools_that_are_not_there_are_told_as_they_were_asked_for(self, step_format: StepFormat) -> None:
        weather = Turn("", "weather", {"input": "Rome"})
        said, _ = step_format.exchange(ExecutedStep(weather, "There is none."), "call_0")
        assert "weather" in said.content + str(said.tool_calls)


class TestNative:
    FORMAT = NativeFormat(TOOLS, TEMPLATE, None, WORKED)

    def test_results_carry_the_id_of_the_call_before(self) -> None:
        prompt = (*self.FORMAT.first_prompt("Why?"), *self.FORMAT.history([executed("a"), executed("b")]))
        results = [place for place, message in enumerate(prompt) if message.role == "tool"]
        assert len(results) == 3
        for place in results:
            (call,) = prompt[place - 1].tool_calls
            assert prompt[place - 1].role == "assistant"
            assert prompt[place].tool_call_id == call.id
        own = [message.tool_call_id for message in prompt[-4:] if message.role == "tool"]
        assert len(set(own)) == 2

    def test_calls_are_as_apis_have_them(self) -> None:
        said, shown = self.FORMAT.exchange(ExecutedStep(use("Zürich", "Hm.", k=2), "A town."), "call_0")
        call = said.as_dict()["tool_calls"][0]
        assert (call["type"], call["function"]["name"]) == ("function", "retrieval")
        assert json.loads(call["function"]["arguments"]) == {"query": "Zürich", "k": 2}
        assert (said.content, shown.content, shown.role) == ("Hm.", "A town.", "tool")
        assert shown.as_dict()["tool_call_id"] == call["id"]

    def test_offers_all_tools_and_constrains_nothing(self) -> None:
        assert [spec.name for spec in self.FORMAT.specs] == ["retrieval", "calculator"]
        assert self.FORMAT.constraint is None

    @pytest.mark.parametrize(
        ("given", "arguments"),
        [
            ('{"query": "K2", "k": 2}', {"query": "K2", "k": 2}),
            ('{"text": "K2"}', {"query": "K2"}),
            ("K2", {"query": "K2"}),
            ('"K2"', {"query": "K2"}),
            ("", {"query": ""}),
            ("{}", {}),
        ],
    )
    def test_arguments_of_a_call(self, given: str, arguments: dict[str, Any]) -> None:
        turn = self.FORMAT.parse(result("I look. ", ("retrieval", given), ("calculator", "{}")))
        assert (turn.tool, turn.arguments, turn.read_as) == ("retrieval", arguments, "tool_call")
        assert turn.thought == "I look."

    @pytest.mark.parametrize(
        ("text", "answer", "read_as"),
        [
            ("K2 is 8611 m high.", "K2 is 8611 m high.", "text"),
            ("I know.\nAnswer: 8611 m", "8611 m", "answer_line"),
            ("<think>Which?</think>8611 m", "8611 m", "text"),
        ],
    )
    def test_what_comes_without_a_call_is_the_answer(self, text: str, answer: str, read_as: str) -> None:
        turn = self.FORMAT.parse(result(text))
        assert (turn.tool, turn.answer, turn.read_as) == (None, answer, read_as)

    def test_a_call_that_is_written_as_text_is_one(self) -> None:
        turn = self.FORMAT.parse(
            result('<tool_call>{"name": "retrieval", "arguments": {"query": "K2"}}</tool_call>')
        )
        assert (turn.tool, turn.arguments) == ("retrieval", {"query": "K2"})

    def test_a_call_of_finish_is_the_answer(self) -> None:
        assert self.FORMAT.parse(result("", ("finish", '{"answer": "8611 m"}'))).answer == "8611 m"

    @pytest.mark.parametrize("text", ["", " \n", "<think>Hm.</think>"])
    def test_nothing_is_unreadable(self, text: str) -> None:
        with pytest.raises(ActionNotFound):
            self.FORMAT.parse(result(text))


class TestRepair:
    def test_shows_what_could_not_be_read(self, step_format: StepFormat) -> None:
        said, told = step_format.repairing(result(" I wonder. "))
        assert (said, told) == (Message("assistant", "I wonder."), Message("user", step_format.repair))

    def test_shows_no_more_than_is_needed(self, step_format: StepFormat) -> None:
        assert len(step_format.repairing(result("x" * 10_000))[0].content) < 1_000
        assert step_format.repairing(result(" "))[0].content

    def test_names_what_can_be_written(self) -> None:
        assert TOOLS[0].example in TextFormat(TOOLS, TEMPLATE).repair
        assert all(tool.name in JsonFormat(TOOLS, TEMPLATE).repair for tool in TOOLS)


class TestConstraint:
    def test_text_has_none_unless_it_is_enforced(self) -> None:
        assert TextFormat(TOOLS, TEMPLATE).constraint is None
        enforced = TextFormat(TOOLS, TEMPLATE, enforced=True).constraint
        assert enforced is not None
        assert (enforced.kind, enforced.text) == ("grammar", grammar(["retrieval", "calculator"]))

    def test_json_has_a_schema(self) -> None:
        schema = JsonFormat(TOOLS, TEMPLATE).constraint
        assert schema is not None
        assert schema.kind == "json_schema"
        assert json.loads(schema.text) == answer_schema(["retrieval", "calculator"])

    @pytest.mark.parametrize("names", [["retrieval"], ["retrieval", "wikipedia_search", "calculator"]])
    def test_grammar_names_the_tools_and_finish_and_no_others(self, names: list[str]) -> None:
        rules = dict(line.split(" ::= ", 1) for line in grammar(names).splitlines())
        assert re.findall(r'"(\w+)\["', rules["action"]) == [*names, FINISH]
        bare = re.sub(r'"[^"]*"|\[(?:\\.|[^\]\\])*\]', "", " ".join(rules.values()))
        used = set(re.findall(r"[a-z]+", bare))
        assert used | {"root"} == set(rules)

    @pytest.mark.parametrize(
        "turn", [use("height of K2"), Turn("", "calculator", {"expression": "2 + 2"}), Turn("a", answer="x")]
    )
    def test_schema_takes_what_is_written(self, turn: Turn) -> None:
        schema = answer_schema([tool.name for tool in TOOLS])
        value = json.loads(JsonFormat(TOOLS, TEMPLATE).write(turn))
        assert (schema["type"], schema["additionalProperties"]) == ("object", False)
        assert set(value) == set(schema["required"]) == set(schema["properties"])
        assert value["action"] in schema["properties"]["action"]["enum"]
        for name, property_ in schema["properties"].items():
            assert property_["type"] == "string"
            assert isinstance(value[name], str)
            assert len(value[name]) <= property_.get("maxLength", len(value[name]))

    @pytest.mark.parametrize("turn", [use("height of K2"), Turn("I know.", answer="8611 m")])
    def test_grammar_takes_what_is_written(self, turn: Turn) -> None:
        lines = grammar([tool.name for tool in TOOLS])
        thought, argument = (
            re.sub(r"\{1,(\d+)\}", r"{1,\1}", re.search(rf"^{name} ::= (.*)$", lines, re.MULTILINE)[1])  # type: ignore[index]
            for name in ("thought", "argument")
        )
        whole = rf"Thought: {thought}\nAction: (?:retrieval|calculator|finish)\[{argument}\]"
        assert re.fullmatch(whole, TextFormat(TOOLS, TEMPLATE).write(turn))


class TestStop:
    def test_of_native_calls_is_the_endpoint_s(self) -> None:
        assert NativeFormat(TOOLS, TEMPLATE).stop == ()

    def test_ends_before_an_observation_is_made_up(self, written: StepFormat) -> None:
        shown = written.exchange(executed(), "call_0")[1].content
        assert any(f"\n{shown}".startswith(stop) for stop in written.stop)


class TestAsDict:
    def test_is_json_with_all_that_is_told(self, step_format: StepFormat) -> None:
        value = json.loads(json.dumps(step_format.as_dict()))
        assert value == step_format.as_dict()
        assert (value["system"], value["text"]) == (step_format.instructions, TEMPLATE)
        assert [tool["function"]["name"] for tool in value["tools"]] == ["retrieval", "calculator"]
        assert [one["question"] for one in value["exemplars"]] == ["How high is K2?", "What is 2 + 2?"]
        assert value["exemplars"][0]["steps"][0] == {
            "thought": "Hm.",
            "tool": "retrieval",
            "arguments": {"query": "height of K2"},
            "observation": "K2 is 8611 m high.",
        }
        assert (value["exemplars"][0]["thought"], value["exemplars"][0]["answer"]) == (
            "Now I know.",
            "8611 m",
        )

    def test_tells_the_constraint(self) -> None:
        free, enforced = (TextFormat(TOOLS, TEMPLATE, enforced=value).as_dict() for value in (False, True))
        assert free["constraint"] is None
        assert enforced["constraint"]["kind"] == "grammar"

    def test_parsers_do_not_make_formats_unequal(self) -> None:
        one, other = TextFormat(TOOLS, TEMPLATE), TextFormat(TOOLS, TEMPLATE)
        assert isinstance(one.parser, ActionParser)
        assert one == other
