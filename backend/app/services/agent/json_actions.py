"""The JSON in which models write actions, valid or broken, in its many shapes."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.domain.json import JsonObject
from app.services.inference.failures import clean

_TOOL_KEYS = ("action", "tool", "tool_name", "action_name")
_FUNCTION_KEYS = ("name", "function")  # count only beside arguments: an object of a person has a name, too
_INPUT_KEYS = ("arguments", "action_input", "input", "args", "parameters", "argument", "tool_input")
_THOUGHT_KEYS = ("thought", "thoughts", "reasoning")
ANSWER_KEYS = ("final_answer", "answer", "finish")
_MAX_STARTS = 20  # opening braces at which an object is looked for in a text
_MAX_REPAIRS = 2  # of them, those at which a broken object is repaired
_MAX_REPAIRED = 1_000  # characters of a broken object: some repairs take quadratic time
_MAX_INTEGER = 10**12
_MAX_ENCODINGS = 3  # times that JSON is decoded that is text in JSON
_FENCED = re.compile(r"\A```\w*\s*(.*?)\s*```\Z", re.DOTALL)
_STRAY = re.compile(r"(?:[\s\"'`};,]|</?\w{1,20}>|<\|\w{1,40}\|>){0,50}")  # what may stand behind an object
storable = partial(clean, limit=None)  # escapes in JSON may stand for characters that no database stores


@dataclass(frozen=True, slots=True)
class JsonAction:
    """An action as JSON has it: the tool's name (``None``: an answer), arguments, and a thought if any."""

    name: str | None
    arguments: object
    thought: str | None


def json_objects(text: str) -> Iterator[tuple[int, JsonObject]]:
    """Yield the JSON objects of a text and where each begins; broken ones are repaired if they are closed."""
    decoder, position, repairs = json.JSONDecoder(), 0, 0
    for _ in range(_MAX_STARTS):
        position = text.find("{", position)
        if position < 0:
            return
        value: object = None
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = _closing(text, position)
            if end and repairs < _MAX_REPAIRS:
                repairs += 1
                value = _repaired(text[position:end])
        if isinstance(value, dict):
            yield position, value
        position = end if value else position + 1


def first_json_object(text: str) -> JsonObject | None:
    """Return the first object of a text; ``None`` if there is none."""
    return next((value for _, value in json_objects(text)), None)


def decoded_arguments(text: str) -> Any:
    """Return the JSON value that a text is, or the text itself if it is no JSON.

    JSON that is encoded twice, stands in a code fence, or has stray marks behind it, as some servers send
    it, is read.

    Raises:
        ValueError: if it is an object that is cut off, or too broken to be repaired.
    """
    value: Any = text
    for _ in range(_MAX_ENCODINGS):
        value = _decoded(value)
        if not isinstance(value, str) or not value.lstrip().startswith(("{", '"', "```")):
            break
    return value


def _decoded(text: str) -> Any:
    text = _FENCED.sub(r"\1", text.strip())
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if not text.startswith("{"):
        return text
    with suppress(ValueError, RecursionError):
        value, end = json.JSONDecoder().raw_decode(text)
        if _STRAY.fullmatch(text, end):
            return value
    value = _repaired(text) if _closing(text, 0) == len(text) else None
    if value is None:
        raise ValueError("no object")
    return value


def as_action(value: JsonObject) -> JsonAction | None:
    """Return the action that an object describes; ``None`` if it describes none."""
    value = _unwrapped({re.sub(r"\s+", "_", key.strip()).lower(): one for key, one in value.items()})
    thought = next((str(value[key]) for key in _THOUGHT_KEYS if value.get(key)), None)
    given = next((key for key in _INPUT_KEYS if key in value), None)
    names = (*_TOOL_KEYS, *(_FUNCTION_KEYS if given else ()))
    name = next((value[key] for key in names if isinstance(value.get(key), str) and value[key]), None)
    if name is None:
        answer = next((value[key] for key in ANSWER_KEYS if key in value), None)
        return None if answer is None else JsonAction(None, answer, thought)
    if given is None:
        # {"action": "retrieval", "query": "…"}: all other keys are arguments.
        others = {key: one for key, one in value.items() if key not in (*_TOOL_KEYS, *_THOUGHT_KEYS)}
        return JsonAction(name, others, thought)
    arguments = value[given]
    if isinstance(arguments, str) and arguments.lstrip().startswith("{"):
        arguments = first_json_object(arguments) or arguments  # JSON within a string, as APIs send it
    elif isinstance(arguments, str) and arguments.lstrip().startswith(('"{', "```")):
        with suppress(ValueError):
            arguments = decoded_arguments(arguments)
    return JsonAction(name, arguments, thought)


def plain_value(value: object) -> str | int | None:
    """Return an argument as a string, an integer or nothing: what can be stored, shown and compared."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, int) and abs(value) <= _MAX_INTEGER):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_INTEGER:
        return int(value)  # some models write 2.0 for 2
    return storable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _closing(text: str, start: int) -> int:
    """Return where the object that begins at ``start`` ends, by counting braces; 0 if it does not.

    An object that is cut off is not repaired: half of a query would be searched for as if it were whole.
    """
    depth = 0
    for found in re.finditer("[{}]", text[start : start + _MAX_REPAIRED]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return start + found.end()
    return 0


def _repaired(text: str) -> JsonObject | None:
    """Return the object that broken JSON, or a dictionary in Python's notation, stands for."""
    import json_repair  # only for those models that need it

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and value else None


def _unwrapped(value: JsonObject) -> JsonObject:
    """Return the object within one: ``{"tool_calls": [{"function": …}]}``, ``{"action": {"name": …}}``."""
    calls = value.get("tool_calls")
    if isinstance(calls, list) and calls and isinstance(calls[0], dict):
        value = calls[0]
    inner = next((value[key] for key in ("function", "action") if isinstance(value.get(key), dict)), None)
    return value if inner is None else {**{k: v for k, v in value.items() if k in _THOUGHT_KEYS}, **inner}
