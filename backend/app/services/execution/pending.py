"""The samples of an experiment that have no run yet, read a page at a time during the work."""

import asyncio
import uuid
from collections import deque
from collections.abc import Sequence
from functools import partial

from app.core.database import Sessions, when_database_answers
from app.domain.generation import GenerationResult
from app.services.datasets.repository import DatasetRepository, to_example
from app.services.execution.replay import answers_of
from app.services.execution.sample import Sample
from app.services.runs.repository import RunRepository

_PAGE = 512  # examples read at a time


class PendingSamples:
    """Hands out each (example, repeat) that has no run once, in the order of the sample.

    Args:
        sessions: of the database.
        experiment_id: whose runs count.
        dataset_id: where the examples are.
        positions: of the sample's examples in the dataset, in the order to run them.
        repeats: runs for each example.
        resumed: experiments whose answers to the same samples are taken over, the nearest first.
    """

    def __init__(
        self,
        sessions: Sessions,
        experiment_id: uuid.UUID,
        dataset_id: uuid.UUID,
        positions: Sequence[int],
        repeats: int,
        resumed: Sequence[uuid.UUID] = (),
    ) -> None:
        self._sessions = sessions
        self._experiment_id = experiment_id
        self._dataset_id = dataset_id
        self._positions = positions
        self._repeats = repeats
        self._resumed = resumed
        self._read = 0
        self._samples: deque[Sample] = deque()
        self._reading = asyncio.Lock()

    async def next(self) -> Sample | None:
        """Return the next sample; ``None`` when there is nothing left."""
        while not self._samples:
            async with self._reading:
                if self._samples:  # another consumer has read a page meanwhile
                    break
                part = self._positions[self._read : self._read + _PAGE]
                if not part:
                    return None
                samples = await when_database_answers(partial(self._page, part), "read examples")
                self._samples.extend(samples)
                self._read += len(part)
        return self._samples.popleft()

    async def _page(self, positions: Sequence[int]) -> list[Sample]:
        async with self._sessions() as session:
            found = await DatasetRepository(session).examples_at(self._dataset_id, positions)
            rows = {row.position: row for row in found}
            ids = [row.id for row in found]
            runs = RunRepository(session)
            stored = await runs.stored_pairs(self._experiment_id, ids)
            answers: dict[tuple[int, int], dict[str, GenerationResult]] = {}
            for experiment_id in reversed(self._resumed):  # the nearest last: its answers replace others
                for pair, calls in (await runs.calls(experiment_id, ids)).items():
                    answers.setdefault(pair, {}).update(answers_of(calls))
        return [
            Sample(rows[position].id, to_example(rows[position]), repeat, answers.get(pair, {}))
            for position in positions
            for repeat in range(self._repeats)
            if (pair := (rows[position].id, repeat)) not in stored
        ]
