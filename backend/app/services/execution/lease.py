"""The right to work on one experiment, which one executor holds at a time."""

import uuid
from collections.abc import Callable

from app.core.database import Sessions, when_database_answers
from app.domain.progress import Beat, ProgressSnapshot
from app.domain.status import ExperimentStatus
from app.services.experiments.repository import ExperimentRepository


class LeaseLost(Exception):
    """Another executor holds the lease, or the experiment has ended."""


class Lease:
    """One executor's lease on one experiment.

    It is a row's ``lease`` id, set by compare-and-swap, and kept by a heartbeat: who finds the heartbeat
    older than ``stale_after_s`` may claim the lease. Each method is a transaction of its own, and waits
    while the database is away.

    Args:
        sessions: of the database.
        experiment_id: what to work on.
        stale_after_s: age in seconds at which a heartbeat no longer counts.
        stopping: whether this process is about to end; it then no longer waits for the database.
    """

    def __init__(
        self,
        sessions: Sessions,
        experiment_id: uuid.UUID,
        stale_after_s: float,
        stopping: Callable[[], bool],
    ) -> None:
        self.experiment_id = experiment_id
        self._id = uuid.uuid4()
        self._sessions = sessions
        self._stale_after_s = stale_after_s
        self._stopping = stopping

    async def claim(self) -> bool:
        """Take the lease of a queued experiment, or of a running one whose executor is gone."""

        async def claim() -> bool:
            async with self._sessions() as session:
                claimed = await ExperimentRepository(session).claim(
                    self.experiment_id, self._id, self._stale_after_s
                )
                await session.commit()
                return claimed

        return await when_database_answers(claim, "claim an experiment", self._stopping)

    async def beat(self, progress: ProgressSnapshot | None) -> Beat:
        """Send a heartbeat, with the progress if there is any yet."""

        async def beat() -> Beat:
            async with self._sessions() as session:
                answer = await ExperimentRepository(session).heartbeat(self.experiment_id, self._id, progress)
                await session.commit()
                return answer

        return await when_database_answers(beat, "send a heartbeat")

    async def release(self) -> None:
        """Give the lease back before the experiment has ended, so that another executor may claim it.

        Does not wait for a database that is away: the heartbeat grows stale then.
        """

        async def release() -> None:
            async with self._sessions() as session:
                await ExperimentRepository(session).release(self.experiment_id, self._id)
                await session.commit()

        await when_database_answers(release, "release an experiment", lambda: True)

    async def finish(
        self, status: ExperimentStatus, reason: str | None, progress: ProgressSnapshot | None
    ) -> None:
        """End the experiment.

        Raises:
            LeaseLost: if this executor no longer holds the lease; nothing is changed then.
        """

        async def finish() -> bool:
            async with self._sessions() as session:
                ended = await ExperimentRepository(session).finish(
                    self.experiment_id, self._id, status, reason, progress
                )
                await session.commit()
                return ended

        if not await when_database_answers(finish, "end an experiment", self._stopping):
            raise LeaseLost
