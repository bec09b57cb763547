"""The samples that an executor is to answer: those of its shards that have no run yet.

Consumers take one sample after another. When there is none left, the first to ask claims further shards
and reads their samples; when nobody has any left to give, consumers wait, since a shard may become free
while others still answer, until all that this executor has taken is done.
"""

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from app.core.database import Sessions, when_database_answers
from app.domain.generation import GenerationResult
from app.domain.sharding import ShardSlice
from app.services.datasets.repository import DatasetRepository, to_example
from app.services.execution.replay import answers_of
from app.services.execution.sample import Sample
from app.services.runs.repository import Outcome, RunRepository

_FEW = 32  # samples left at which more are claimed, so that no consumer waits for the database

Taken = Callable[[ShardSlice, int, Sequence[Outcome]], None]
"""Told of a shard that was read, the repeats of each of its questions, and its runs that are stored."""

More = Callable[[], Awaitable[Sequence[Sample] | None]]
"""Claims further shards and returns their samples; ``None``: there are none to claim."""


class SampleReader:
    """Reads the samples of shards that have no run.

    Args:
        sessions: of the database.
        experiment_id: whose runs count.
        dataset_id: where the examples are.
        positions: of the sample's examples in the dataset, in the order to run them.
        repeats: runs for each example.
        resumed: experiments whose answers to the same samples are taken over, the nearest first.
        taken: told of each shard.
    """

    def __init__(
        self,
        sessions: Sessions,
        experiment_id: uuid.UUID,
        dataset_id: uuid.UUID,
        positions: Sequence[int],
        repeats: int,
        resumed: Sequence[uuid.UUID],
        taken: Taken,
    ) -> None:
        self._sessions = sessions
        self._experiment_id = experiment_id
        self._dataset_id = dataset_id
        self._positions = positions
        self._repeats = repeats
        self._resumed = resumed
        self._taken = taken

    async def read(self, shards: Sequence[ShardSlice]) -> list[Sample]:
        """Return the samples of these shards without a run, in order."""
        return await when_database_answers(partial(self._read, shards), "read examples")

    async def _read(self, shards: Sequence[ShardSlice]) -> list[Sample]:
        positions = [position for one in shards for position in self._positions[one.start : one.stop]]
        async with self._sessions() as session:
            found = await DatasetRepository(session).examples_at(self._dataset_id, positions)
            rows = {row.position: row for row in found}
            ids = [row.id for row in found]
            runs = RunRepository(session)
            outcomes = await runs.outcomes(self._experiment_id, ids)
            answers: dict[tuple[int, int], dict[str, GenerationResult]] = {}
            for experiment_id in reversed(self._resumed):  # the nearest last: its answers replace others
                for pair, calls in (await runs.calls(experiment_id, ids)).items():
                    answers.setdefault(pair, {}).update(answers_of(calls))
        stored: dict[int, list[Outcome]] = {}
        for one in outcomes:
            stored.setdefault(one.example_id, []).append(one)
        samples: list[Sample] = []
        for shard in shards:
            done: list[Outcome] = []
            for position in self._positions[shard.start : shard.stop]:
                row = rows[position]
                example_id, example = row.id, to_example(row)
                found_runs = stored.get(example_id, ())
                done += found_runs
                for repeat in range(self._repeats):
                    if not any(run.repeat == repeat for run in found_runs):
                        replayed = answers.get((example_id, repeat), {})
                        samples.append(Sample(example_id, example, repeat, replayed, shard.number))
            self._taken(shard, self._repeats, done)
        return samples


class PendingSamples:
    """Hands out samples to consumers, as many at a time as are allowed.

    Attributes:
        changed: called when ``takers`` may have changed.

    Args:
        allowed: gives how many consumers may have a sample at the moment.
    """

    def __init__(self, allowed: Callable[[], int]) -> None:
        self._allowed = allowed
        self._samples: deque[Sample] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._busy = 0
        self._dry = self._filling = self._closed = False
        self.changed: Callable[[], None] | None = None

    def takers(self, consumers: int) -> int:
        """Return how many of so many consumers have a sample, or may get one before any other is done."""
        if self._closed or (self._dry and not self._samples):
            return self._busy
        return min(self._allowed(), consumers)

    async def next(self, more: More) -> Sample | None:
        """Return the next sample; ``None`` when there is nothing left to do."""
        while not self._closed:
            if self._busy < self._allowed():
                if len(self._samples) < _FEW and not self._dry and not self._filling:
                    await self._fill(more)  # others take what is left meanwhile
                    continue
                if self._samples:
                    self._busy += 1
                    return self._samples.popleft()
            if self._dry and not self._samples and not self._busy:
                self.close()
                break
            await self._wait()
        return None

    def done(self) -> None:
        """Tell that a sample that was taken is done."""
        self._busy -= 1
        self.look()

    def close(self) -> None:
        """Hand out no more samples."""
        self._closed = True
        self._wake(len(self._waiting))
        if self.changed is not None:
            self.changed()

    def shards_are_free(self) -> None:
        """Tell that there are shards to claim again."""
        self._dry = False
        self.look()

    def look(self) -> None:
        """Wake as many consumers as may go on: there are samples, or more are allowed than before."""
        if self._waiting and not (self._filling and not self._samples):
            room = max(0, self._allowed() - self._busy)
            self._wake(min(room, len(self._samples)) or min(room, 1))
        if self.changed is not None:
            self.changed()

    async def _fill(self, more: More) -> None:
        self._filling = True
        try:
            samples = await more()
            self._dry = samples is None
            self._samples.extend(samples or ())
        finally:
            self._filling = False
            self.look()

    async def _wait(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self.look()  # another one goes on instead
            raise

    def _wake(self, count: int) -> None:
        while count > 0 and self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
                count -= 1
