"""Makes runs and answers durable, many a commit.

One writer, so that commits never wait on each other. When idle it commits what comes at once;
under load, whatever gathered in up to 40 ms, since a commit costs as much as several rows. It waits
less when more answers gather than may be lost: a killed worker asks again for what was in flight
and for what was not durable, and both together should not exceed the concurrency by much.
What the database has not confirmed stays in memory and is written again when it is back; rows that
did arrive are skipped then.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Self

from app.core.database import Sessions, when_database_answers
from app.domain.generation import CachedGeneration, GenerationResult
from app.domain.run import RunRecord
from app.services.runs.cache_repository import CacheRepository
from app.services.runs.repository import RunRepository

_LONGEST_WAIT_S = 0.04
_LOOK_EVERY_S = 0.005
_GATHER_S = 0.003
_LOOK_UP_EVERY_S = 0.03
_MAX_WAITING = 4_000  # rows


class GroupCommitWriter:
    """Takes rows at any speed; see the module's text. It is also the cache's store.

    Args:
        sessions: to the database.
        may_lose: how many answers may wait to be durable at the moment.
        max_waiting: rows in memory at most: the runner waits when the database is away for long.
    """

    def __init__(
        self,
        sessions: Sessions,
        may_lose: Callable[[], int] = lambda: 0,
        *,
        max_waiting: int = _MAX_WAITING,
    ) -> None:
        self._sessions = sessions
        self._may_lose = may_lose
        self._max_waiting = max_waiting
        self._runs: list[RunRecord] = []
        self._generations: list[CachedGeneration] = []
        self._lookups: dict[str, list[asyncio.Future[GenerationResult | None]]] = {}
        self._wake = asyncio.Event()
        self._lookup_wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._writing = 0
        self._flushing = False
        self._committed_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._write_forever()),
            asyncio.create_task(self._look_up_forever()),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """Rows that are not durable yet."""
        return len(self._runs) + len(self._generations) + self._writing

    def add_run(self, run: RunRecord) -> None:
        """Store a run soon."""
        self._runs.append(run)
        self._wake.set()

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store an answer soon; see ``CacheStore.put``."""
        self._generations.append(CachedGeneration(key, model, result))
        self._wake.set()

    async def get(self, key: str) -> GenerationResult | None:
        """Look an answer up, together with whatever else is asked for now; see ``CacheStore.get``."""
        future: asyncio.Future[GenerationResult | None] = asyncio.get_running_loop().create_future()
        self._lookups.setdefault(key, []).append(future)
        self._lookup_wake.set()
        return await future

    async def room(self) -> None:
        """Return when there is room for more rows."""
        self._raise_if_broken()
        if self.waiting < self._max_waiting:
            return
        async with self._settled:
            await self._settled.wait_for(
                lambda: self.waiting < self._max_waiting or self._broken() is not None
            )
        self._raise_if_broken()

    async def flush(self) -> None:
        """Return when all rows are durable."""
        self._flushing = True
        async with self._settled:
            await self._settled.wait_for(lambda: self.waiting == 0 or self._broken() is not None)
        self._raise_if_broken()

    def _broken(self) -> BaseException | None:
        for task in self._tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                return task.exception()
        return None

    def _raise_if_broken(self) -> None:
        error = self._broken()
        if error is not None:
            raise error

    async def _write_forever(self) -> None:
        try:
            while True:
                await self._wake.wait()
                await self._let_gather()
                self._wake.clear()
                # In one order for all writers: they may store the same rows at the same time, and
                # each waits for the other's until it is committed.
                runs = sorted(self._runs, key=lambda run: (run.example_id, run.repeat))
                generations = sorted(self._generations, key=lambda generation: generation.key)
                self._runs, self._generations = [], []
                self._writing = len(runs) + len(generations)
                await when_database_answers(partial(self._commit, runs, generations), "store runs")
                self._writing = 0
                self._committed_at = time.monotonic()
                async with self._settled:
                    self._settled.notify_all()
        finally:
            async with self._settled:
                self._settled.notify_all()

    async def _let_gather(self) -> None:
        """Return when it is time for the next commit."""
        until = self._committed_at + _LONGEST_WAIT_S
        while not self._flushing and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY_S)
            if len(self._generations) > self._may_lose():
                return

    async def _commit(self, runs: list[RunRecord], generations: list[CachedGeneration]) -> None:
        async with self._sessions() as session:
            await RunRepository(session).add(runs, generations)
            await session.commit()

    async def _look_up_forever(self) -> None:
        looked_up_at = 0.0
        while True:
            await self._lookup_wake.wait()
            # Who asks next comes along. There are more consumers than slots, so that none is idle
            # while some wait here; the first of all must not wait long.
            since = time.monotonic() - looked_up_at
            await asyncio.sleep(max(_GATHER_S, _LOOK_UP_EVERY_S - since))
            self._lookup_wake.clear()
            lookups, self._lookups = self._lookups, {}
            looked_up_at = time.monotonic()
            found: dict[str, GenerationResult] | Exception
            try:
                found = await when_database_answers(partial(self._look_up, list(lookups)), "read the cache")
            except Exception as error:  # noqa: BLE001 - becomes the failure of who asked
                found = error
            for key, futures in lookups.items():
                for future in futures:
                    if future.done():  # who asked has been cancelled
                        continue
                    if isinstance(found, Exception):
                        future.set_exception(found)
                    else:
                        future.set_result(found.get(key))

    async def _look_up(self, keys: list[str]) -> dict[str, GenerationResult]:
        async with self._sessions() as session:
            return await CacheRepository(session).get_many(keys)
