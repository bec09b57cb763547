"""Drawing the figures of reports: one report at a time, in a process that ends with it."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from app.core.errors import Unavailable
from app.services.report.content import Report
from app.services.report.figures.base import Drawn, Figure

_WAITING = 4
"""Reports that may wait for their turn: each takes seconds, so that the last has a minute at most."""


class Drawings:
    """Draws for all requests of this process.

    Drawing takes seconds of a core, and 100 MB that are of no use afterwards: two at once would take from
    the experiments that are running.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def drawn(self, report: Report) -> Drawn:
        """Return the figures of a report, when those before it are drawn.

        Raises:
            Unavailable: if too many wait already.
        """
        if not report.figures:
            return Drawn({}, frozenset())
        if self._waiting > _WAITING:
            raise Unavailable(
                f"{self._waiting} reports are being made already.", hint="Try again in a minute."
            )
        self._waiting += 1
        try:
            async with self._turn:
                return await _in_a_process(report.figures)
        finally:
            self._waiting -= 1


async def _in_a_process(figures: list[Figure]) -> Drawn:
    pool = ProcessPoolExecutor(1, get_context("spawn"))
    try:
        return await asyncio.wrap_future(pool.submit(_draw, figures))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # waiting would stop all other requests


def _draw(figures: list[Figure]) -> Drawn:
    from app.services.report.figures.draw import draw_all  # half a second of imports, in the process alone

    return draw_all(figures)
