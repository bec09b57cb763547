"""The engine protocol and the one error that engines raise."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.inference.refused_parameters import RefusedParameter


@dataclass(eq=False)
class EngineError(Exception):
    """A call that failed.

    Attributes:
        kind: decides whether the call is repeated, and as what the failure is counted.
        message: what happened, for people; holds no secrets.
        retry_after_s: seconds that the server asks to wait before the next call, if it says so.
        attempts: calls made in total; set by the retry layer.
        final: whether the same call is bound to fail again, though the kind may be retried.
        waiting_for: what the endpoint needs time for, for whoever watches; set if the kind is
            ``unavailable``.
        refused: the parameter that the model refuses; set if the kind is ``unsupported``.
    """

    kind: FailureKind
    message: str
    retry_after_s: float | None = None
    attempts: int = 1
    final: bool = False
    waiting_for: str = ""
    refused: RefusedParameter | None = None

    def __str__(self) -> str:
        return self.message


class Engine(Protocol):
    """What answers generation requests: a provider's API, a local server, a mock, or a layer around one."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request.

        Raises:
            EngineError: if there is no answer.
        """
        ...

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer many requests at once; an error stands in its request's place and affects no other."""
        ...

    async def aclose(self) -> None:
        """Release connections; the engine is not used again."""
        ...


class EngineBase:
    """Base of engines that answer one request at a time: adds ``generate_batch``."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        raise NotImplementedError

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer all requests concurrently; the limiter decides how many are sent at the same time."""

        async def one(request: GenerationRequest) -> GenerationResult | EngineError:
            try:
                return await self.generate(request)
            except EngineError as error:
                return error

        return list(await asyncio.gather(*(one(request) for request in requests)))

    async def aclose(self) -> None:
        """Nothing to release by default."""
