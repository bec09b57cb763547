"""What a tool is, and the one way in which tools are run."""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from app.domain.generation import ToolSpec
from app.domain.hashing import canonical_json
from app.domain.passages import Passage
from app.services.inference.failures import clean

ErrorKind = Literal["retry", "final"]
_INTEGER = re.compile(r"[+-]?[0-9]{1,2000}")
_MAX_ARGUMENT = 2_000  # characters; nobody asks for more in one piece


class ToolError(Exception):
    """A tool has no result; the message is for the model."""

    kind: ClassVar[ErrorKind]


class ModelRetry(ToolError):
    """The model may try again, with other arguments as a rule."""

    kind = "retry"


class ToolFailed(ToolError):
    """The model is told, and must not use the tool again."""

    kind = "final"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a tool."""

    name: str
    description: str
    type: Literal["string", "integer"] = "string"
    required: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What a tool has to say.

    ``passages``: those of a knowledge base that it is made of; ``cut``: characters that it left out.
    """

    text: str
    passages: tuple[Passage, ...] = ()
    cut: int = 0


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of one use of a tool.

    Attributes:
        text: the result, or what is wrong, for the model.
        success: whether it is a result.
        duration_s: wall time in seconds.
        error: ``retry``: the model may try again; ``final``: it must not; ``None``: no error.
        passages: see ``Found``.
        cut: see ``Found``.
    """

    text: str
    success: bool
    duration_s: float
    error: ErrorKind | None = None
    passages: tuple[Passage, ...] = ()
    cut: int = 0


class Tool(ABC):
    """Something that an agent may use.

    Attributes:
        name: as the model writes it.
        description: one line for the model.
        parameters: the first is the one that stands in brackets, ``name[…]``.
        example: a call as a model should write it.
        timeout_s: seconds after which a use is given up.
    """

    name: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    example: ClassVar[str]
    timeout_s: float = 30.0

    @abstractmethod
    async def answer(self, arguments: Mapping[str, Any]) -> Found:
        """Return the result for arguments that have been checked.

        Raises:
            ToolError: if there is none.
        """

    async def execute(self, arguments: Mapping[str, Any]) -> ToolResult:
        """Use the tool; whatever goes wrong is a result, too.

        Args:
            arguments: by name, as the model wrote them.
        """
        started = time.perf_counter()
        try:
            checked = self.check(arguments)
            async with asyncio.timeout(self.timeout_s):
                found = await self.answer(checked)
        except ToolError as error:
            return ToolResult(clean(str(error), limit=None), False, time.perf_counter() - started, error.kind)
        except TimeoutError:
            took_s = time.perf_counter() - started
            message = f"{self.name} gave no result within {min(took_s, self.timeout_s):.2g} s."
            return ToolResult(message, False, took_s, "retry")
        except Exception as error:  # noqa: BLE001 - a fault of ours is no reason to lose an agent's work
            message = f"{self.name} is out of order ({clean(f'{type(error).__name__}: {error}')})."
            return ToolResult(message, False, time.perf_counter() - started, "final")
        took_s = time.perf_counter() - started
        text = clean(found.text, limit=None)
        return ToolResult(text, True, took_s, passages=found.passages, cut=found.cut)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments in their types; those that are left out are not there.

        Raises:
            ModelRetry: naming the argument, if one is missing, empty, too long, unknown, or no number.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in arguments:
            if name not in known:
                raise ModelRetry(f"{self.name} has no argument {name!r:.100}; there is {', '.join(known)}.")
        checked: dict[str, Any] = {}
        for name, parameter in known.items():
            value = _typed(self.name, parameter, arguments.get(name))
            if value is not None:
                checked[name] = value
            elif parameter.required:
                raise ModelRetry(f"{self.name} needs its {name}: {parameter.description}.")
        return checked

    @property
    def spec(self) -> ToolSpec:
        """The tool as chat APIs with tools describe one."""
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
    """Return text in quotes, on one line, shortened, and with nothing in it that cannot be stored."""
    text = " ".join(text.split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return "“" + "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text) + "”"


def _typed(tool: str, parameter: Parameter, value: Any) -> str | int | None:
    """Return an argument in its type; ``None`` if it is empty."""
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
