"""The one estimate of a prompt's length in tokens."""

import json

import pytest

from app.domain.generation import Message, ToolCall, ToolSpec
from app.services.inference.token_estimate import CHARACTERS_PER_TOKEN, estimated_tokens

TOOL = ToolSpec("search", "Searches an encyclopedia.", '{"type": "object", "properties": {}}')
EMPTY = estimated_tokens([Message("user", "")])


def tokens_of(size: int) -> int:
    return round(size / CHARACTERS_PER_TOKEN)


@pytest.mark.parametrize(("text", "size"), [("a" * 360, 360), ("é" * 180, 360), ("日" * 120, 360)])
def test_counts_bytes(text: str, size: int) -> None:
    assert estimated_tokens([Message("user", text)]) == tokens_of(size) + EMPTY


def test_each_message_costs_a_little_more() -> None:
    assert EMPTY > 0
    assert estimated_tokens([Message("system", ""), Message("user", "")]) == 2 * EMPTY


def test_counts_tool_calls() -> None:
    call = ToolCall("1", "search", '{"query": "K2"}')
    message = Message("assistant", "", tool_calls=(call,))
    assert estimated_tokens([message]) == tokens_of(len(call.name + call.arguments)) + EMPTY


def test_counts_tools() -> None:
    size = len(json.dumps(TOOL.as_dict()))
    assert estimated_tokens([Message("user", "")], [TOOL, TOOL]) == tokens_of(2 * size) + EMPTY
