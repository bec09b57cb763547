"""The JSON in which models write actions, in its many shapes."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.services.inference.failures import clean

_TOOL_KEYS = ("action", "tool", "tool_name", "action_name")
_FUNCTION_KEYS = ("name", "function")  # of an object that has arguments: a person has a name, too
_INPUT_KEYS = ("arguments", "action_input", "input", "args", "parameters", "argument", "tool_input")
_THOUGHT_KEYS = ("thought", "thoughts", "reasoning")
ANSWER_KEYS = ("final_answer", "answer", "finish")
_MAX_STARTS = 20  # places at which an object is looked for; more is noise
_MAX_INTEGER = 10**12
safe = partial(clean, limit=None)  # JSON may hold, as escapes, what no database stores


@dataclass(frozen=True, slots=True)
class Written:
    """An action in JSON: the tool's name (``None``: an answer), its arguments, the thought if it has one."""

    name: str | None
    arguments: Any
    thought: str | None


def objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON objects of a text, and where each begins; those that are broken are left out."""
    decoder, position = json.JSONDecoder(), 0
    for _ in range(_MAX_STARTS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if isinstance(value, dict):
            yield position, value
        position = end


def first_object(text: str) -> dict[str, Any] | None:
    """Return the first object of a text."""
    return next((value for _, value in objects(text)), None)


def read_object(value: Mapping[str, Any]) -> Written | None:
    """Return the action that an object is; ``None`` if it is none."""
    value = _unwrapped({re.sub(r"\s+", "_", key.strip()).lower(): one for key, one in value.items()})
    thought = next((str(value[key]) for key in _THOUGHT_KEYS if value.get(key)), None)
    given = next((key for key in _INPUT_KEYS if key in value), None)
    names = (*_TOOL_KEYS, *(_FUNCTION_KEYS if given else ()))
    name = next((value[key] for key in names if isinstance(value.get(key), str) and value[key]), None)
    if name is None:
        answer = next((value[key] for key in ANSWER_KEYS if key in value), None)
        return None if answer is None else Written(None, answer, thought)
    if given is None:
        # {"action": "retrieval", "query": "…"}: what is left are the arguments.
        left = {key: one for key, one in value.items() if key not in (*_TOOL_KEYS, *_THOUGHT_KEYS)}
        return Written(name, left, thought)
    arguments = value[given]
    if isinstance(arguments, str) and arguments.lstrip().startswith("{"):
        arguments = first_object(arguments) or arguments  # JSON in a text, as APIs send it
    return Written(name, arguments, thought)


def _unwrapped(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object within one: ``{"tool_calls": [{"function": …}]}``, ``{"action": {"name": …}}``."""
    calls = value.get("tool_calls")
    if isinstance(calls, list) and calls and isinstance(calls[0], dict):
        value = calls[0]
    inner = next((value[key] for key in ("function", "action") if isinstance(value.get(key), dict)), None)
    return value if inner is None else {**{k: v for k, v in value.items() if k in _THOUGHT_KEYS}, **inner}


def plain_value(value: Any) -> str | int | None:
    """Return an argument as a text, a whole number or nothing: what can be stored, shown and compared."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, int) and abs(value) <= _MAX_INTEGER):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_INTEGER:
        return int(value)  # 2.0, as some write 2
    return safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
