"""Parsing what a model wrote into a thought and an action, in the many notations that models use.

==============  ===============================================================================
``json``        ``{"action": "retrieval", "query": "…"}`` and its variants, also in a code fence or a tag
``bracket``     ``Action: retrieval[…]``, also with a missing bracket or quotation mark
``call``        ``Action: retrieval("…")``
``input_line``  ``Action: retrieval`` and ``Action Input: …`` or ``retrieval: …``
``answer_line`` ``Final Answer: …`` or ``Answer: …`` with no action before it
``markup``      a call in the markup of a chat template; see ``call_markup``
==============  ===============================================================================

Only the first action of a turn counts: later ones respond to observations that the model made up. A JSON
object counts if it follows the label ``Action:``, or if there is no label at all: within a thought it is a
quotation.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.json import JsonObject
from app.domain.thinking import THINKING_BEGINS, after_thinking
from app.services.agent.call_markup import final_channel, marked_call, without_channels, without_marks
from app.services.agent.json_actions import (
    ANSWER_KEYS,
    JsonAction,
    as_action,
    decoded_arguments,
    first_json_object,
    json_objects,
    plain_value,
    storable,
)
from app.services.agent.tools.base import Tool
from app.services.agent.written_arguments import by_known_names, in_brackets, unquoted

FINISH = "finish"
OBSERVATION = "Observation:"
_FINISH_NAMES = frozenset({FINISH, "finalanswer", "answer", "final", "submit", "done"})
_SEARCH_NAMES = (
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
_CALCULATOR_NAMES = ("calc", "calculate", "compute", "math", "python", "evaluate")
_LABEL = r"^[ \t>*#-]*{}(?:[ \t]*\d+)?[*]*[ \t]*:[*]*[ \t]*"
_FLAGS = re.IGNORECASE | re.MULTILINE
_MADE_UP_OBSERVATION = re.compile(_LABEL.format("Observation"), _FLAGS)
_THOUGHT = re.compile(_LABEL.format("Thoughts?"), _FLAGS)
# The second alternative: after a thought on the same line.
_ACTION = re.compile(_LABEL.format("Action") + r"|(?<=[\s.])(?-i:Action)(?:[ \t]*\d+)?:[ \t]*", _FLAGS)
_INPUT = re.compile(_LABEL.format(r"(?:Action[ \t]+)?Input"), _FLAGS)
_ANSWER = re.compile(
    r"^[ \t>*#-]*(?:(?:(?:the )?(?:final[ _-]?)?answer|finish)[*]*[ \t]*:|#+ *final answer[*]*$)[*]*[ \t]*",
    _FLAGS,
)
_ANSWER_SENTENCE = re.compile(r"\b(?:The|the) (?:final |correct )?answer is:?\s+")
_NO_ACTION = re.compile(
    r"[ \t`*\"'(\[]*(?:none|n/?a|null|nil|nothing|no (?:further |more )?action"
    r"(?: (?:is )?(?:needed|required))?|not? (?:needed|required|applicable)|-+)[`*\"')\].\[ \t]*$",
    _FLAGS,
)
# A name may stand in a namespace: ``functions.retrieval``, ``retrieval.call``.
_NAMESPACE = r"(?:functions?|tools?|default_api|multi_tool_use|namespace)[.:/]"
_NAME = re.compile(
    rf"[`*\"']*(?:{_NAMESPACE})?([A-Za-z][\w-]*(?:[ _](?:search|answer|base|up))?)"
    r"(?:\.(?:call|run|invoke|search))?[`*\"']*"
)
_AROUND_NAME = re.compile(rf"^{_NAMESPACE}|(?:\.(?:call|run|invoke|search)|[:#]\d+|\(\))$", re.IGNORECASE)
_NAMED_ARGUMENT = re.compile(r"\s*([A-Za-z]\w*)\s*[=:]\s*(.+)\Z", re.DOTALL)
_CONTINUES = re.compile(r"[ \t]*[-+*/%^×x÷]")
_DECORATION = re.compile(
    r"```\w*|</?(?:\w+:)?(?:tool|function)_calls?>|\*\*|<\|start\|>assistant|<\|[^|<>\n]{1,40}\|>"
    r"|<｜[^｜\n]{1,40}｜>"
)
_CLOSERS = {"[": "]", "(": ")"}
_MAX_NAME = 100  # characters of a tool's or an argument's name
_MAX_PARSED = 20_000  # characters of a reply: no first action comes later


class ActionNotFound(Exception):
    """A reply has no action; ``thought`` is its whole text."""

    def __init__(self, thought: str) -> None:
        super().__init__("no action was found")
        self.thought = thought


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the model: a thought, and either a tool to use or an answer.

    Attributes:
        thought: may be empty.
        tool: name of the tool; ``None`` if the turn answers.
        arguments: of the tool, by name.
        answer: ``None`` if the turn uses a tool.
        read_as: the notation that matched; see the module's text.
    """

    thought: str
    tool: str | None = None
    arguments: JsonObject = field(default_factory=dict)
    answer: str | None = None
    read_as: str = ""


