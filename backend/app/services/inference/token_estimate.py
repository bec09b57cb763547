"""How long a prompt is in tokens, by an estimate: tokenisers of models elsewhere are not here."""

from collections.abc import Sequence

from app.domain.generation import Message

CHARACTERS_A_TOKEN = 3.6
"""Bytes of English prose a token in the vocabularies of current models, a little low, so that prompts
rather fit."""
_TOKENS_A_MESSAGE = 8  # what chat formats put around one


def estimated_tokens(messages: Sequence[Message]) -> int:
    """Return about how many tokens a prompt has; rather too many than too few."""
    size = sum(len(message.content.encode()) + _call_size(message) for message in messages)
    return round(size / CHARACTERS_A_TOKEN) + _TOKENS_A_MESSAGE * len(messages)


def _call_size(message: Message) -> int:
    return sum(len(call.name) + len(call.arguments.encode()) for call in message.tool_calls)
