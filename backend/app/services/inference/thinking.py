"""What a model thinks before it answers, told apart from the answer, whatever way a server sends it.

Some servers send it in a field of its own, some as parts of the content, and some leave it in the text,
between marks that the model writes. Marks are read at the beginning of the text only, where models write
them: further on, they may be part of an answer.
"""

import re
from typing import Any

_FIELDS = ("reasoning_content", "reasoning", "thinking")
_PART_TYPES = frozenset({"thinking", "reasoning", "reasoning.text", "reasoning.summary"})
_PART_TEXTS = ("thinking", "text", "summary", "reasoning", "content")
_PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("◁think▷", "◁/think▷"),
    ("[think]", "[/think]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<|channel>thought", "<channel|>"),
    ("<unused94>thought", "<unused95>"),
)
# Marks whose beginning the chat template may have written, so that the text has their end alone.
_ENDS = (
    "</think>",
    "</thinking>",
    "</seed:think>",
    "◁/think▷",
    "[/think]",
    "<|end_of_thought|>",
    "<|end_thinking|>",
)
_CHANNEL = re.compile(r"(?:<\|start\|>assistant)?<\|channel\|>(analysis|final|commentary)", re.IGNORECASE)
_MESSAGE = "<|message|>"
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>\s*$")
_SOLUTION = re.compile(
    r"\s*<\|(?:begin_of_solution|start_response)\|>(.*?)(?:<\|(?:end_of_solution|end_response)\|>\s*)?$",
    re.DOTALL | re.IGNORECASE,
)
_LONGEST_BEFORE = 1_000_000


def thinking_of_message(message: dict[str, Any]) -> str:
    """Return the thinking in the fields of a message, beside its content; empty if there is none."""
    for name in _FIELDS:
        value = message.get(name)
        if value:
            return value if isinstance(value, str) else thinking_in_parts(value)
    details = message.get("reasoning_details")
    return thinking_in_parts(details) if details else ""


def thinking_in_parts(parts: Any) -> str:
    """Return the thinking among the parts of a content; empty if there is none."""
    if isinstance(parts, dict):
        parts = [parts]
    if not isinstance(parts, list):
        return ""
    thoughts = [one for one in parts if isinstance(one, dict) and one.get("type") in _PART_TYPES]
    return "".join(_text_of(one) for one in thoughts)


def _text_of(part: dict[str, Any]) -> str:
    for name in _PART_TEXTS:
        value = part.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):  # parts of a part, as Mistral sends them
            return "".join(
                one["text"] for one in value if isinstance(one, dict) and isinstance(one.get("text"), str)
            )
    return ""


def split_thinking(text: str) -> tuple[str, str]:
    """Return the thinking that a text begins with, and the rest; both as they stand, but for the marks.

    Of a text that ends within its thinking the rest is empty.
    """
    # Most texts have no mark at all, and need not pay for the search.
    if not ("<" in text or "[" in text or "◁" in text or text.startswith("analysis")):
        return "", text
    thoughts: list[str] = []
    rest = text
    while True:
        found = _first_thinking(rest)
        if found is None:
            break
        thought, rest = found
        thoughts.append(thought)
    headless = _headless(rest) if not thoughts else None
    if headless is not None:
        thought, rest = headless
        thoughts.append(thought)
    if not thoughts:
        return "", text
    return "\n\n".join(one.strip() for one in thoughts if one.strip()), _answer_of(rest)


def _first_thinking(text: str) -> tuple[str, str] | None:
    """Return the thinking at the very beginning, and what follows; ``None`` if it does not begin with any."""
    said = text.lstrip()
    low = said[:30].lower()
    for begin, end in _PAIRS:
        if low.startswith(begin):
            thought, _, rest = _parted(said[len(begin) :], end)
            return thought, rest
    if low.startswith("analysis") and "assistantfinal" in said:  # channels without their marks
        thought, _, rest = said[len("analysis") :].partition("assistantfinal")
        return thought, rest
    channel = _CHANNEL.match(said)
    if channel is None or channel[1].lower() != "analysis":
        return None
    body = said[channel.end() :].partition(_MESSAGE)[2]
    following = _CHANNEL.search(body)
    if following is None:
        thought, _, rest = body.partition("<|end|>")
        return thought, rest
    return _CHANNEL_END.sub("", body[: following.start()]), body[following.start() :]


def _headless(text: str) -> tuple[str, str] | None:
    """Return thinking that has an end and no beginning, and what follows."""
    low = text.lower() if len(text) <= _LONGEST_BEFORE else ""
    if len(low) != len(text):  # letters that change their length would shift all places
        return None
    places = [(low.rfind(end), end) for end in _ENDS if end in low]
    if not places:
        return None
    place, end = max(places)
    return text[:place], text[place + len(end) :]


def _parted(text: str, end: str) -> tuple[str, str, str]:
    """Partition a text at a mark, in whatever case it is written."""
    place = text.find(end)
    if place < 0:
        found = re.search(re.escape(end), text, re.IGNORECASE)
        if found is None:
            return text, "", ""
        place = found.start()
    return text[:place], end, text[place + len(end) :]


def _answer_of(rest: str) -> str:
    """Return the answer behind the thinking, without the marks of its own."""
    said = rest.lstrip()
    channel = _CHANNEL.match(said)
    if channel is not None and channel[1].lower() == "final":
        return _CHANNEL_END.sub("", said[channel.end() :].partition(_MESSAGE)[2])
    solution = _SOLUTION.match(said) if said.startswith("<|") else None
    return solution[1].strip() if solution else said