class ActionParser:
    """Parses turns for a set of tools."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._aliases = {_normalised(name): name for name in self._tools}
        for tool in tools:
            aliases = (
                _CALCULATOR_NAMES if tool.name == "calculator" else (*_SEARCH_NAMES, f"{tool.name}_search")
            )
            for alias in aliases:
                self._aliases.setdefault(_normalised(alias), tool.name)

    def parse(self, text: str) -> Turn:
        """Return the first action of ``text`` with the thought before it.

        Raises:
            ActionNotFound: if there is no action.
        """
        said = text if "<|channel|>" in text else after_thinking(text)  # channels hold calls, too
        said = _without_made_up_observation(said[:_MAX_PARSED])
        turn = self._from_markup(said)
        if turn is None:
            final = final_channel(text)
            turn = self._parsed(
                without_channels(without_marks(said)) if final is None else final[:_MAX_PARSED]
            )
            if turn is None and final:
                turn = self.turn("", FINISH, final, "answer_line")
        if turn is None:
            raise ActionNotFound(storable(_thought(said)))
        return turn

    def _parsed(self, reply: str) -> Turn | None:
        if reply.lstrip().startswith(THINKING_BEGINS):
            return None
        label, answer = _ACTION.search(reply), _ANSWER.search(reply)
        if label and answer and _NO_ACTION.match(reply, label.end()):
            reply = reply[: label.start()] + reply[answer.start() :]  # "Action: None", then the answer
            label, answer = _ACTION.search(reply), _ANSWER.search(reply)
        if answer and (label is None or answer.start() < label.start()):
            return self._from_answer(reply, answer)
        if label:
            turn = self._from_action(reply[label.end() :])
            return turn and _with_thought(turn, reply[: label.start()])
        return self._from_json(reply) or self._from_lines(reply) or self._from_sentence(reply)

    def _from_markup(self, said: str) -> Turn | None:
        """Parse a call in the markup of a chat template, unless an action is written before it."""
        call = marked_call(said)
        before = said[: call.start] if call else ""
        label = _ACTION.search(before)
        if call is None or _ANSWER.search(before) or (label and before[label.end() :].strip()):
            return None
        try:
            arguments = (
                call.arguments if isinstance(call.arguments, dict) else decoded_arguments(call.arguments)
            )
        except ValueError:
            return None
        thought = _thought(without_channels(without_marks(before)))
        return self.turn(thought, call.name, arguments, "markup")

    def turn(self, thought: str, name: str, arguments: object, read_as: str) -> Turn | None:
        """Return the turn of a tool call as a model wrote it; ``None`` if name or answer is empty."""
        thought = storable(thought)
        if _normalised(name) in _FINISH_NAMES:
            answer = storable(_only_text(arguments))
            return Turn(thought, answer=answer, read_as=read_as) if answer else None
        tool = self._aliases.get(_normalised(name), storable(name.strip())[:_MAX_NAME])
        given = self._arguments(tool, arguments)
        kept = {storable(key)[:_MAX_NAME]: plain_value(value) for key, value in given.items()}
        return Turn(thought, tool, kept, read_as=read_as) if tool else None

    def _arguments(self, tool: str, value: object) -> JsonObject:
        known = self._tools.get(tool)
        if isinstance(value, Mapping):
            return by_known_names(known, value) if known else {str(name): one for name, one in value.items()}
        return {known.parameters[0].name if known else "input": value}

    def _from_json(self, reply: str) -> Turn | None:
        for start, value in json_objects(reply):
            action = as_action(value)
            if action is not None:
                turn = self._from_json_action(action)
                return turn and _with_thought(turn, reply[:start].rstrip("[ \n"))
        return None

    def _from_json_action(self, action: JsonAction) -> Turn | None:
        name, thought = action.name, action.thought or ""
        if name is None:
            return self.turn(thought, FINISH, action.arguments, "json")
        called = None if self._knows(name) else self._from_call(name)  # {"action": "retrieval[…]"}
        if called:
            return replace(called, thought=thought)
        return self.turn(thought, name, action.arguments, "json")

    def _from_answer(self, reply: str, label: re.Match[str]) -> Turn | None:
        words = _first_line(reply[label.end() :])
        turn = self._from_call(words, known=True) or self.turn("", FINISH, words, "answer_line")
        return turn and _with_thought(turn, reply[: label.start()])

    def _from_sentence(self, reply: str) -> Turn | None:
        """Parse "The answer is …", which counts only if nothing else matches."""
        found = _ANSWER_SENTENCE.search(reply)
        words = _first_line(reply[found.end() :]) if found else ""
        if not found or not words:
            return None
        before = reply[: reply.rfind("\n", 0, found.start()) + 1]
        return self.turn(_thought(before), FINISH, words.rstrip("."), "answer_line")

    def _from_lines(self, reply: str) -> Turn | None:
        """Parse a line that is nothing but a tool call, in a text without any label."""
        for match in re.finditer(r"^.+$", reply, re.MULTILINE):
            # [retrieval("…")] and print(retrieval("…")) are calls in Python's notation.
            turn = self._from_call(match[0].strip().removeprefix("print(").lstrip("["), known=True)
            if turn is not None:
                return _with_thought(turn, reply[: match.start()])
        return None

    def _from_action(self, rest: str) -> Turn | None:
        """Parse what follows the label of an action."""
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
        after = head[name.end() :].lstrip().removeprefix(":").strip()
        if not after and _normalised(name[1]) in _FINISH_NAMES:
            after = _first_line(rest[len(head) :])
        # "retrieval the height of K2" is a call; of "search" alone the tool says that its query is missing.
        return self.turn("", name[1], self._named(name[1], after), "input_line")

    def _from_call_within(self, line: str) -> Turn | None:
        """Parse ``1. retrieval[…]``, ``[retrieval[…]]`` and similar lines."""
        for name in re.finditer(r"[A-Za-z]\w*(?=\s?[\[(])", line):
            turn = self._from_call(line[name.start() :], known=True)
            if turn is not None:
                return turn
        return None

    def _from_call(self, text: str, *, known: bool = False) -> Turn | None:
        """Parse ``name[…]`` or ``name(…)`` at the beginning of ``text``."""
        name = _NAME.match(text)
        if name is None or (known and not self._knows(name[1])):
            return None
        rest = text[name.end() :].lstrip(" \t")
        if not rest or rest[0] not in _CLOSERS:
            return None
        inner = _inside(rest)
        after = rest[len(inner) + 2 :].partition("\n")[0]
        if rest[0] == "(" and _CONTINUES.match(after):
            inner = f"({inner}){after}"  # calculator(1 + 2) * 3
        read_as = "bracket" if rest[0] == "[" else "call"
        return self.turn("", name[1], self._named(name[1], inner), read_as)

    def _named(self, name: str, inner: str) -> Any:
        """Return what stands in brackets: arguments by name if any name is written, else the text."""
        tool = self._tools.get(self._aliases.get(_normalised(name), name))
        if tool is not None:
            return in_brackets(tool, inner)
        if inner.lstrip().startswith("{"):
            found = first_json_object(inner)
            if found is not None:
                return found
        label = _NAMED_ARGUMENT.match(inner) if _normalised(name) in _FINISH_NAMES else None
        return unquoted(label[2] if label and label[1].lower() in ANSWER_KEYS else inner)

    def _knows(self, name: str) -> bool:
        return _normalised(name) in self._aliases or _normalised(name) in _FINISH_NAMES


def _normalised(name: str) -> str:
    """Return a tool's name without what models vary: case, spaces, hyphens, underscores, a namespace."""
    return re.sub(r"[\s_-]+", "", _AROUND_NAME.sub("", name.strip())).lower()


