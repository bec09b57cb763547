"""Tests of tool calls and answers in the markup of chat templates, and of arguments in other forms."""

from typing import Any

import pytest

from app.domain.generation import GenerationResult, ToolCall
from app.services.agent.action_parser import ActionNotFound, ActionParser
from app.services.agent.formats import NativeFormat
from tests.services.agent.fakes import FakeSums, FakeTool

TOOLS = (FakeTool(), FakeSums())
PARSER = ActionParser(TOOLS)
NATIVE = NativeFormat(TOOLS, "Question: {question}")
K2 = {"query": "K2"}

MARKUP = [
    '<|channel|>commentary to=functions.retrieval<|message|>{"query":"K2"}',
    '<|channel|>commentary to=functions.retrieval <|constrain|>json<|message|>{"query":"K2"}<|call|>',
    (
        "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary "
        'to=functions.retrieval <|constrain|>json<|message|>{"query":"K2"}<|call|>'
    ),
    '<|start|>assistant to=functions.retrieval<|channel|>commentary json<|message|>{"query": "K2"}<|call|>',
    'commentary to=functions.retrieval json{"query":"K2"}',
    (
        "<|channel|>analysis<|message|>Hm.<|end|><|channel|>commentary to=retrieval code<|message|>"
        '{"query": "K2"}'
        "<|call|>commentary<|channel|>final<|message|>An invented answer"
    ),
    '<|python_tag|>retrieval.call(query="K2")',
    '<|python_tag|>{"name": "retrieval", "parameters": {"query": "K2"}}<|eom_id|>',
    '<|python_tag|>retrieval("K2")',
    '<function=retrieval>{"query": "K2"}</function>',
    '<function=retrieval>{"query": "K2"}',
    "<tool_call>\n<function=retrieval>\n<parameter=query>\nK2\n</parameter>\n</function>\n</tool_call>",
    '<tool_call>{"name": "retrieval", "arguments": {"query": "K2"}}</tool_call>',
    '<tool_call>{"name": "retrieval", "arguments": "{\\"query\\": \\"K2\\"}"}</tool_call>',
    '<tool_call>retrieval {"query": "K2"}</tool_call>',
    '<tool_call>\nretrieval("K2")\n</tool_call>',
    "<tool_call>retrieval\n<arg_key>query</arg_key>\n<arg_value>K2</arg_value>\n</tool_call>",
    '[TOOL_CALLS][{"name": "retrieval", "arguments": {"query": "K2"}}]',
    '[TOOL_CALLS] [{"name": "retrieval", "arguments": {"query": "K2"}, "id": "VvvODy9mT"}]</s>',
    '[TOOL_CALLS]retrieval[ARGS]{"query": "K2"}',
    '[TOOL_CALLS]retrieval[CALL_ID]a1[ARGS]{"query": "K2"}</s>',
    '[TOOL_CALLS]retrieval{"query": "K2"}',
    '<invoke name="retrieval"><parameter name="query">K2</parameter></invoke>',
    '<function_calls>\n<invoke name="retrieval">\n<parameter name="query">K2</parameter>\n</invoke>',
    '<minimax:tool_call><invoke name="retrieval"><parameter name="query">K2</parameter></invoke>',
    (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>retrieval\n"
        '```json\n{"query": "K2"}\n```'
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    '<｜tool▁call▁begin｜>retrieval<｜tool▁sep｜>{"query": "K2"}<｜tool▁call▁end｜>',
    (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.retrieval:0<|tool_call_argument_begin|>"
        '{"query": "K2"}<|tool_call_end|>'
    ),
    '<|tool_call|>[{"name": "retrieval", "arguments": {"query": "K2"}}]',
    (
        '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "retrieval", "parameters": {"query": "K2"}}]'
        "<|END_ACTION|>"
    ),
    'functools[{"name": "retrieval", "arguments": {"query": "K2"}}]',
    '```tool_code\nretrieval(query="K2")\n```',
    '[retrieval(query="K2")]',
    '```tool_code\nprint(retrieval(query="K2"))\n```',
    "Action: functions.retrieval[K2]",
    'Action: retrieval.call("K2")',
    '{"name": "functions.retrieval", "arguments": {"query": "K2"}}',
    'Action: <function=retrieval>{"query": "K2"}</function>',
]


@pytest.mark.parametrize("text", MARKUP)
def test_calls_are_read(text: str) -> None:
    turn = PARSER.parse(text)
    assert (turn.tool, dict(turn.arguments), turn.answer) == ("retrieval", K2, None)
    assert not any(mark in turn.thought for mark in "<>[|")
    assert NATIVE.parse(GenerationResult(text, latency_s=0.1)).tool == "retrieval"


def test_thought_before_a_call() -> None:
    text = (
        '<think>Hm.</think>I look. <invoke name="retrieval"><parameter name="query">K2</parameter></invoke>'
    )
    assert PARSER.parse(text).thought == "I look."
    assert PARSER.parse(MARKUP[2]).thought == "I look."


def test_an_action_before_the_markup_comes_first() -> None:
    text = 'Action: retrieval[Everest]\n<function=retrieval>{"query": "K2"}</function>'
    assert PARSER.parse(text).arguments == {"query": "Everest"}


def test_a_call_that_is_cut_off_is_none() -> None:
    with pytest.raises(ActionNotFound):
        PARSER.parse('<function=retrieval>{"query": "the heig')


@pytest.mark.parametrize(
    "text",
    [
        "Thought: I know.\nFinalAnswer: Paris",
        "Thought: I know.\nFinal_Answer: Paris",
        "Thought: I know.\nfinal-answer: Paris",
        "Thought: I know.\n**Final_Answer**: Paris",
        "Action: None\nFinal Answer: Paris",
        "Thought: I know.\nAction: N/A\nFinal Answer: Paris",
        "Thought: I know.\nAction: None\nAction Input: None\nFinal Answer: Paris",
        "Thought: I know.\nAction: No action needed.\nFinalAnswer: Paris",
        "Action: (none)\nAnswer: Paris",
        "Action: -\nAnswer: Paris",
        "Action: final_answer\nAction Input: Paris",
        'Action: functions.final_answer("Paris")',
        "<|channel|>analysis<|message|>Lyon?<|end|><|start|>assistant<|channel|>final<|message|>Paris<|return|>",
        "<|channel|>final<|message|>Action: finish[Paris]",
        "analysisLyon?assistantfinalParis",
        '<function=final_answer>{"answer": "Paris"}</function>',
        "<thinking>Action: retrieval[Lyon]</thinking>Final Answer: Paris",
        "[THINK]Lyon?[/THINK]Final Answer: Paris",
    ],
)
def test_answers_are_read(text: str) -> None:
    turn = PARSER.parse(text)
    assert (turn.tool, turn.answer) == (None, "Paris")


@pytest.mark.parametrize("text", ["<|channel|>analysis<|message|>Lyon? Or", "<thinking>Lyon?", "[THINK]Hm"])
def test_thinking_alone_is_no_answer(text: str) -> None:
    with pytest.raises(ActionNotFound):
        NATIVE.parse(GenerationResult(text, latency_s=0.1))


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('retrieval["K2", top_k=3]', {"query": "K2", "k": "3"}),
        ('retrieval("K2", 3)', {"query": "K2", "k": "3"}),
        ('retrieval["K2", 3]', {"query": "K2", "k": "3"}),
        ('retrieval(query="K2", top_k=3)', {"query": "K2", "k": "3"}),
        ("retrieval('K2', num_results = 3)", {"query": "K2", "k": "3"}),
        ('retrieval["K2", k: 3]', {"query": "K2", "k": "3"}),
        ("retrieval[K2, top_k=3]", {"query": "K2", "k": "3"}),
        ('retrieval["K2", rerank=True]', {"query": "K2"}),
        ('retrieval["K2", verbose=true, limit=3]', {"query": "K2", "k": "3"}),
        ("retrieval[K2, year=1954]", {"query": "K2, year=1954"}),
        ("retrieval[Apollo 11, 3]", {"query": "Apollo 11, 3"}),
        ('retrieval["Paris", "Texas"]', {"query": '"Paris", "Texas"'}),
        ('retrieval[{"query": "K2", "top_k": 3}]', {"query": "K2", "k": 3}),
    ],
)
def test_settings_behind_the_query(written: str, arguments: dict[str, Any]) -> None:
    assert PARSER.parse(f"Action: {written}").arguments == arguments


