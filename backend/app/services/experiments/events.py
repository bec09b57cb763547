"""Watching an experiment live: the database has its state and, with each heartbeat, its progress."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from app.core.database import is_database_away
from app.core.errors import Unavailable
from app.domain.progress import ProgressSnapshot
from app.domain.status import ExperimentStatus
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime

_MOST_STREAMS = 200  # of one process; each holds a connection of a client


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """Where an experiment is; see ``ExperimentEvent`` of the schemas."""

    status: ExperimentStatus
    queued: bool
    reason: str | None
    progress: ProgressSnapshot | None
    heartbeat_at: datetime | None = None
    queue_position: int | None = None


@dataclass(slots=True)
class _Watched:
    """An experiment with a poller that all its streams share.

    Attributes:
        state: as it was last seen.
        seen: how many states there have been.
        streams: that follow it.
        ended: whether there will be no more states.
        error: why not, if it was an error.
        changed: set when any of this changes, and then replaced.
    """

    state: ExperimentState | None = None
    seen: int = 0
    streams: int = 0
    ended: bool = False
    error: Exception | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    poller: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Wake the streams."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class ExperimentWatcher:
    """The event streams of one process; however many follow an experiment, one poller looks at it.

    Args:
        runtime: of this process.
        most: streams at the same time.
        tick_s: seconds between two looks at an experiment; as between heartbeats, if left out.
    """

    def __init__(self, runtime: Runtime, most: int = _MOST_STREAMS, tick_s: float | None = None) -> None:
        self._runtime = runtime
        self._most = most
        self._tick_s = runtime.settings.heartbeat_s if tick_s is None else tick_s
        self._open = 0
        self._watched: dict[uuid.UUID, _Watched] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one stream while the block runs.

        Raises:
            Unavailable: if there is none.
        """
        if self._open >= self._most:
            raise Unavailable(
                f"{self._open} event streams are open, the most that this process serves.",
                hint="Close some, or ask for the experiment now and then instead.",
            )
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    async def watch(self, experiment_id: uuid.UUID) -> AsyncIterator[ExperimentState]:
        """Yield the state whenever it changes, until the experiment has ended; see ``watch_experiment``.

        A stream that is slower than the changes is told the newest state only.
        """
        watched = self._watched.get(experiment_id)
        if watched is None:
            watched = self._watched[experiment_id] = _Watched()
            watched.poller = asyncio.create_task(self._poll(experiment_id, watched))
        watched.streams += 1
        told = 0
        try:
            while True:
                while watched.seen == told and not watched.ended:
                    await watched.changed.wait()
                if watched.seen > told and watched.state is not None:
                    told = watched.seen
                    yield watched.state
                elif watched.error is not None:
                    raise watched.error
                else:
                    return
        finally:
            watched.streams -= 1
            if not watched.streams:
                self._forget(experiment_id, watched)

    async def _poll(self, experiment_id: uuid.UUID, watched: _Watched) -> None:
        try:
            async for state in watch_experiment(self._runtime, experiment_id, tick_s=self._tick_s):
                watched.state = state
                watched.seen += 1
                watched.tell()
        except Exception as error:  # noqa: BLE001 - each stream raises it
            watched.error = error
        finally:
            self._forget(experiment_id, watched)
            watched.ended = True
            watched.tell()

    def _forget(self, experiment_id: uuid.UUID, watched: _Watched) -> None:
        if self._watched.get(experiment_id) is watched:
            del self._watched[experiment_id]
        if watched.poller is not None and watched.poller is not asyncio.current_task():
            watched.poller.cancel()

    async def aclose(self) -> None:
        """End the pollers."""
        pollers = [watched.poller for watched in self._watched.values() if watched.poller is not None]
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)


async def watch_experiment(
    runtime: Runtime, experiment_id: uuid.UUID, *, tick_s: float
) -> AsyncIterator[ExperimentState]:
    """Yield the state whenever it changes, until the experiment has ended.

    Args:
        runtime: of this process.
        experiment_id: what to watch.
        tick_s: seconds between two looks.
    """
    last: ExperimentState | None = None
    while True:
        state = await _stored(runtime, experiment_id)
        if state is not None and state != last:
            yield state
            last = state
        if last is not None and last.status.ended:
            return
        await asyncio.sleep(tick_s)


async def _stored(runtime: Runtime, experiment_id: uuid.UUID) -> ExperimentState | None:
    """Return what the database says; ``None`` while it is away (the stream waits for it)."""
    try:
        # A stream outlives its request's session, and must not hold a connection while it sleeps.
        async with runtime.sessions() as session:
            experiment = await ExperimentRepository(session).get(experiment_id, deleted=True)
    except Exception as error:
        if not is_database_away(error):
            raise
        return None
    if experiment is None:
        return None
    return ExperimentState(
        ExperimentStatus(experiment.status),
        experiment.queued,
        experiment.reason,
        experiment.progress_snapshot,
        experiment.heartbeat_at,
        experiment.queue_position,
    )
