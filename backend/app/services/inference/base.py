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


class NotSent(EngineError):
    """A request that was not sent, since those who ask stop; it stands in its place in a group."""


@dataclass(eq=False)
class Crashed(EngineError):
    """A defect of ours, met while one request of a group was handled; it stands in its place.

    Attributes:
        error: to be raised.
    """

    error: BaseException | None = None


class Engine(Protocol):
    """What answers generation requests: a provider's API, a local server, a mock, or a layer around one."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request.

        Raises:
            EngineError: if there is no answer.
        """
        ...

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return which of the requests may be asked together, in one call of the endpoint, by index."""
        ...

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call of the endpoint, which ``lists`` has found to be possible.

        Returns:
            an answer, or what is in its place, for each request.

        Raises:
            EngineError: if the call fails as a whole.
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


_LIST_REFUSED = frozenset(
    {
        FailureKind.BAD_REQUEST,
        FailureKind.CONTEXT_LENGTH,
        FailureKind.MALFORMED,
        FailureKind.REFUSED,
        FailureKind.TOO_LARGE,
        FailureKind.UNSUPPORTED,
    }
)
"""Failures of a list that may be those of one of its requests, or of the list itself."""


class EngineBase:
    """Base of engines that answer one request at a time: adds ``generate_batch``.

    An engine whose endpoint takes several prompts in one call overrides ``lists`` and ``generate_list``.
    """

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request; see ``Engine.generate``."""
        raise NotImplementedError

    def lists(self, requests: Sequence[GenerationRequest]) -> list[list[int]]:
        """Return that each request is asked for alone; see ``Engine.lists``."""
        return [[index] for index in range(len(requests))]

    async def generate_list(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer requests in one call; see ``Engine.generate_list``."""
        raise NotImplementedError

    async def generate_batch(
        self, requests: Sequence[GenerationRequest]
    ) -> list[GenerationResult | EngineError]:
        """Answer all requests side by side, and in lists where the endpoint takes them.

        The limiter decides how many calls are sent at the same time. A list that is refused as a whole may
        hold one bad prompt: its requests are asked for one by one then.
        """
        outcomes: dict[int, GenerationResult | EngineError] = {}

        async def ask(indexes: list[int]) -> None:
            asked = [requests[index] for index in indexes]
            outcomes.update(zip(indexes, await self._ask(asked), strict=True))

        await asyncio.gather(*(ask(indexes) for indexes in self.lists(requests)))
        return [outcomes[index] for index in range(len(requests))]

    async def _ask(self, requests: Sequence[GenerationRequest]) -> list[GenerationResult | EngineError]:
        if len(requests) > 1:
            try:
                return await self.generate_list(requests)
            except EngineError as error:
                if error.kind not in _LIST_REFUSED:
                    return [error] * len(requests)
            except asyncio.CancelledError:
                return [_not_sent()] * len(requests)
            except Exception:  # noqa: BLE001, S110 - alone, each tells of its own defect
                pass
        return list(await asyncio.gather(*(self._ask_one(request) for request in requests)))

    async def _ask_one(self, request: GenerationRequest) -> GenerationResult | EngineError:
        try:
            return await self.generate(request)
        except EngineError as error:
            return error
        except asyncio.CancelledError:
            return _not_sent()
        except Exception as error:  # noqa: BLE001 - raised where the answer is taken out of the batch
            return Crashed(FailureKind.INTERNAL, type(error).__name__, error=error)

    async def aclose(self) -> None:
        """Nothing to release by default."""


def _not_sent() -> NotSent:
    """Return what stands for a request that the limiter, closed, has not let through.

    Raises:
        asyncio.CancelledError: if it is this task that was cancelled, and not the wait.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    return NotSent(FailureKind.INTERNAL, "not sent")