@pytest.mark.parametrize(
    "given",
    [
        '"{\\"query\\": \\"K2\\"}"',
        '"\\"{\\\\\\"query\\\\\\": \\\\\\"K2\\\\\\"}\\""',
        '```json\n{"query": "K2"}\n```',
        '```\n{"query": "K2"}\n```',
        '{"query":"K2"}""',
        '{"query":"K2"}}',
        '{"query":"K2"}</s>',
        "{'query': 'K2'}",
        '{"query": "K2",}',
        '{"search_query": "K2"}',
        '```json\n"{\\"query\\": \\"K2\\"}"\n```',
    ],
)
@pytest.mark.parametrize("name", ["retrieval", "functions.retrieval", "retrieval:0", "default_api.retrieval"])
def test_arguments_of_native_calls(given: str, name: str) -> None:
    result = GenerationResult("", tool_calls=(ToolCall("c1", name, given),))
    turn = NATIVE.parse(result)
    assert (turn.tool, dict(turn.arguments)) == ("retrieval", K2)


def test_number_of_passages_under_another_name() -> None:
    call = ToolCall("c1", "retrieval", '{"query": "K2", "top_k": 3}')
    assert NATIVE.parse(GenerationResult("", tool_calls=(call,))).arguments == {"query": "K2", "k": 3}
