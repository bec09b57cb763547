"""When this process has to look for lost experiments, so that a database that nobody needs may sleep.

Databases that are paid by the hour stop when nobody asks them for some minutes. So the API asks only
while there is something to lose: experiments run, or somebody has used the API a moment ago.
"""

import asyncio
from contextlib import suppress
from typing import Literal

from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

WorkLeft = Literal["running", "waiting", "none"]
_LONGEST_PAUSE_S = 600.0


class Attention:
    """Says when to look again; there is one for each process that looks.

    Args:
        every_s: seconds between two looks while experiments run, and at least.
    """

    def __init__(self, every_s: float = 2.0) -> None:
        self._every_s = every_s
        self._pause_s: float | None = every_s  # ``None``: until somebody comes
        self._called = asyncio.Event()

    def call(self) -> None:
        """Look soon: somebody uses this process, or has given it work."""
        self._called.set()

    async def wait(self) -> None:
        """Return when it is time to look."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._called.wait()
        if self._called.is_set():
            self._called.clear()
            self._pause_s = self._every_s
            await asyncio.sleep(self._every_s)

    def found(self, left: WorkLeft) -> None:
        """Take note of what the last look has found.

        Experiments that only wait have their place in the queue: while no worker comes, there are fewer
        and fewer looks.
        """
        if left == "none":
            self._pause_s = None
        elif left == "waiting" and self._pause_s is not None:
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        else:
            self._pause_s = self._every_s


async def work_left(runtime: Runtime) -> WorkLeft:
    """Return whether experiments run, or only wait for a worker."""
    async with runtime.sessions() as session:
        repository = ExperimentRepository(session)
        unended = await repository.count_unended()
        if not unended:
            return "none"
        unattended = await repository.unattended(runtime.settings.stale_after_s)
        return "running" if unended > len(unattended) else "waiting"