def _with_thought(turn: Turn, before: str) -> Turn:
    """Return a turn with the text before its action as the thought, unless it has one already."""
    return turn if turn.thought else replace(turn, thought=storable(_thought(before)))


def _thought(text: str) -> str:
    """Return the thought in the text before an action, without label and markup."""
    label = _THOUGHT.search(text)
    text = text[label.end() :] if label else text
    return _DECORATION.sub("", _ACTION.sub("", text)).strip()


def _without_made_up_observation(reply: str) -> str:
    """Return a reply up to an observation that the model made up; one at its beginning is dropped."""
    made_up = _MADE_UP_OBSERVATION.search(reply)
    if made_up and not reply[: made_up.start()].strip():
        reply = reply[made_up.end() :]
        made_up = _MADE_UP_OBSERVATION.search(reply)
    return reply[: made_up.start()] if made_up else reply


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _inside(text: str) -> str:
    """Return the text between the bracket at the beginning of ``text`` and the one that closes it.

    If none closes it: the rest of the line.
    """
    opener, closer, depth = text[0], _CLOSERS[text[0]], 0
    for position, character in enumerate(text):
        depth += {opener: 1, closer: -1}.get(character, 0)
        if depth == 0:
            return text[1:position]
        if character == "\n":
            return text[1:position]
    return text[1:]


def _only_text(value: object) -> str:
    """Return the answer that a string, a list or an object holds, as text."""
    if isinstance(value, Mapping):
        value = next((value[key] for key in (*ANSWER_KEYS, "input", "text") if key in value), None) or next(
            iter(value.values()), ""
        )
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return "" if value is None else unquoted(str(value))
