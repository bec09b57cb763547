"""In which form a model and its tools talk: as text, as JSON, or by the endpoint's own tool calls.

A form knows how a question is opened, how what was done is told again, how an answer is read, and
what the engine is asked to enforce. The loop is the same for all.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.domain.generation import Constraint, GenerationResult, Message, ToolCall, ToolSpec
from app.services.agent.actions import FINISH, OBSERVATION, Reader, Turn, Unreadable
from app.services.agent.tools.base import Tool

_MAX_THOUGHT = 240  # characters, where decoding is constrained: a small model may never end one
_MAX_ARGUMENT = 200
_MAX_RAW = 600  # characters of an unreadable turn that are shown to the model again
_NOT_IN_NAMES = re.compile(r"[^\w-]", re.ASCII)

TEXT_SYSTEM = """Answer the question step by step. In each step write two lines and stop:
Thought: what you know and what you still need
Action: one action, its input in square brackets

The actions:
{tools}
- finish[answer]: ends with the answer, only the name, number or short phrase that is asked for

The result of an action comes back as "Observation:"."""
JSON_SYSTEM = """Answer the question step by step. In each step write one JSON object and stop:
{"thought": what you know and what you still need, "action": one action, "input": its input}

The actions:
{tools}
- finish: ends with the answer as input, only the name, number or short phrase that is asked for

The result of an action comes back as "Observation:"."""
NATIVE_SYSTEM = """Answer the question step by step. Use the tools to find what you need, one call at a time.
When you know the answer, write "Answer:" and only the name, number or short phrase that is asked for."""
_TEXT_REPAIR = (
    "No action was found in what you wrote. Write one line that begins with “Thought:” and one line that "
    "begins with “Action:”, such as “Action: {example}” or “Action: finish[answer]”, and nothing else."
)
_JSON_REPAIR = (
    "No action was found in what you wrote. Write one JSON object with “thought”, “action” ({names} or "
    "finish) and “input”, and nothing else."
)
_NATIVE_REPAIR = "You wrote nothing. Call one of the tools, or write “Answer:” and the answer."


@dataclass(frozen=True, slots=True)
class Done:
    """A turn that is over: what the model did, and what it was shown for it."""

    turn: Turn
    observation: str


@dataclass(frozen=True, slots=True)
class WorkedTrace:
    """A question that is answered with tools, as an example: its steps, and the last with the answer."""

    question: str
    steps: tuple[Done, ...]
    ending: Turn

    def as_dict(self) -> dict[str, Any]:
        """Return the example as JSON."""
        steps = [
            {
                "thought": done.turn.thought,
                "tool": done.turn.tool,
                "arguments": dict(done.turn.arguments),
                "observation": done.observation,
            }
            for done in self.steps
        ]
        return {
            "question": self.question,
            "steps": steps,
            "thought": self.ending.thought,
            "answer": self.ending.answer,
        }


@dataclass(frozen=True)
class Form(ABC):
    """See the module's text.

    Attributes:
        tools: in the order in which they are told.
        template: of the question, with the place ``{question}``.
        system: told first, with the place ``{tools}``; ``None``: the form's own.
        worked: examples before the question.
    """

    tools: tuple[Tool, ...]
    template: str
    system: str | None = None
    worked: tuple[WorkedTrace, ...] = ()
    reader: Reader = field(init=False, repr=False, compare=False)

    own_system: ClassVar[str] = TEXT_SYSTEM
    stop: ClassVar[tuple[str, ...]] = (f"\n{OBSERVATION}",)
    """Ends a turn: what would follow is made up."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", Reader(self.tools))

    @property
    def constraint(self) -> Constraint | None:
        """What the engine is to enforce."""
        return None

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """Tools that are offered to the endpoint."""
        return ()

    @property
    def instructions(self) -> str:
        """The system message."""
        told = self.own_system if self.system is None else self.system
        return told.replace("{tools}", self.told_tools())

    def told_tools(self) -> str:
        """Return the tools as they are told."""
        return "\n".join(
            f"- {tool.name}[{tool.parameters[0].name}]: {tool.description} Example: {tool.example}"
            for tool in self.tools
        )

    def opening(self, question: str) -> tuple[Message, ...]:
        """Return the prompt before anything was done: instructions, examples, question."""
        messages = [Message("system", self.instructions)]
        for number, example in enumerate(self.worked):
            messages.append(self._asked(example.question))
            messages += self.told(example.steps, f"example{number}")
            messages.append(Message("assistant", self.write(example.ending)))
        return (*messages, self._asked(question))

    def told(self, history: Sequence[Done], name: str = "call") -> list[Message]:
        """Return what was done so far as turns of the chat; ``name`` begins the names of its calls."""
        return [
            message
            for place, done in enumerate(history)
            for message in self.exchange(done, f"{name}_{place}")
        ]

    def exchange(self, done: Done, call_id: str) -> tuple[Message, Message]:
        """Return the two turns of one step; ``call_id`` is the only one of its name in a prompt."""
        del call_id
        return (
            Message("assistant", self.write(done.turn)),
            Message("user", f"{OBSERVATION} {done.observation}"),
        )

    @abstractmethod
    def write(self, turn: Turn) -> str:
        """Return a turn as a model is to write it."""

    def read(self, result: GenerationResult) -> Turn:
        """Return what a model wrote.

        Raises:
            Unreadable: if no action can be found.
        """
        return self.reader.read(result.text)

    @property
    @abstractmethod
    def repair(self) -> str:
        """The prompt after a turn that cannot be read."""

    def repairing(self, result: GenerationResult) -> tuple[Message, Message]:
        """Return a turn that could not be read, and the prompt after it."""
        raw = result.text.strip()[:_MAX_RAW] or "(nothing)"
        return Message("assistant", raw), Message("user", self.repair)

    def as_dict(self) -> dict[str, Any]:
        """Return all that is told, as JSON."""
        constraint = self.constraint
        return {
            "system": self.instructions,
            "text": self.template,
            "repair": self.repair,
            "stop": list(self.stop),
            "constraint": constraint and constraint.as_dict(),
            "tools": [tool.spec.as_dict() for tool in self.tools],
            "exemplars": [example.as_dict() for example in self.worked],
        }

    def _asked(self, question: str) -> Message:
        return Message("user", self.template.replace("{question}", question))


