"""The interface of a tool, and how every tool is run: checks, time limit, errors as results."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from app.domain.generation import ToolSpec
from app.domain.hashing import canonical_json
from app.domain.json import JsonObject
from app.domain.passages import Passage
from app.domain.readable_errors import sentence_of
from app.services.inference.failures import clean

ErrorKind = Literal["retry", "final"]
_INTEGER = re.compile(r"[+-]?[0-9]{1,2000}")
_MAX_ARGUMENT = 2_000  # characters


class ToolError(Exception):
    """A tool has no result; the message is for the model."""

    kind: ClassVar[ErrorKind]


class ModelRetry(ToolError):
    """The model may use the tool again, usually with other arguments."""

    kind = "retry"


class ToolFailed(ToolError):
    """The model must not use the tool again."""

    kind = "final"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool."""

    name: str
    description: str
    type: Literal["string", "integer"] = "string"
    required: bool = True


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool returns.

    Attributes:
        text: for the model.
        passages: of the knowledge base, that the text consists of.
        cut: characters that the tool left out.
        took_s: seconds that the use took, if part of the wall time was spent waiting for other uses.
        parts: seconds of its stages, where they are measured.
    """

    text: str
    passages: tuple[Passage, ...] = ()
    cut: int = 0
    took_s: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """The result of one use of a tool, successful or not.

    Attributes:
        text: the output, or the error message, for the model.
        success: whether there is an output.
        duration_s: seconds that it took, without waiting for other uses.
        error: ``retry``: the model may use the tool again; ``final``: it must not; ``None``: no error.
        passages: see ``ToolOutput``.
        cut: see ``ToolOutput``.
        parts: see ``ToolOutput``.
    """

    text: str
    success: bool
    duration_s: float
    error: ErrorKind | None = None
    passages: tuple[Passage, ...] = ()
    cut: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)


class Tool(ABC):
    """A tool that an agent may use.

    Attributes:
        name: as the model writes it.
        description: one line for the model.
        parameters: the first is the one that is written in brackets, ``name[…]``.
        example: a call as the model should write it.
        timeout_s: seconds after which a use is cancelled; ``None``: never.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    example: ClassVar[str]
    timeout_s: float | None = 30.0

    @abstractmethod
    async def run(self, arguments: JsonObject) -> ToolOutput:
        """Return the output for arguments that ``check`` returned.

        Raises:
            ToolError: if there is no output; its message is for the model.
        """

    async def execute(self, arguments: Mapping[str, object]) -> ToolResult:
        """Check the arguments and run the tool; errors are returned as results, too.

        Args:
            arguments: by name, as the model wrote them.
        """
        started = time.perf_counter()
        try:
            checked = self.check(arguments)
            async with asyncio.timeout(self.timeout_s):
                output = await self.run(checked)
        except ToolError as error:
            return ToolResult(clean(str(error), limit=None), False, time.perf_counter() - started, error.kind)
        except TimeoutError:
            took_s = time.perf_counter() - started
            limit_s = took_s if self.timeout_s is None else min(took_s, self.timeout_s)
            message = f"{self.name} gave no result within {limit_s:.2g} s."
            return ToolResult(message, False, took_s, "retry")
        except Exception as error:  # noqa: BLE001 - a bug in a tool must not lose the agent's run
            message = f"{self.name} is out of order ({clean(sentence_of(error))})."
            return ToolResult(message, False, time.perf_counter() - started, "final")
        took_s = time.perf_counter() - started if output.took_s is None else output.took_s
        text = clean(output.text, limit=None)
        return ToolResult(text, True, took_s, None, output.passages, output.cut, output.parts)

    def check(self, arguments: Mapping[str, object]) -> JsonObject:
        """Return the arguments in the types of their parameters, without those that are empty.

        Raises:
            ModelRetry: naming the argument, if one is missing, empty, too long, unknown or not a number.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in arguments:
            if name not in known:
                raise ModelRetry(f"{self.name} has no argument {name!r:.100}; there is {', '.join(known)}.")
        checked: JsonObject = {}
        for name, parameter in known.items():
            value = _typed(self.name, parameter, arguments.get(name))
            if value is not None:
                checked[name] = value
            elif parameter.required:
                raise ModelRetry(f"{self.name} needs its {name}: {parameter.description}.")
        return checked

    @property
    def spec(self) -> ToolSpec:
        """The tool as APIs for tool calls describe it."""
        properties = {p.name: {"type": p.type, "description": p.description} for p in self.parameters}
        required = [p.name for p in self.parameters if p.required]
        schema = {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }
        return ToolSpec(self.name, self.description, canonical_json(schema).decode())


def quoted(text: str, limit: int = 30) -> str:
    """Return text in quotation marks: on one line, shortened, with unprintable characters escaped."""
    text = " ".join(text.split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "“" + "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text) + "”"


def _typed(tool: str, parameter: Parameter, value: object) -> str | int | None:
    """Return an argument in the type of its parameter; ``None`` if it is empty."""
    text = "" if value is None else str(value).strip()
    if len(text) > _MAX_ARGUMENT:
        raise ModelRetry(f"The {parameter.name} of {tool} is longer than {_MAX_ARGUMENT:,} characters.")
    if not text:
        return None
    if parameter.type == "string":
        return text
    if not _INTEGER.fullmatch(text):
        raise ModelRetry(f"The {parameter.name} of {tool} must be a whole number, not {text[:50]!r}.")
    return int(text)
