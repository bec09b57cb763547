"""What is asked of a model and what it answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from app.domain.json import JsonObject
from app.domain.stages import UNTIMED, StageClock

Role = Literal["system", "user", "assistant", "tool"]
CacheTier = Literal["memory", "database", "resumed"]
"""Where an answer came from that was not asked for: this process's memory, the response cache in the
database, or the runs of the experiment that is resumed."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that is offered to a model; ``parameters`` is a JSON schema, as JSON."""

    name: str
    description: str
    parameters: str

    def as_dict(self) -> JsonObject:
        """Return the wire form shared by chat APIs with tools."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": json.loads(self.parameters),
        }
        return {"type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A use of a tool that a model asks for; ``arguments`` is what it wrote, JSON if all is well."""

    id: str
    name: str
    arguments: str

    def as_dict(self) -> JsonObject:
        """Return the wire form shared by chat APIs with tools."""
        return {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": self.arguments},
        }


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat.

    Attributes:
        tool_calls: what a turn of the assistant asks for.
        tool_call_id: the call that a turn of the role ``tool`` answers.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    def as_dict(self) -> JsonObject:
        """Return the wire form shared by all chat APIs."""
        value: JsonObject = {"role": self.role, "content": self.content}
        if self.tool_calls:
            value["tool_calls"] = [call.as_dict() for call in self.tool_calls]
        if self.tool_call_id is not None:
            value["tool_call_id"] = self.tool_call_id
        return value


@dataclass(frozen=True, slots=True)
class Constraint:
    """The form that an answer must have, which the engine enforces while decoding.

    ``text``: a grammar in llama.cpp's GBNF, or a JSON schema, as JSON.
    """

    kind: Literal["grammar", "json_schema"]
    text: str

    def as_dict(self) -> dict[str, str]:
        """Return the constraint as it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class GenerationParams:
    """Sampling parameters; ``None`` leaves a value to the server's default.

    Attributes:
        temperature: 0 is greedy decoding.
        max_tokens: upper bound on generated tokens.
        stop: strings that end the generation and are not part of the text.
        drop_unsupported: leave out what a model turns out to refuse; it decides no answer by itself.
    """

    temperature: float = 0.0
    max_tokens: int = 64
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    drop_unsupported: bool = False

    def as_dict(self) -> JsonObject:
        """Return the parameters as plain JSON, in a form that is stable for hashing."""
        return {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "top_p": self.top_p,
            "stop": list(self.stop),
        }


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One call: messages, model, parameters, and what makes repeats of it distinct.

    Attributes:
        model: catalog name, ``provider/model``.
        seed: passed to servers that take one, and part of the cache key for all.
        repeat: index of the repeat, so that repeated samples are never collapsed by a cache.
        constraint: form of the answer, if it must have one.
        tools: that the model may ask for.
        clock: told by all that handle the request when a stage of its run ends; no part of what is asked.
    """

    messages: tuple[Message, ...]
    model: str
    params: GenerationParams
    seed: int = 0
    repeat: int = 0
    constraint: Constraint | None = None
    tools: tuple[ToolSpec, ...] = ()
    clock: StageClock = field(default=UNTIMED, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as the server reported them; ``None`` where it reported none.

    Attributes:
        prompt_tokens: of the whole prompt, what came from the provider's prompt cache included.
        completion_tokens: generated, thinking included.
        reasoning_tokens: the part of the completion that was thinking.
        cache_read_tokens: the part of the prompt that the provider had in its prompt cache.
        cache_write_tokens: the part of the prompt that the provider put into it.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Several requests that one call of the endpoint has answered, and what it took for all of them.

    Attributes:
        id: tells groups apart.
        size: requests.
        usage: of all of them together; of each alone nobody knows.
    """

    id: str
    size: int
    usage: Usage


def total_of(counts: Sequence[int | None]) -> int | None:
    """Return the sum, or ``None`` if any count is unknown: part of a sum would pass for the whole."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def sum_of_times(times: Sequence[float | None]) -> float | None:
    """Return the sum of times in seconds, or ``None`` if any is unknown."""
    known = [time for time in times if time is not None]
    return sum(known) if len(known) == len(times) else None


_CUT_OFF = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length"}
)  # the words of several servers


@dataclass(frozen=True, slots=True)
class GenerationResult:
    """An answered call.

    Attributes:
        text: the generated answer, exactly as it came but for NUL characters and secrets.
        thinking: what the model thought before the answer, as far as the server shows it.
        latency_s: wall time in seconds of the attempt that was answered; for a cached answer that
            of the original call. ``None``: not known, as that of a call that a batch job has made.
        first_token_s: the part of ``latency_s`` until the first token; ``None`` if it was not measured.
        queue_s: seconds spent waiting for our own concurrency limiter, in all attempts.
        attempts: calls made, the answered one included; 0 when it came from the cache.
        finish_reason: the server's word for why it stopped (``stop``, ``length``, …).
        model: the model name that the server says it used.
        cached: whether it came from the response cache.
        tool_calls: uses of the offered tools that the model asks for.
        left_out: parameters of the request that were left out, since the model turned out to refuse them.
        group: the requests that it was answered with in one call, if its token counts are only known of
            all of them together; ``usage`` knows none then.
        cache_tier: where it came from, if it is ``cached``.
    """

    text: str
    usage: Usage = Usage()
    latency_s: float | None = 0.0
    queue_s: float = 0.0
    attempts: int = 1
    finish_reason: str | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    cached: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    thinking: str = ""
    left_out: tuple[str, ...] = ()
    group: CallGroup | None = None
    cache_tier: CacheTier | None = None
    first_token_s: float | None = None

    @property
    def cut_off(self) -> bool:
        """Whether it ended at the limit of tokens."""
        return self.finish_reason is not None and self.finish_reason.casefold() in _CUT_OFF

    @property
    def cut_off_thinking(self) -> bool:
        """Whether it ended at the limit of tokens while the model was still thinking."""
        thought = bool(self.thinking or self.usage.reasoning_tokens)
        return thought and self.cut_off and not self.text.strip() and not self.tool_calls


@dataclass(frozen=True, slots=True)
class CachedGeneration:
    """An answered call as the response cache keeps it: under the hash of all that shaped the answer."""

    key: str
    model: str
    result: GenerationResult
