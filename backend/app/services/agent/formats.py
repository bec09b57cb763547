"""The formats in which a model and its tools exchange steps: text, JSON, or the endpoint's tool calls.

A format defines the first prompt of a question, how executed steps are repeated in the next prompt, how a
reply is parsed, and what the engine enforces while decoding. The loop is the same for all of them.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain.generation import Constraint, GenerationResult, Message, ToolCall, ToolSpec
from app.domain.json import JsonObject
from app.domain.templates import fill
from app.domain.thinking import THINKING_BEGINS, after_thinking
from app.services.agent.action_parser import FINISH, OBSERVATION, ActionNotFound, ActionParser, Turn
from app.services.agent.json_actions import decoded_arguments
from app.services.agent.tools.base import Tool

_MAX_THOUGHT = 240  # characters under the grammar: a small model may never end a thought by itself
_MAX_ARGUMENT = 200  # characters under the grammar
_MAX_RAW = 600  # characters of an unparsed reply that the repair prompt repeats
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
class ExecutedStep:
    """A turn of the model, and the observation that it was shown for it."""

    turn: Turn
    observation: str


@dataclass(frozen=True, slots=True)
class WorkedTrace:
    """A worked example: a question, the steps with tools, and the last turn, which answers."""

    question: str
    steps: tuple[ExecutedStep, ...]
    ending: Turn

    def as_dict(self) -> JsonObject:
        """Return the example as JSON."""
        steps = [
            {
                "thought": step.turn.thought,
                "tool": step.turn.tool,
                "arguments": dict(step.turn.arguments),
                "observation": step.observation,
            }
            for step in self.steps
        ]
        return {
            "question": self.question,
            "steps": steps,
            "thought": self.ending.thought,
            "answer": self.ending.answer,
        }


@dataclass(frozen=True)
class StepFormat(ABC):
    """How steps are written and parsed; see the module's text.

    Attributes:
        tools: in the order in which the prompt lists them.
        template: of the question, with the place ``{question}``.
        system: the system message, with the place ``{tools}``; ``None``: the format's own.
        worked: worked examples, which stand before the question.
        parser: of the model's text, for these tools.
    """

    tools: tuple[Tool, ...]
    template: str
    system: str | None = None
    worked: tuple[WorkedTrace, ...] = ()
    parser: ActionParser = field(init=False, repr=False, compare=False)

    own_system: ClassVar[str] = TEXT_SYSTEM
    stop: ClassVar[tuple[str, ...]] = (f"\n{OBSERVATION}",)
    """Strings that end a turn: the model would make up the observation that follows."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "parser", ActionParser(self.tools))

    @property
    def constraint(self) -> Constraint | None:
        """What the engine enforces while decoding; ``None``: nothing."""
        return None

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered to the endpoint."""
        return ()

    @property
    def instructions(self) -> str:
        """The system message, with the tools filled in."""
        system = self.own_system if self.system is None else self.system
        return fill(system, {"tools": self.tool_list()})

    def tool_list(self) -> str:
        """Return the tools as the system message lists them."""
        return "\n".join(
            f"- {tool.name}[{tool.parameters[0].name}]: {tool.description} Example: {tool.example}"
            for tool in self.tools
        )

    def first_prompt(self, question: str) -> tuple[Message, ...]:
        """Return the prompt of the first step: instructions, worked examples, question."""
        messages = [Message("system", self.instructions)]
        for number, example in enumerate(self.worked):
            messages.append(self._question(example.question))
            messages += self.history(example.steps, f"example{number}")
            messages.append(Message("assistant", self.write(example.ending)))
        return (*messages, self._question(question))

    def history(self, steps: Sequence[ExecutedStep], name: str = "call") -> list[Message]:
        """Return executed steps as messages; the ids of their tool calls begin with ``name``."""
        return [
            message for place, step in enumerate(steps) for message in self.exchange(step, f"{name}_{place}")
        ]

    def exchange(self, step: ExecutedStep, call_id: str) -> tuple[Message, Message]:
        """Return the two messages of one step; ``call_id`` is unique within a prompt."""
        del call_id
        return (
            Message("assistant", self.write(step.turn)),
            Message("user", f"{OBSERVATION} {step.observation}"),
        )

    @abstractmethod
    def write(self, turn: Turn) -> str:
        """Return a turn as the model is to write it."""

    def parse(self, result: GenerationResult) -> Turn:
        """Return the turn that a model wrote.

        Raises:
            ActionNotFound: if there is no action in it.
        """
        return self.parser.parse(result.text)

    @property
    @abstractmethod
    def repair(self) -> str:
        """The prompt after a turn that could not be parsed."""

    def repairing(self, result: GenerationResult) -> tuple[Message, Message]:
        """Return a turn that could not be parsed, and the repair prompt."""
        raw = result.text.strip()[:_MAX_RAW] or "(nothing)"
        return Message("assistant", raw), Message("user", self.repair)

    def as_dict(self) -> JsonObject:
        """Return everything that the model is told, as JSON."""
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

    def _question(self, question: str) -> Message:
        return Message("user", fill(self.template, {"question": question}))


@dataclass(frozen=True)
class TextFormat(StepFormat):
    """``Thought: …`` and ``Action: tool[…]``, as in the ReAct paper.

    Attributes:
        enforced: whether a grammar enforces the two lines.
    """

    enforced: bool = False

    @property
    def constraint(self) -> Constraint | None:
        """The grammar of the two lines, if it is enforced."""
        return Constraint("grammar", grammar([tool.name for tool in self.tools])) if self.enforced else None

    def write(self, turn: Turn) -> str:
        """Return both lines; the first argument stands without its name."""
        others = list(turn.arguments.items())[1:]
        named = [f"{name}={_one_line(value)}" for name, value in others]
        name, value = _action(turn)
        return f"Thought: {_one_line(turn.thought)}\nAction: {name}[{', '.join([value, *named])}]"

    @property
    def repair(self) -> str:
        """See ``StepFormat.repair``."""
        return _TEXT_REPAIR.format(example=self.tools[0].example)


@dataclass(frozen=True)
class JsonFormat(StepFormat):
    """One JSON object a turn, enforced by its schema."""

    own_system = JSON_SYSTEM

    @property
    def constraint(self) -> Constraint:
        """The schema of the object."""
        schema = answer_schema([tool.name for tool in self.tools])
        # Not in canonical order: engines decode the properties as they stand, and the thought comes first.
        return Constraint("json_schema", json.dumps(schema))

    def tool_list(self) -> str:
        """See ``StepFormat.tool_list``."""
        return "\n".join(
            f"- {tool.name}: {tool.description} Its input is {tool.parameters[0].description}."
            for tool in self.tools
        )

    def write(self, turn: Turn) -> str:
        """Return the object, with the first argument as its input."""
        name, value = _action(turn)
        step = {"thought": _one_line(turn.thought), "action": name, "input": value}
        return json.dumps(step, ensure_ascii=False)

    @property
    def repair(self) -> str:
        """See ``StepFormat.repair``."""
        return _JSON_REPAIR.format(names=", ".join(tool.name for tool in self.tools))


@dataclass(frozen=True)
class NativeFormat(StepFormat):
    """The endpoint's own tool calls; a reply without one is the answer."""

    own_system = NATIVE_SYSTEM
    stop = ()

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """See ``StepFormat.specs``."""
        return tuple(tool.spec for tool in self.tools)

    def exchange(self, step: ExecutedStep, call_id: str) -> tuple[Message, Message]:
        """Return the tool call and its result."""
        turn = step.turn
        arguments = json.dumps(dict(turn.arguments), ensure_ascii=False)
        # The name of an unknown tool is repeated, too, without the characters that APIs refuse in names.
        call = ToolCall(call_id, _NOT_IN_NAMES.sub("_", turn.tool or ""), arguments)
        return (
            Message("assistant", turn.thought, tool_calls=(call,)),
            Message("tool", step.observation, tool_call_id=call.id),
        )

    def write(self, turn: Turn) -> str:
        """Return the thought and the answer."""
        return f"{turn.thought}\nAnswer: {turn.answer}".lstrip()

    def parse(self, result: GenerationResult) -> Turn:
        """Return the first tool call; without one, the action in the text, or the text as the answer."""
        if result.tool_calls:
            return self._called(result.text.strip(), result.tool_calls[0])
        text = after_thinking(result.text).strip()
        try:
            # Small models write a call as text, or label the answer.
            return self.parser.parse(result.text)
        except ActionNotFound:
            if not text or text.startswith(THINKING_BEGINS):
                raise
            return Turn("", answer=text, read_as="text")

    def _called(self, thought: str, call: ToolCall) -> Turn:
        try:
            arguments = decoded_arguments(call.arguments)
        except ValueError:
            raise ActionNotFound(thought) from None
        turn = self.parser.turn(thought, call.name, arguments, "tool_call")
        if turn is None:
            raise ActionNotFound(thought)
        return turn

    @property
    def repair(self) -> str:
        """See ``StepFormat.repair``."""
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


def answer_schema(names: Sequence[str]) -> JsonObject:
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


def _action(turn: Turn) -> tuple[str, str]:
    """Return the name of a turn's action, and its answer or first argument on one line."""
    if turn.tool is None:
        return FINISH, turn.answer or ""
    return turn.tool, _one_line(next(iter(turn.arguments.values()), ""))


def _one_line(value: object) -> str:
    return re.sub(r"\s+", " ", str(value)).strip()
