"""Reading what a model wrote as a thought and an action, in the many ways in which models write them.

Forms, in the order in which they are tried:

==============  ===============================================================================
``json``        ``{"action": "retrieval", "query": "…"}`` and the like, fenced or tagged, too
``bracket``     ``Action: retrieval[…]``, the brackets open or missing quotes
``call``        ``Action: retrieval("…")``
``input_line``  ``Action: retrieval`` and ``Action Input: …`` or ``retrieval: …``
``answer_line`` ``Final Answer: …`` or ``Answer: …``, and no action before it
==============  ===============================================================================

Only the first action of a turn counts: those behind it answer observations that the model made up.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.services.agent.tools.base import Tool
from app.services.inference.failures import clean

FINISH = "finish"
OBSERVATION = "Observation:"
_FINISHES = frozenset({FINISH, "final_answer", "finalanswer", "answer", "final", "submit", "done"})
_SEARCHES = (
    "search",
    "lookup",
    "look_up",
    "find",
    "query",
    "wikipedia",
    "wiki",
    "knowledge_base",
    "retrieve",
)
_SUMS = ("calc", "calculate", "compute", "math", "python", "evaluate")
_INVENTED = re.compile(
    r"^[ \t>*#-]*(?:Observation|Result)(?:[ \t]*\d+)?[*]*[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_LABEL = r"^[ \t>*#-]*{}(?:[ \t]*\d+)?[*]*[ \t]*:[*]*[ \t]*"
_THOUGHT = re.compile(_LABEL.format("Thoughts?"), re.IGNORECASE | re.MULTILINE)
# Also behind a thought on the same line.
_ACTION = re.compile(
    _LABEL.format("Action") + r"|(?<=[\s.])Action(?:[ \t]*\d+)?:[ \t]*", re.IGNORECASE | re.MULTILINE
)
_INPUT = re.compile(_LABEL.format(r"(?:Action[ \t]+)?Input"), re.IGNORECASE | re.MULTILINE)
_ANSWER = re.compile(
    r"^[ \t>*#-]*(?:(?:the )?final answer|answer|finish)[*]*[ \t]*(?::|\bis\b:?)[*]*[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_NAME = re.compile(r"[`*\"']*([A-Za-z][\w-]*(?:[ _](?:search|answer|base|up))?)[`*\"']*")
_NAMED = re.compile(r"\s*([A-Za-z]\w*)\s*[=:]\s*(.+)\Z", re.DOTALL)
_QUOTES = "\"'`“”‘’"
_CLOSERS = {"[": "]", "(": ")"}
_NAME_KEYS = ("action", "tool", "name", "function", "tool_name", "action_name")
_INPUT_KEYS = ("arguments", "action_input", "input", "args", "parameters", "argument", "tool_input")
_THOUGHT_KEYS = ("thought", "thoughts", "reasoning")
_ANSWER_KEYS = ("final_answer", "answer", "finish")
_MAX_NAME = 100
_MAX_INTEGER = 10**12
_safe = partial(clean, limit=None)  # JSON may hold, as escapes, what no database stores
_MAX_JSON_STARTS = 20  # places at which an object is looked for; more is noise


class Unreadable(Exception):
    """No action can be found; ``thought`` is all that was written."""

    def __init__(self, thought: str) -> None:
        super().__init__("no action was found")
        self.thought = thought


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model wrote: a thought, and a tool to use or an answer.

    Attributes:
        thought: may be empty.
        tool: name of the tool; ``None`` if it answers.
        arguments: by name.
        answer: the answer; ``None`` if it uses a tool.
        read_as: the form that fitted; see the module's text.
    """

    thought: str
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None
    read_as: str = ""


