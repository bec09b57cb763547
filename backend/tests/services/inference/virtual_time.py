"""An event loop whose clock jumps to the next timer: hours pass at once, and always the same way."""

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class NothingWillHappen(Exception):
    """Everybody waits, and nothing is due: without this, the test would hang."""


class _JumpingSelector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingWillHappen
            self.loop.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without real waits."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now


def now() -> float:
    """Return the time of the running loop, in seconds since its start."""
    return asyncio.get_running_loop().time()


def run(main: Callable[[], Awaitable[T]], seed: int = 0) -> T:
    """Run ``main`` in virtual time; random draws are the same each time."""

    async def wrapped() -> T:
        return await main()

    state = random.getstate()
    random.seed(seed)
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(wrapped())
    finally:
        random.setstate(state)
