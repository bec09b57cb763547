"""Stores runs and answers, many in each commit.

There is one writer, so that commits never wait for each other. When idle, it commits a row at once;
under load, the rows of up to 40 ms together, since a commit costs as much as several rows. It waits
less when more answers are pending than may be lost: after its worker was killed, an experiment asks
again for the calls that were in flight and for the answers that were not committed, and both together
should not exceed the concurrency by much.

Runs are stored under the executor's lease: once it is taken away, no run of this executor follows.

While the database is away, rows stay in memory, and are written again when it is back; rows that
arrived nevertheless are skipped then.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from app.core.database import Sessions, when_database_answers
from app.domain.generation import CachedGeneration, GenerationResult
from app.domain.run import RunRecord
from app.services.execution.lease import LeaseLost
from app.services.runs.cache_repository import CacheRepository
from app.services.runs.repository import RunRepository


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How rows and lookups are grouped.

    Attributes:
        longest_wait_s: from one commit to the next, while rows come in.
        look_every_s: between two looks at how many rows wait.
        gather_s: that a lookup waits for others to join it, when there was none for a while.
        look_up_every_s: between two queries for lookups, while lookups come in.
        max_waiting: rows in memory at most; ``room`` waits while the database is away for long.
        max_waiting_chars: characters of model outputs in memory at most, in the same way.
        max_commit_chars: characters of model outputs in one commit, unless a single row has more. A
            statement of a gigabyte would be refused, and a long one holds up the event loop.
    """

    longest_wait_s: float = 0.04
    look_every_s: float = 0.005
    gather_s: float = 0.003
    look_up_every_s: float = 0.03
    max_waiting: int = 4_000
    max_waiting_chars: int = 50_000_000
    max_commit_chars: int = 4_000_000


class GroupCommitWriter:
    """Stores runs and answers, and looks answers up; see the module's text. It is a ``CacheStore``.

    Attributes:
        committed: runs that are stored; they are numbered from 1, and stored in that order.

    Args:
        sessions: to the database.
        lease: under which runs are stored.
        may_lose: how many answers may be uncommitted at the moment.
        options: how rows and lookups are grouped.
        stored: told of runs when they are stored.
    """

    def __init__(
        self,
        sessions: Sessions,
        lease: uuid.UUID,
        may_lose: Callable[[], int] = lambda: 0,
        options: WriterOptions = WriterOptions(),
        stored: Callable[[Sequence[RunRecord]], None] | None = None,
    ) -> None:
        self._stored = stored
        self._options = options
        self._sessions = sessions
        self._lease = lease
        self._may_lose = may_lose
        self._runs: list[RunRecord] = []
        self._generations: list[CachedGeneration] = []
        self._chars = 0
        self._lookups: dict[str, list[asyncio.Future[GenerationResult | None]]] = {}
        self._wake = asyncio.Event()
        self._lookup_wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._writing = 0
        self._added = 0
        self.committed = 0
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
        """Rows that are not committed yet."""
        return len(self._runs) + len(self._generations) + self._writing

    def add_run(self, run: RunRecord) -> int:
        """Store a run soon, and return its number."""
        self._runs.append(run)
        self._chars += _chars(run)
        self._wake.set()
        self._added += 1
        return self._added

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store an answer soon; see ``CacheStore.put``."""
        self._generations.append(CachedGeneration(key, model, result))
        self._chars += len(result.text)
        self._wake.set()

    async def get(self, key: str) -> GenerationResult | None:
        """Look an answer up, in one query with other lookups; see ``CacheStore.get``."""
        future: asyncio.Future[GenerationResult | None] = asyncio.get_running_loop().create_future()
        self._lookups.setdefault(key, []).append(future)
        self._lookup_wake.set()
        return await future

    async def room(self) -> None:
        """Wait until there is room for more rows."""
        self._raise_if_broken()
        if self._has_room():
            return
        async with self._settled:
            await self._settled.wait_for(lambda: self._has_room() or self._broken() is not None)
        self._raise_if_broken()

    def _has_room(self) -> bool:
        return self.waiting < self._options.max_waiting and self._chars < self._options.max_waiting_chars

    async def flush(self) -> None:
        """Wait until all rows are committed."""
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
                # All writers use one order: two that store the same rows at the same time would
                # otherwise wait for each other (a deadlock).
                runs, generations, chars = self._taken()
                runs.sort(key=lambda run: (run.example_id, run.repeat))
                generations.sort(key=lambda generation: generation.key)
                self._writing = len(runs) + len(generations)
                await when_database_answers(partial(self._commit, runs, generations), "store runs")
                self._writing = 0
                self.committed += len(runs)
                if self._stored is not None:
                    self._stored(runs)
                self._chars -= chars
                self._committed_at = time.monotonic()
                async with self._settled:
                    self._settled.notify_all()
        finally:
            async with self._settled:
                self._settled.notify_all()

    def _taken(self) -> tuple[list[RunRecord], list[CachedGeneration], int]:
        """Take the rows of the next commit, and return them with the characters of their outputs."""
        most = self._options.max_commit_chars
        if self._chars <= most:
            runs, generations, chars = self._runs, self._generations, self._chars
            self._runs, self._generations = [], []
            return runs, generations, chars
        runs, generations, chars = [], [], 0
        while self._generations and (not chars or chars + len(self._generations[0].result.text) <= most):
            chars += len(self._generations[0].result.text)
            generations.append(self._generations.pop(0))
        while self._runs and (not chars or chars + _chars(self._runs[0]) <= most):
            chars += _chars(self._runs[0])
            runs.append(self._runs.pop(0))
        self._wake.set()  # for what is left
        return runs, generations, chars

    async def _let_gather(self) -> None:
        """Wait until it is time for the next commit."""
        until = self._committed_at + self._options.longest_wait_s
        while not self._flushing and time.monotonic() < until:
            await asyncio.sleep(self._options.look_every_s)
            if len(self._generations) > self._may_lose():
                return

    async def _commit(self, runs: list[RunRecord], generations: list[CachedGeneration]) -> None:
        async with self._sessions() as session:
            held = await RunRepository(session).add(runs, generations, self._lease)
            await session.commit()
        if runs and not held:
            raise LeaseLost

    async def _look_up_forever(self) -> None:
        looked_up_at = 0.0
        while True:
            await self._lookup_wake.wait()
            # Lookups that follow soon join this query. Slots do not stay idle meanwhile, since there are
            # more consumers than slots; only the very first lookup must not wait long.
            since = time.monotonic() - looked_up_at
            await asyncio.sleep(max(self._options.gather_s, self._options.look_up_every_s - since))
            self._lookup_wake.clear()
            lookups, self._lookups = self._lookups, {}
            looked_up_at = time.monotonic()
            found: dict[str, GenerationResult] | Exception
            try:
                found = await when_database_answers(partial(self._look_up, list(lookups)), "read the cache")
            except Exception as error:  # noqa: BLE001 - raised where the lookup was made
                found = error
            for key, futures in lookups.items():
                for future in futures:
                    if future.done():  # whoever waited for it was cancelled
                        continue
                    if isinstance(found, Exception):
                        future.set_exception(found)
                    else:
                        future.set_result(found.get(key))

    async def _look_up(self, keys: list[str]) -> dict[str, GenerationResult]:
        async with self._sessions() as session:
            return await CacheRepository(session).get_many(keys)


def _chars(run: RunRecord) -> int:
    return len(run.output or "") + sum(len(call.get("text") or "") for call in run.calls)
