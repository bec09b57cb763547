"""Figures of the platform for a monitoring system that asks for them several times a minute, day and night.

A database that is paid by the hour sleeps when nobody asks it. So it is asked only when the figures may have
changed: while experiments run, after a request that may have changed something, and otherwise a few times a
day, since another API may have.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.core.database import is_database_away
from app.core.logging import get_logger
from app.domain.status import ExperimentStatus
from app.services.experiments.repository import ExperimentRepository
from app.services.monitoring.figures_repository import WorkFigures, read_work
from app.services.runtime import Runtime

log = get_logger(__name__)

_TIMEOUT_S = 5.0
_RUNNING_S = 10.0
_QUEUED_S = 600.0  # a queue that nobody works on
_IDLE_S = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says of the platform at one moment.

    Attributes:
        by_status: experiments by status, deleted ones left out.
        runs: stored runs.
        failed: those of them that failed.
        work: what is queued and being worked on.
    """

    by_status: Mapping[str, int] = field(default_factory=dict)
    runs: int = 0
    failed: int = 0
    work: WorkFigures = field(default_factory=WorkFigures)


class FiguresCache:
    """The newest figures of one process; see the module's text.

    Args:
        runtime: of this process.
        clock: seconds, for tests.

    Attributes:
        database_up: whether the last look was answered.
        read_at: time of the last look that was answered, seconds since the epoch; 0 before.
    """

    def __init__(self, runtime: Runtime, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._clock = clock
        self._figures = Figures()
        self._lock = asyncio.Lock()
        self._looked_at: float | None = None
        self._changed = False
        self.database_up = False
        self.read_at = 0.0

    def note_change(self) -> None:
        """Take note that something may have changed."""
        self._changed = True

    async def current(self) -> Figures:
        """Return the figures; the old ones if the database does not answer."""
        async with self._lock:
            if self._is_due():
                await self._look()
            return self._figures

    def _is_due(self) -> bool:
        if self._looked_at is None:
            return True
        age_s = self._clock() - self._looked_at
        if self._changed or not self.database_up or self._figures.by_status.get(ExperimentStatus.RUNNING):
            return age_s >= _RUNNING_S
        return age_s >= (_QUEUED_S if self._figures.work.queued else _IDLE_S)

    async def _look(self) -> None:
        self._looked_at, self._changed = self._clock(), False
        try:
            async with asyncio.timeout(_TIMEOUT_S), self._runtime.sessions() as session:
                experiments = ExperimentRepository(session)
                by_status = await experiments.counts_by_status()
                runs, failed = await experiments.count_runs()
                work = await read_work(session)
        except Exception as error:
            if not is_database_away(error):
                raise
            self.database_up = False
            return
        self._figures = Figures(by_status, runs, failed, work)
        self.database_up, self.read_at = True, time.time()
