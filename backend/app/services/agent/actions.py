"""Reading what a model wrote as a thought and an action, in the many ways in which models write them.

==============  ===============================================================================
``json``        ``{"action": "retrieval", "query": "…"}`` and the like, fenced or tagged, too
``bracket``     ``Action: retrieval[…]``, the brackets open or missing quotes
``call``        ``Action: retrieval("…")``
``input_line``  ``Action: retrieval`` and ``Action Input: …`` or ``retrieval: …``
``answer_line`` ``Final Answer: …`` or ``Answer: …``, and no action before it
==============  ===============================================================================

Only the first action of a turn counts: those behind it answer observations that the model made up.
An object counts where the label of an action stands before it, or where there is no label at all: in
a thought it is a quotation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.services.agent.objects import (
    ANSWER_KEYS,
    Written,
    first_object,
    objects,
    plain_value,
    read_object,
    safe,
)
from app.services.agent.tools.base import Tool

FINISH = "finish"
OBSERVATION = "Observation:"
_FINISHES = frozenset({FINISH, "finalanswer", "answer", "final", "submit", "done"})
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
_LABEL = r"^[ \t>*#-]*{}(?:[ \t]*\d+)?[*]*[ \t]*:[*]*[ \t]*"
_FLAGS = re.IGNORECASE | re.MULTILINE
_INVENTED = re.compile(_LABEL.format("Observation"), _FLAGS)
_THOUGHT = re.compile(_LABEL.format("Thoughts?"), _FLAGS)
# Also behind a thought on the same line.
_ACTION = re.compile(_LABEL.format("Action") + r"|(?<=[\s.])(?-i:Action)(?:[ \t]*\d+)?:[ \t]*", _FLAGS)
_INPUT = re.compile(_LABEL.format(r"(?:Action[ \t]+)?Input"), _FLAGS)
_ANSWER = re.compile(
    r"^[ \t>*#-]*(?:(?:(?:the )?(?:final )?answer|finish)[*]*[ \t]*:|#+ *final answer[*]*$)[*]*[ \t]*",
    _FLAGS,
)
_SAID_ANSWER = re.compile(r"\b(?:The|the) (?:final |correct )?answer is:?\s+")
_NAME = re.compile(r"[`*\"']*([A-Za-z][\w-]*(?:[ _](?:search|answer|base|up))?)[`*\"']*")
_NAMED = re.compile(r"\s*([A-Za-z]\w*)\s*[=:]\s*(.+)\Z", re.DOTALL)
_GOES_ON = re.compile(r"[ \t]*[-+*/%^×x÷]")
_DECORATION = re.compile(r"```\w*|</?tool_call>|\*\*")
_QUOTES = "\"'`“”‘’"
_CLOSERS = {"[": "]", "(": ")"}
_MAX_NAME = 100
_MAX_READ = 20_000  # characters: a first action does not stand behind more


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
            aliases = _SUMS if tool.name == "calculator" else (*_SEARCHES, f"{tool.name}_search")
            for alias in aliases:
                self._aliases.setdefault(_plain(alias), tool.name)

    def read(self, text: str) -> Turn:
        """Return the first action of ``text`` with the thought before it.

        Raises:
            Unreadable: if there is none.
        """
        said = text.rpartition("</think>")[2][:_MAX_READ]
        if said.lstrip().startswith("<think>"):
            raise Unreadable(safe(said.strip()))
        said = _without_inventions(said)
        label, answer = _ACTION.search(said), _ANSWER.search(said)
        if answer and (label is None or answer.start() < label.start()):
            turn = self._from_answer(said, answer)
        elif label:
            turn = self._from_action(said[label.end() :])
            turn = turn and _with_thought(turn, said[: label.start()])
        else:
            turn = self._from_json(said) or self._from_lines(said) or self._from_sentence(said)
        if turn is None:
            raise Unreadable(safe(_thought(said)))
        return turn

    def turn(self, thought: str, name: str, arguments: Any, read_as: str) -> Turn | None:
        """Return a turn for a name and arguments as a model wrote them; ``None`` if it says nothing."""
        thought = safe(thought)
        if _plain(name) in _FINISHES:
            answer = safe(_only_text(arguments))
            return Turn(thought, answer=answer, read_as=read_as) if answer else None
        tool = self._aliases.get(_plain(name), safe(name.strip())[:_MAX_NAME])
        given = self._arguments(tool, arguments)
        kept = {safe(key)[:_MAX_NAME]: plain_value(value) for key, value in given.items()}
        return Turn(thought, tool, kept, read_as=read_as) if tool else None

    def _arguments(self, tool: str, value: Any) -> dict[str, Any]:
        known = self._tools.get(tool)
        first = known.parameters[0].name if known else "input"
        if isinstance(value, Mapping):
            names = {parameter.name for parameter in known.parameters} if known else set(value)
            if len(value) == 1 and not names.intersection(value):
                return {first: next(iter(value.values()))}  # a name of the model's own
            return {str(name): one for name, one in value.items()}
        return {first: value}

    def _from_json(self, said: str) -> Turn | None:
        for start, value in objects(said):
            written = read_object(value)
            if written is not None:
                turn = self._from_written(written)
                return turn and _with_thought(turn, said[:start].rstrip("[ \n"))
        return None

    def _from_written(self, written: Written) -> Turn | None:
        name, thought = written.name, written.thought or ""
        if name is None:
            return self.turn(thought, FINISH, written.arguments, "json")
        called = None if self._knows(name) else self._from_call(name)  # {"action": "retrieval[…]"}
        return (
            replace(called, thought=thought)
            if called
            else self.turn(thought, name, written.arguments, "json")
        )

    def _from_answer(self, said: str, label: re.Match[str]) -> Turn | None:
        words = _first_line(said[label.end() :])
        turn = self._from_call(words, known=True) or self.turn("", FINISH, words, "answer_line")
        return turn and _with_thought(turn, said[: label.start()])

    def _from_sentence(self, said: str) -> Turn | None:
        """Read "The answer is …", which counts where nothing else does."""
        found = _SAID_ANSWER.search(said)
        words = _first_line(said[found.end() :]) if found else ""
        if not found or not words:
            return None
        before = said[: said.rfind("\n", 0, found.start()) + 1]
        return self.turn(_thought(before), FINISH, words.rstrip("."), "answer_line")

    def _from_lines(self, said: str) -> Turn | None:
        """Read a line that is a use of a tool and nothing else, where there is no label at all."""
        for match in re.finditer(r"^.+$", said, re.MULTILINE):
            turn = self._from_call(match[0].strip(), known=True)
            if turn is not None:
                return _with_thought(turn, said[: match.start()])
        return None

    def _from_action(self, rest: str) -> Turn | None:
        """Read what stands behind the label of an action."""
        bare = _DECORATION.sub("", rest).lstrip(" \t\n`[")
        if bare.startswith("{"):
            return self._from_json(rest)
        rest = rest.lstrip()
        given = _INPUT.search(rest)
        head = _first_line(rest[: given.start()] if given else rest)
        name = _NAME.match(head)
        if name and head[name.end() :].lstrip()[:1] in (*_CLOSERS,):
            return self._from_call(rest)
        if name and given:
            line = _first_line(rest[given.end() :])
            return self.turn("", name[1], self._named(name[1], line), "input_line")
        if name is None or not self._knows(name[1]):
            return self._from_call_within(head)
        behind = head[name.end() :].lstrip().removeprefix(":").strip()
        if not behind and _plain(name[1]) in _FINISHES:
            behind = _first_line(rest[len(head) :])
        # "retrieval the height of K2" is a use; "search" alone asks for nothing, which the tool says.
        return self.turn("", name[1], self._named(name[1], behind), "input_line")

    def _from_call_within(self, line: str) -> Turn | None:
        """Read ``1. retrieval[…]``, ``[retrieval[…]]`` and the like."""
        for name in re.finditer(r"[A-Za-z]\w*(?=\s?[\[(])", line):
            turn = self._from_call(line[name.start() :], known=True)
            if turn is not None:
                return turn
        return None

    def _from_call(self, text: str, *, known: bool = False) -> Turn | None:
        """Read ``name[…]`` or ``name(…)`` at the head of ``text``."""
        name = _NAME.match(text)
        if name is None or (known and not self._knows(name[1])):
            return None
        rest = text[name.end() :].lstrip(" \t")
        if not rest or rest[0] not in _CLOSERS:
            return None
        inner = _inside(rest)
        behind = rest[len(inner) + 2 :].partition("\n")[0]
        if rest[0] == "(" and _GOES_ON.match(behind):
            inner = f"({inner}){behind}"  # calculator(1 + 2) * 3
        read_as = "bracket" if rest[0] == "[" else "call"
        return self.turn("", name[1], self._named(name[1], inner), read_as)

    def _named(self, name: str, inner: str) -> Any:
        """Return what stands in brackets: ``{"query": …, "k": …}`` where names are written, else text."""
        tool = self._tools.get(self._aliases.get(_plain(name), name))
        if inner.lstrip().startswith("{"):
            found = first_object(inner)
            if found is not None:
                return found
        if tool is None:
            label = _NAMED.match(inner) if _plain(name) in _FINISHES else None
            return _unquoted(label[2] if label and label[1].lower() in ANSWER_KEYS else inner)
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


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _with_thought(turn: Turn, before: str) -> Turn:
    """Return a turn with the thought that stands before its action, if it has none of its own."""
    return turn if turn.thought else replace(turn, thought=safe(_thought(before)))


def _thought(text: str) -> str:
    """Return the thought in what stands before an action, without its label and decoration."""
    label = _THOUGHT.search(text)
    text = text[label.end() :] if label else text
    return _DECORATION.sub("", _ACTION.sub("", text)).strip()


def _without_inventions(said: str) -> str:
    """Cut a turn where the model goes on with an observation of its own; one at its head is left out."""
    invented = _INVENTED.search(said)
    if invented and not said[: invented.start()].strip():
        said = said[invented.end() :]
        invented = _INVENTED.search(said)
    return said[: invented.start()] if invented else said


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _unquoted(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    # One quotation mark that was opened, or closed, and never the other.
    for mark in (text[:1], text[-1:]):
        if mark and mark in '"`“”' and text.count(mark) == 1:
            text = text.removeprefix(mark).removesuffix(mark)
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
        value = next((value[key] for key in (*ANSWER_KEYS, "input", "text") if key in value), None) or next(
            iter(value.values()), ""
        )
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return "" if value is None else _unquoted(str(value))