@dataclass(frozen=True)
class TextForm(Form):
    """``Thought: …`` and ``Action: tool[…]``, as in the ReAct paper; by a grammar if it is enforced."""

    enforced: bool = False

    @property
    def constraint(self) -> Constraint | None:
        """A grammar of the two lines."""
        return Constraint("grammar", grammar([tool.name for tool in self.tools])) if self.enforced else None

    def write(self, turn: Turn) -> str:
        """Return both lines."""
        name = FINISH if turn.tool is None else turn.tool
        given = turn.answer if turn.tool is None else _one_line(turn)
        return f"Thought: {_line(turn.thought)}\nAction: {name}[{given}]"

    @property
    def repair(self) -> str:
        """See ``Form.repair``."""
        return _TEXT_REPAIR.format(example=self.tools[0].example)


@dataclass(frozen=True)
class JsonForm(Form):
    """One JSON object a turn, by a schema if it is enforced."""

    enforced: bool = True
    own_system = JSON_SYSTEM

    @property
    def constraint(self) -> Constraint | None:
        """A schema of the object."""
        schema = answer_schema([tool.name for tool in self.tools])
        # In this order: engines decode the properties as they stand, and the thought comes first.
        return Constraint("json_schema", json.dumps(schema)) if self.enforced else None

    def told_tools(self) -> str:
        """Return the tools as they are told."""
        return "\n".join(
            f"- {tool.name}: {tool.description} Its input is {tool.parameters[0].description}."
            for tool in self.tools
        )

    def write(self, turn: Turn) -> str:
        """Return the object."""
        given = turn.answer if turn.tool is None else _first(turn)
        value = {
            "thought": _line(turn.thought),
            "action": FINISH if turn.tool is None else turn.tool,
            "input": given,
        }
        return json.dumps(value, ensure_ascii=False)

    @property
    def repair(self) -> str:
        """See ``Form.repair``."""
        return _JSON_REPAIR.format(names=", ".join(tool.name for tool in self.tools))


