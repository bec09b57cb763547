"""Requests in groups: collected from those who ask, sent together, the next group when all is answered.

Whoever asks calls ``generate`` as of any engine, so that every method works in groups: each step of an
agent and each vote joins the next group. A group is sent when as many requests wait as make one, or when
nobody else can add a request before one of those that wait is answered.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.domain.generation import GenerationRequest, GenerationResult
from app.services.inference.base import Crashed, Engine, EngineBase, EngineError, NotSent


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request that waits for its answer."""

    request: GenerationRequest
    outcome: asyncio.Future[GenerationResult | EngineError]


class GroupingEngine(EngineBase):
    """Sends requests through the inner engine's ``generate_batch``, one group at a time.

    Layers below see a group as one; the response cache belongs above, so that cached answers take no
    place in a group. A failure of one request is its own, and the others of its group are answered. For one
    event loop.

    Args:
        inner: answers groups; tries again what failed for a while.
        size: most requests of a group, at least 1.
        asking: gives how many askers there are: those that wait here, and those that may still come with a
            request, whatever becomes of the ones that wait. When it may have shrunk, ``look`` must be
            called.
    """

    def __init__(self, inner: Engine, size: int, asking: Callable[[], int]) -> None:
        self._inner = inner
        self._size = size
        self._asking = asking
        self._waiting: deque[_Waiting] = deque()
        self._group: list[_Waiting] = []  # in flight
        self._sending: asyncio.Task[None] | None = None
        self._closed = False

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        """Answer one request, with its group; see ``Engine.generate``.

        Raises:
            asyncio.CancelledError: if it was not sent before this engine, or the limiter below, was closed.
        """
        if self._closed:
            raise asyncio.CancelledError
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self.look()
        try:
            outcome = await waiting.outcome
        except asyncio.CancelledError:
            self._forget(waiting)
            raise
        request.clock.lap("group")
        if isinstance(outcome, Crashed) and outcome.error is not None:
            raise outcome.error
        if isinstance(outcome, EngineError):
            raise outcome
        return outcome

    def look(self) -> None:
        """Send a group if it is time for one: tells that fewer may come than before."""
        waiting = len(self._waiting)
        if self._sending is None and waiting and waiting >= min(self._size, self._asking()):
            self._group = [self._waiting.popleft() for _ in range(min(self._size, waiting))]
            self._sending = asyncio.create_task(self._send(self._group))
            # Not at the end of the task itself: one that is cancelled before it has begun never gets there.
            self._sending.add_done_callback(self._ended)

    def close(self) -> None:
        """Send no more groups, and cancel the requests that wait; the group in flight is answered."""
        self._closed = True
        while self._waiting:
            self._waiting.popleft().outcome.cancel()

    async def _send(self, group: list[_Waiting]) -> None:
        try:
            for one in group:
                one.request.clock.lap("group")
            outcomes = await self._inner.generate_batch([one.request for one in group])
            for one, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, NotSent):
                    one.outcome.cancel()
                elif not one.outcome.done():
                    # A copy: one error may stand for several requests, and whoever raises it changes it.
                    failed = isinstance(outcome, EngineError)
                    one.outcome.set_result(replace(outcome) if failed else outcome)
        except Exception as error:  # noqa: BLE001 - a defect, which each asker raises
            for one in group:
                if not one.outcome.done():
                    one.outcome.set_exception(error)

    def _ended(self, _sending: "asyncio.Task[None]") -> None:
        for one in self._group:
            one.outcome.cancel()  # those that have an outcome keep it
        self._sending, self._group = None, []
        self.look()

    def _forget(self, waiting: _Waiting) -> None:
        """Drop a request that nobody waits for any more, and its group if that is so of all of it."""
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        elif self._sending is not None and all(one.outcome.done() for one in self._group):
            self._sending.cancel()

    async def aclose(self) -> None:
        """Close this engine and the inner one."""
        self.close()
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await self._inner.aclose()
