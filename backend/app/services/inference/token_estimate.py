"""Estimated length of prompts in tokens, for models whose tokeniser is not at hand."""

import json
from collections.abc import Sequence

from app.domain.generation import Message, ToolSpec

CHARACTERS_PER_TOKEN = 3.6
"""UTF-8 bytes of English prose per token of current models' vocabularies; a little low, so that a
prompt that is estimated to fit does fit."""
_TOKENS_PER_MESSAGE = 8  # role and delimiters of the chat template


def estimated_tokens(messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> int:
    """Return about how many tokens a prompt has; rather too many than too few.

    Args:
        messages: of the prompt.
        tools: whose descriptions are sent with it.
    """
    size = sum(_bytes_of_message(message) for message in messages) + sum(map(_bytes_of_tool, tools))
    return round(size / CHARACTERS_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(messages)


def _bytes_of_message(message: Message) -> int:
    calls = sum(len(call.name) + len(call.arguments.encode()) for call in message.tool_calls)
    return len(message.content.encode()) + calls


def _bytes_of_tool(tool: ToolSpec) -> int:
    return len(json.dumps(tool.as_dict(), ensure_ascii=False).encode())