@dataclass(frozen=True)
class NativeForm(Form):
    """The endpoint's own tool calls; what comes without one is the answer."""

    own_system = NATIVE_SYSTEM
    stop = ()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """See ``Form.specs``."""
        return tuple(tool.spec for tool in self.tools)

    def exchange(self, done: Done, call_id: str) -> tuple[Message, Message]:
        """Return the call and its result."""
        turn = done.turn
        arguments = json.dumps(dict(turn.arguments), ensure_ascii=False)
        # Names that APIs refuse are told, too: the model wrote them, and is told that there is no such tool.
        call = ToolCall(call_id, _NOT_IN_NAMES.sub("_", turn.tool or ""), arguments)
        return (
            Message("assistant", turn.thought, tool_calls=(call,)),
            Message("tool", done.observation, tool_call_id=call.id),
        )

    def write(self, turn: Turn) -> str:
        """Return the answer with the thought before it."""
        return f"{turn.thought}\nAnswer: {turn.answer}".lstrip()

    def read(self, result: GenerationResult) -> Turn:
        """Return the first call; without one the text is the answer, unless it is a call in JSON."""
        if result.tool_calls:
            call = result.tool_calls[0]
            turn = self.reader.turn(result.text.strip(), call.name, _arguments(call.arguments), "tool_call")
            if turn is None:
                raise Unreadable(result.text.strip())
            return turn
        text = result.text.rpartition("</think>")[2].strip()
        try:
            return self.reader.read(text)  # small models write a call as text, or label the answer
        except Unreadable:
            if not text:
                raise
            return Turn("", answer=text, read_as="text")

    @property
    def repair(self) -> str:
        """See ``Form.repair``."""
        return _NATIVE_REPAIR


def grammar(names: Sequence[str]) -> str:
    """Return a grammar, in llama.cpp's GBNF, of a thought and an action with one of these tools."""
    actions = " | ".join(f'"{name}[" argument "]"' for name in (*names, FINISH))
    return "\n".join(
        [
            'root ::= "Thought: " thought "\\nAction: " action',
            f"thought ::= [^\\n]{{1,{_MAX_THOUGHT}}}",
            f"action ::= {actions}",
            f"argument ::= [^\\[\\]\\n]{{1,{_MAX_ARGUMENT}}}",
        ]
    )


def answer_schema(names: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of a thought and an action with one of these tools."""
    return {
        "type": "object",
        "properties": {
            "thought": {"type": "string"},
            "action": {"type": "string", "enum": [*names, FINISH]},
            "input": {"type": "string"},
        },
        "required": ["thought", "action", "input"],
        "additionalProperties": False,
    }


def _one_line(turn: Turn) -> str:
    """Return the arguments as they stand in brackets: the first as it is, others by name."""
    others = list(turn.arguments.items())[1:]
    return ", ".join([_first(turn), *(f"{name}={_line(str(value))}" for name, value in others)])


def _first(turn: Turn) -> str:
    """Return the first argument on one line."""
    return _line(str(next(iter(turn.arguments.values()), "")))


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _arguments(text: str) -> Any:
    """Return arguments that are JSON in a text; the text itself if they are none.

    Raises:
        Unreadable: if they are an object that was cut off.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if text.lstrip().startswith("{"):
            raise Unreadable("") from None
        return text
