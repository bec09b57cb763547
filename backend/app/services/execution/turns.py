"""How long an executor may work on one experiment while others wait for a worker.

Workers are given to experiments in turns, so that a small experiment does not wait for the end of one that
takes hours. An executor whose turn is over hands its shards back, and queues its experiment at the end.
"""

import time
import uuid
from collections.abc import Callable

from app.core.database import when_database_answers
from app.models import Experiment
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

_TURN_TO_PREPARATION = 4  # a turn is so many times as long as it took to prepare, at least
_LOOK_EVERY_S = 2.0
_TAKEN_AT_ONCE_S = 3.0  # an experiment that waits for longer has no idle worker


class Turn:
    """One executor's turn.

    Args:
        runtime: of this process.
        experiment: that it works on.
        clock: the time in seconds.
    """

    def __init__(
        self, runtime: Runtime, experiment: Experiment, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._runtime = runtime
        self._id: uuid.UUID = experiment.id
        self._priority = experiment.priority
        self._clock = clock
        self._joined_at = clock()
        self._until: float | None = None

    def begin(self) -> None:
        """Begin to work: what was prepared is prepared."""
        now = self._clock()
        prepared_s = now - self._joined_at
        self._until = now + max(self._runtime.settings.turn_s, _TURN_TO_PREPARATION * prepared_s)

    async def is_over(self, rank: int) -> bool:
        """Return whether this executor is to make room for an experiment that waits.

        Args:
            rank: how many executors of the same experiment came before it: they make room first.
        """
        now = self._clock()
        if self._until is None or now < self._until or not self._runtime.redis_url:
            return False
        self._until = now + _LOOK_EVERY_S
        return await when_database_answers(self._count_waiting, "look who waits") > rank

    async def _count_waiting(self) -> int:
        async with self._runtime.sessions() as session:
            return await ExperimentRepository(session).count_waiting(
                self._id, self._priority, _TAKEN_AT_ONCE_S, self._runtime.settings.stale_after_s
            )