class Reader:
    """Reads turns for a set of tools."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._aliases = {_plain(name): name for name in self._tools}
        for tool in tools:
            for alias in _SUMS if tool.name == "calculator" else _SEARCHES:
                self._aliases.setdefault(_plain(alias), tool.name)

    def read(self, text: str) -> Turn:
        """Return the first action of ``text`` with the thought before it.

        Raises:
            Unreadable: if there is none.
        """
        said = text.rpartition("</think>")[2]
        invented = _INVENTED.search(said)
        said = said[: invented.start()] if invented else said
        turn = self._from_json(said) or self._from_lines(said)
        if turn is None:
            raise Unreadable(_thought(said))
        return turn

    def turn(self, thought: str, name: str, arguments: Any, read_as: str) -> Turn | None:
        """Return a turn for a name and arguments as a model wrote them; ``None`` if it says nothing."""
        thought = _safe(thought)
        if _plain(name) in _FINISHES:
            answer = _safe(_only_text(arguments))
            return Turn(thought, answer=answer, read_as=read_as) if answer else None
        tool = self._aliases.get(_plain(name), _safe(name)[:_MAX_NAME])
        given = self._arguments(tool, arguments)
        safe = {_safe(key)[:_MAX_NAME]: _plain_value(value) for key, value in given.items()}
        return Turn(thought, tool, safe, read_as=read_as)

    def _arguments(self, tool: str, value: Any) -> dict[str, Any]:
        known = self._tools.get(tool)
        first = known.parameters[0].name if known else "input"
        if isinstance(value, Mapping):
            names = {parameter.name for parameter in known.parameters} if known else set(value)
            if len(value) == 1 and not names.intersection(value):
                return {first: next(iter(value.values()))}  # a name of the model's own
            return {str(name): one for name, one in value.items()}
        return {first: value}

    # -- JSON ---------------------------------------------------------------------------------------

    def _from_json(self, said: str) -> Turn | None:
        for start, value in _objects(said):
            lead = _thought(said[:start])
            thought = next((str(value[key]) for key in _THOUGHT_KEYS if value.get(key)), lead)
            name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
            if name is None:
                answer = next((value[key] for key in _ANSWER_KEYS if key in value), None)
                if answer is not None:
                    return self.turn(thought, FINISH, answer, "json")
                continue
            if name in self._tools or _plain(name) in self._aliases or _plain(name) in _FINISHES:
                return self.turn(thought, name, _json_arguments(value), "json")
            inner = self._from_call(thought, name)  # {"action": "retrieval[…]"}
            return inner or self.turn(thought, name, _json_arguments(value), "json")
        return None

    # -- lines --------------------------------------------------------------------------------------

    def _from_lines(self, said: str) -> Turn | None:
        label = _ACTION.search(said)
        answer = _ANSWER.search(said)
        if answer and (label is None or answer.start() < label.start()):
            words = _first_line(said[answer.end() :])
            if words:
                inner = self._from_call(_thought(said[: answer.start()]), words, known=True)
                return inner or self.turn(_thought(said[: answer.start()]), FINISH, words, "answer_line")
        if label:
            return self._from_action(_thought(said[: label.start()]), said[label.end() :])
        # No label at all: a line that is a use of a tool, and nothing else.
        for match in re.finditer(r"^.*$", said, re.MULTILINE):
            turn = self._from_call(_thought(said[: match.start()]), match[0].strip(), known=True)
            if turn is not None:
                return turn
        return None

    def _from_action(self, thought: str, rest: str) -> Turn | None:
        turn = self._from_call(thought, rest.lstrip())
        if turn is not None:
            return turn
        given = _INPUT.search(rest)
        name = _NAME.match(_first_line(rest[: given.start()] if given else rest))
        if name is None:
            return None
        if given:
            return self.turn(thought, name[1], _unquoted(_first_line(rest[given.end() :])), "input_line")
        line = _first_line(rest)
        behind = line[name.end() :].lstrip()
        if not self._knows(name[1]):
            return None
        if behind.startswith("{"):
            return self.turn(thought, name[1], self._named(name[1], behind), "input_line")
        if behind.startswith(":"):
            behind = behind[1:]
        elif _plain(name[1]) in _FINISHES and not behind:
            behind = _first_line(rest.lstrip()[len(line) :])
        # "retrieval the height of K2" is a use; "search" alone asks for nothing, which the tool says.
        return self.turn(thought, name[1], _unquoted(behind), "input_line")

    def _from_call(self, thought: str, text: str, *, known: bool = False) -> Turn | None:
        """Read ``name[…]`` or ``name(…)`` at the head of ``text``."""
        name = _NAME.match(text)
        if name is None or (known and not self._knows(name[1])):
            return None
        rest = text[name.end() :].lstrip(" \t")
        if rest[:1] not in _CLOSERS or not rest:
            return None
        inner = _inside(rest)
        read_as = "bracket" if rest[0] == "[" else "call"
        return self.turn(thought, name[1], self._named(name[1], inner), read_as)

    def _named(self, name: str, inner: str) -> Any:
        """Return what stands in brackets: ``{"query": …, "k": …}`` where names are written, else text."""
        tool = self._tools.get(self._aliases.get(_plain(name), name))
        if inner.lstrip().startswith("{"):
            found = next(iter(_objects(inner)), None)
            if found is not None:
                return found[1]
        if tool is None:
            return _unquoted(inner)
        names = "|".join(re.escape(parameter.name) for parameter in tool.parameters)
        parts = re.split(rf",\s*(?=(?:{names})\s*[=:])", inner)
        found_names: dict[str, Any] = {}
        for part in parts:
            named = _NAMED.match(part)
            if named and named[1] in names.split("|"):
                found_names[named[1]] = _unquoted(named[2])
            elif not found_names:
                found_names[tool.parameters[0].name] = _unquoted(part)
        return found_names

    def _knows(self, name: str) -> bool:
        return _plain(name) in self._aliases or _plain(name) in _FINISHES


def _plain_value(value: Any) -> str | int | None:
    """Return an argument as a text, a whole number or nothing: what can be stored, shown and compared."""
    if value is None or (
        isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_INTEGER
    ):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_INTEGER:
        return int(value)  # 2.0, as some write 2
    return _safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _thought(text: str) -> str:
    """Return the thought in what stands before an action, without its label and decoration."""
    label = _THOUGHT.search(text)
    text = text[label.end() :] if label else text
    text = _ACTION.sub("", text)
    return re.sub(r"```\w*|</?tool_call>|\*\*", "", text).strip()


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _unquoted(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    # One quotation mark that was opened, or closed, and never the other.
    if text[:1] in _QUOTES and text.count(text[:1]) == 1:
        text = text[1:]
    return text.strip()


def _inside(text: str) -> str:
    """Return what stands between the bracket at the head of ``text`` and the one that closes it.

    Where none closes it, the rest of the line.
    """
    opener, closer, depth = text[0], _CLOSERS[text[0]], 0
    for position, character in enumerate(text):
        depth += {opener: 1, closer: -1}.get(character, 0)
        if depth == 0:
            return text[1:position]
        if character == "\n":
            return text[1:position]
    return text[1:]


def _only_text(value: Any) -> str:
    """Return an answer as text, from whatever holds it."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in (*_ANSWER_KEYS, "input", "text") if key in value), None) or next(
            iter(value.values()), ""
        )
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return "" if value is None else _unquoted(str(value))


def _json_arguments(value: Mapping[str, Any]) -> Any:
    """Return the arguments in an object that names an action."""
    for key in _INPUT_KEYS:
        if key in value:
            given = value[key]
            if isinstance(given, str) and given.lstrip().startswith("{"):
                inner = next(iter(_objects(given)), None)  # arguments as JSON in a text, as APIs send them
                return inner[1] if inner else given
            return given
    # {"action": "retrieval", "query": "…"}: what is left are the arguments.
    return {key: one for key, one in value.items() if key not in (*_NAME_KEYS, *_THOUGHT_KEYS)}


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the JSON objects of a text, and where each begins; those that are broken are left out."""
    decoder, position = json.JSONDecoder(), 0
    for _ in range(_MAX_JSON_STARTS):
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
