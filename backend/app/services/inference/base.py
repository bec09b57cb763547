"""The engine protocol and the one error that engines raise."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind


@dataclass(eq=False)
class EngineError(Exception):
    """A call that failed.

    Attributes:
        kind: decides whether another try makes sense, and what the failure is counted as.
        message: what happened, for a person; free of secrets.
        retry_after_s: the server's own wish, in seconds, if it named one.
        attempts: calls made in all; set by the retry layer.
    """

    kind: FailureKind
    message: str
    retry_after_s: float | None = None
    attempts: int = 1

    def __str__(self) -> str:
        return self.message


class Engine(Protocol):
    """Whatever answers generation requests."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request.

        Raises:
            EngineError: if there is no answer.
        """
        ...

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer many requests at once; a failure takes its request's place and harms no other."""
        ...

    async def aclose(self) -> None:
        """Release connections; the engine is not used again."""
        ...


class EngineBase:
    """Gives an engine that answers one request its ``generate_batch``."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        raise NotImplementedError

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer all requests concurrently; how many at once is the limiter's business."""

        async def one(request: GenerationRequest) -> GenerationResult | EngineError:
            try:
                return await self.generate(request)
            except EngineError as error:
                return error

        return list(await asyncio.gather(*(one(request) for request in requests)))

    async def aclose(self) -> None:
        """Nothing to release by default."""
