"""Answers that come as a stream of server-sent events, though none was asked for.

Some gateways always stream, and some end a plain JSON answer as if it had been a stream. The events are put
together to the answer that would have come without streaming.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

_DONE = "[DONE]"
_LINE_END = re.compile(r"\r\n|\r|\n")  # and no other: JSON may hold further ones of Unicode
_MOST_CHOICES = 16
_TEXTS = ("content", "reasoning_content", "reasoning", "thinking", "refusal")


class BrokenStream(ValueError):
    """A stream that ended in the middle of the answer."""


def without_comments(text: str) -> str:
    """Return a body without the comment lines before it, which keep a connection alive."""
    text = text.lstrip("\ufeff \r\n\t")
    while text.startswith(":"):
        text = text.partition("\n")[2].lstrip()
    return text


def is_stream(text: str) -> bool:
    """Return whether a body is a stream of events."""
    return text.startswith(("data:", "event:", "id:", "retry:"))


def join_events(text: str) -> dict[str, Any]:
    """Return the answer whose parts a stream holds.

    Raises:
        BrokenStream: if the stream ended before the answer did.
        ValueError, TypeError: if an event is no JSON, or no object.
    """
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    ended = False
    for data in _events(text):
        if data == _DONE:
            ended = True
            break
        chunk = orjson.loads(data)
        if not isinstance(chunk, dict):
            raise TypeError("an event is no object")
        if chunk.get("error"):
            return {"error": chunk["error"]}
        for number, choice in enumerate((chunk.get("choices") or [])[:_MOST_CHOICES]):
            _add_choice(choices, number, choice)
        # What is not a part of the text is in one event or in all: the last one that has it counts.
        whole |= {name: value for name, value in chunk.items() if name != "choices" and value is not None}
    complete = ended or any(choice.get("finish_reason") for choice in choices.values())
    if not complete:
        raise BrokenStream("the stream broke off")
    return {**whole, "choices": [choices[index] for index in sorted(choices)]}


def _events(text: str) -> Iterator[str]:
    """Yield the data of each event."""
    lines: list[str] = []
    for line in [*_LINE_END.split(text), ""]:
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line.strip() and lines:
            yield "\n".join(lines).strip()
            lines = []


def _add_choice(choices: dict[int, dict[str, Any]], number: int, part: dict[str, Any]) -> None:
    index = part.get("index")
    whole = choices.setdefault(index if isinstance(index, int) else number, {"message": {}})
    # A delta, or the whole answer in one event.
    delta = part.get("delta") or part.get("message") or {}
    message = whole["message"]
    for name, value in delta.items():
        if name == "tool_calls":
            _add_tool_calls(message.setdefault("tool_calls", []), value)
        elif name in _TEXTS and isinstance(value, str):
            message[name] = (message.get(name) or "") + value
        elif isinstance(value, list):
            message[name] = [*(message.get(name) or []), *value]
        elif value is not None:
            message[name] = value
    if isinstance(part.get("text"), str):  # of the completions API
        whole["text"] = whole.get("text", "") + part["text"]
    whole |= {name: part[name] for name in ("index", "finish_reason", "error") if part.get(name) is not None}


def _add_tool_calls(calls: list[dict[str, Any]], parts: Any) -> None:
    for number, part in enumerate(parts or []):
        index = part.get("index", number)
        while len(calls) <= min(index, _MOST_CHOICES):
            calls.append({"id": None, "function": {"name": "", "arguments": ""}})
        call, function = calls[min(index, _MOST_CHOICES)], part.get("function") or {}
        call["id"] = call["id"] or part.get("id")
        call["function"]["name"] += function.get("name") or ""
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            call["function"]["arguments"] = arguments
        elif isinstance(arguments, str) and isinstance(call["function"]["arguments"], str):
            call["function"]["arguments"] += arguments
