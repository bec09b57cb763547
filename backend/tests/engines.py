"""An engine that answers as a test wants it to, and what such answers are made of."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import repeat

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.services.inference.base import EngineBase, EngineError

Script = Callable[[GenerationRequest], Awaitable[GenerationResult]]
Outcome = str | GenerationResult | EngineError


def answered(
    text: str = "an answer",
    usage: Usage = Usage(3, 2),  # noqa: B008 - frozen
    *,
    latency_s: float = 0.25,
    finish_reason: str = "stop",
) -> GenerationResult:
    """Return an answered call."""
    return GenerationResult(text, usage, latency_s, finish_reason=finish_reason)


def question(request: GenerationRequest) -> str:
    """Return the question that a naive prompt asks."""
    return request.messages[-1].content.partition("Question: ")[2].partition("\n")[0]


class ScriptedEngine(EngineBase):
    """Answers by a script, and remembers what it was asked.

    Args:
        script: a function of the request; or outcomes, one a call, of which the errors are raised; or
            the one outcome of every call.
    """

    def __init__(self, script: Script | Iterable[Outcome] | Outcome) -> None:
        if isinstance(script, Outcome):
            script = repeat(script)
        self._script = script if callable(script) else iter(script)
        self.calls: list[GenerationRequest] = []
        self.closed = 0

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        self.calls.append(request)
        if callable(self._script):
            return await self._script(request)
        outcome = next(self._script)
        if isinstance(outcome, EngineError):
            raise outcome
        return answered(outcome) if isinstance(outcome, str) else outcome

    async def aclose(self) -> None:
        self.closed += 1


class Gate:
    """A script that answers the first ``free`` calls, and the others once it is opened."""

    def __init__(self, free: int = 0) -> None:
        self.free = free
        self.opened = asyncio.Event()
        self.waiting = 0

    async def __call__(self, request: GenerationRequest) -> GenerationResult:
        self.free -= 1
        if self.free < 0:
            self.waiting += 1
            await self.opened.wait()
        return answered(question(request))
