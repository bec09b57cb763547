"""Streaming answers to measure the time to their first token, without a change of what is answered.

The events are put together by the code that reads streams nobody asked for (``event_streams.py``), so that
text, thinking, tool calls and token counts are those of an answer that came at once. What a server does not
do with a stream it does without one: it is asked as always then, the time is not measured, and the result
says that ``stream`` was left out.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from app.domain.generation import GenerationResult, Usage
from app.domain.json import JsonObject
from app.domain.status import FailureKind
from app.services.inference.base import EngineError

STREAM_FIELDS: JsonObject = {"stream": True, "stream_options": {"include_usage": True}}
"""What a body that asks for a stream holds beside the question."""
_REFUSALS = frozenset({FailureKind.BAD_REQUEST, FailureKind.UNSUPPORTED, FailureKind.SERVER})
_NAMED = re.compile(r"(?<![a-z])stream|include_usage", re.IGNORECASE)  # and not "upstream"
_DATA = b"data:"
_TEXTS = ("content", "reasoning_content", "reasoning", "thinking", "refusal", "tool_calls")


class FirstToken:
    """Finds out when the first token of a stream has come, however its bytes are cut.

    Attributes:
        took_s: seconds from the making of this object, with which the call begins; ``None`` while there is
            no token.
    """

    def __init__(self) -> None:
        self.took_s: float | None = None
        self._began = time.perf_counter()
        self._read = 0  # bytes of whole lines that were looked into

    def look(self, received: bytearray) -> None:
        """Look into what has been received so far; further bytes may follow at its end."""
        end = max(received.rfind(b"\n"), received.rfind(b"\r")) + 1
        if self.took_s is not None or end <= self._read:
            return
        lines = bytes(received[self._read : end])
        self._read = end
        if any(_holds_token(line) for line in lines.splitlines()):
            self.took_s = time.perf_counter() - self._began


def _holds_token(line: bytes) -> bool:
    """Return whether a line of a stream is an event with some of the answer."""
    if not line.startswith(_DATA):
        return False
    try:
        choices = orjson.loads(line.removeprefix(_DATA)).get("choices") or []
        return any(_says_something(choice) for choice in choices)
    except (ValueError, AttributeError, TypeError):  # whoever reads the whole will say what is wrong
        return False


def _says_something(choice: JsonObject) -> bool:
    delta = choice.get("delta") or choice.get("message") or {}
    return bool(choice.get("text")) or any(delta.get(name) for name in _TEXTS)


class StreamingChoice:
    """Whether a server is asked for streams: found out with the first call, which goes alone.

    A server that refuses to stream, or whose streams have no token counts though its other answers have, is
    asked without a stream from then on, the first question included: it costs one call more.
    """

    def __init__(self) -> None:
        self._streams: bool | None = None
        self._counts = False
        self._first = asyncio.Lock()

    async def answer(
        self,
        streamed: Callable[[], Awaitable[GenerationResult]],
        plain: Callable[[], Awaitable[GenerationResult]],
    ) -> GenerationResult:
        """Answer a call with a stream, if the server does that well, or else without one.

        Args:
            streamed: makes the call and asks for a stream.
            plain: makes it without.

        Raises:
            EngineError: if there is no answer.
        """
        if self._streams is None:
            async with self._first:
                if self._streams is None:
                    return await self._try(streamed, plain)
        if not self._streams:
            return _unmeasured(await plain())
        result = await streamed()
        # A stream may end behind the answer and before the counts.
        return await plain() if self._counts and result.usage == Usage() else result

    async def _try(
        self,
        streamed: Callable[[], Awaitable[GenerationResult]],
        plain: Callable[[], Awaitable[GenerationResult]],
    ) -> GenerationResult:
        try:
            result = await streamed()
        except EngineError as error:
            if error.kind not in _REFUSALS or not _NAMED.search(error.message):
                raise
            self._streams = False
            return _unmeasured(await plain())
        if result.usage != Usage():
            self._counts = self._streams = True
            return result
        whole = await plain()
        if whole.usage == Usage():
            self._streams = True
            return result
        self._streams = False
        return _unmeasured(whole)


def _unmeasured(result: GenerationResult) -> GenerationResult:
    return replace(result, left_out=(*result.left_out, "stream"))
