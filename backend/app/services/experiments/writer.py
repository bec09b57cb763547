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
from contextlib import suppress
from functools import partial
from typing import Any, Self

from app.core.database import Sessions, when_database_answers
from app.domain.generation import GenerationResult
from app.services.experiments.run_repository import RunRepository, generation_row

_LONGEST_WAIT_S = 0.04
_SHORTEST_WAIT_S = 0.004
_GATHER_S = 0.003
_MAX_WAITING = 4_000
"""Rows in memory at most: the runner waits when the database is away for long."""


class GroupCommitWriter:
    """Takes rows at any speed; see the module's text. It is also the cache's store.

    Args:
        sessions: to the database.
        may_lose: how many answers may wait to be durable at the moment.
    """

    def __init__(self, sessions: Sessions, may_lose: Callable[[], int] = lambda: 0) -> None:
        self._sessions = sessions
        self._may_lose = may_lose
        self._runs: list[dict[str, Any]] = []
        self._generations: list[dict[str, Any]] = []
        self._lookups: dict[str, asyncio.Future[GenerationResult | None]] = {}
        self._wake = asyncio.Event()
        self._pressing = asyncio.Event()
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

    def add_run(self, row: dict[str, Any]) -> None:
        """Store a run soon."""
        self._runs.append(row)
        self._wake.set()

    def put(self, key: str, model: str, result: GenerationResult) -> None:
        """Store an answer soon; see ``CacheStore.put``."""
        self._generations.append(generation_row(key, model, result))
        self._wake.set()
        if len(self._generations) > self._may_lose():
            self._pressing.set()

    async def get(self, key: str) -> GenerationResult | None:
        """Look an answer up, together with whatever else is asked for now; see ``CacheStore.get``."""
        future = self._lookups.get(key)
        if future is None:
            future = self._lookups[key] = asyncio.get_running_loop().create_future()
            self._lookup_wake.set()
        return await asyncio.shield(future)

    async def room(self) -> None:
        """Return when there is room for more rows."""
        self._raise_if_broken()
        if self.waiting < _MAX_WAITING:
            return
        async with self._settled:
            await self._settled.wait_for(lambda: self.waiting < _MAX_WAITING or self._broken() is not None)
        self._raise_if_broken()

    async def flush(self) -> None:
        """Return when all rows are durable."""
        self._flushing = True
        self._pressing.set()
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
                self._pressing.clear()
                # In one order for all writers: they may store the same rows at the same time, and
                # each waits for the other's until it is committed.
                runs = sorted(self._runs, key=lambda row: (row["example_id"], row["repeat"]))
                generations = sorted(self._generations, key=lambda row: row["key"])
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
        since = time.monotonic() - self._committed_at
        if self._flushing or since >= _LONGEST_WAIT_S:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT_S - since):
                await asyncio.sleep(max(0.0, _SHORTEST_WAIT_S - since))
                await self._pressing.wait()

    async def _commit(self, runs: list[dict[str, Any]], generations: list[dict[str, Any]]) -> None:
        async with self._sessions() as session:
            await RunRepository(session).add(runs, generations)
            await session.commit()

    async def _look_up_forever(self) -> None:
        while True:
            await self._lookup_wake.wait()
            await asyncio.sleep(_GATHER_S)  # who asks next comes along
            self._lookup_wake.clear()
            lookups, self._lookups = self._lookups, {}
            try:
                found = await when_database_answers(partial(self._look_up, list(lookups)), "read the cache")
            except Exception as error:  # noqa: BLE001 - becomes the failure of who asked
                for future in lookups.values():
                    future.set_exception(error)
            else:
                for key, future in lookups.items():
                    future.set_result(found.get(key))

    async def _look_up(self, keys: list[str]) -> dict[str, GenerationResult]:
        async with self._sessions() as session:
            return await RunRepository(session).generations(keys)
