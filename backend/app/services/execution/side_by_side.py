"""Experiments that answer the same questions side by side, until the comparison of them is settled.

Each executor of each of them looks, once a second: it reads the scores of further questions that all sides
have answered, in the order in which the sample was drawn, and asks those experiments to end that are
settled (``statistics/settling.py``). What is decided depends on the stored runs alone: all executors find the
same, and so does one that takes over.

No side runs far ahead of the others, since what it answers after the end is wasted: it is given the questions
up to a window beyond the last one that all sides have answered. A side that waits for one that nobody
works on hands its worker back.
"""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from app.core.database import when_database_answers
from app.domain.json import JsonObject
from app.domain.progress import Ending
from app.domain.sharding import ShardSlice
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.statistics.settling import Look, Settling
from app.services.execution.lease import Lease
from app.services.experiments.sequential_repository import SequentialRepository, SideState
from app.services.experiments.sequential_scores import answered_differences
from app.services.runtime import Runtime

_AHEAD = 2  # times the calls in flight that a side may be ahead of the others
_LEAST_AHEAD = 16  # questions
_READ_WINDOWS = 4  # questions that are read at once, in windows
_FEWEST_SIDES = 2
_LOOK_EVERY_S = 0.5  # at the other sides, while this one waits for them
_AHEAD_SHARE = 8  # one part in so many of what was answered: few changes from side to side


@dataclass(frozen=True, slots=True)
class _Sides:
    """A comparison as it is known after some looks.

    Attributes:
        ids: of the experiments, the baseline first.
        score: that decides.
        examples: ids of the sample, in its order.
        settling: what was found so far.
    """

    ids: tuple[uuid.UUID, ...]
    score: str
    examples: Sequence[int]
    settling: Settling

    def going_on(self, states: Mapping[uuid.UUID, SideState]) -> list[uuid.UUID]:
        """Return the experiments that are compared further, the baseline first; none without it."""
        wanted = [self.ids[0], *map(uuid.UUID, self.settling.open)]
        there = [one for one in wanted if (state := states.get(one)) and not state.lost]
        return there if self.ids[0] in there else []


class SideBySide:
    """Looks at the comparison that an experiment is part of.

    Attributes:
        hands_back: whether a claim found that another side, which this one waits for, needs this worker.

    Args:
        runtime: of this process.
        experiment: one of the sides.
        comparison_id: of the comparison.
    """

    def __init__(self, runtime: Runtime, experiment: Experiment, comparison_id: uuid.UUID) -> None:
        self._runtime = runtime
        self._experiment = experiment
        self._comparison_id = comparison_id
        self._repeats = int(experiment.config["repeats"])
        self._sides: _Sides | None = None
        self._looking = asyncio.Lock()
        self.hands_back = self._others_wait = False

    @classmethod
    def of(cls, runtime: Runtime, experiment: Experiment) -> "SideBySide | None":
        """Return what looks at the comparison of an experiment, if it is part of one."""
        comparison = experiment.sequential_id
        return None if comparison is None else cls(runtime, experiment, comparison)

    async def watch(self, every_s: float) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()

    async def claim(
        self, lease: Lease, count: int, waits_for: Callable[[str | None], None], is_over: Callable[[], bool]
    ) -> list[ShardSlice]:
        """Claim shards that begin near the questions of the other sides; wait for these if there are none.

        Args:
            lease: under which they are claimed.
            count: of shards, at most.
            waits_for: told what is waited for.
            is_over: whether no more shards are wanted.
        """
        try:
            while not is_over():
                before = await self.look()
                shards = await lease.claim(count, before=before)
                if shards or before is None or before >= self._experiment.total // self._repeats:
                    return shards
                self.hands_back = self._others_wait
                if self.hands_back:
                    break
                waits_for("the experiments that it is compared with")
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            waits_for(None)
        return []

    async def look(self) -> int | None:
        """Look, and end what is settled; return before which question of the sample this side may go on.

        Returns:
            A number of questions; ``None``: there is nobody to wait for.
        """
        async with self._looking:
            return await when_database_answers(self._look, "look at a comparison")

    async def _look(self) -> int | None:
        async with self._runtime.sessions() as session:
            repository = SequentialRepository(session)
            sides = self._sides = self._sides or await self._read(repository, DatasetRepository(session))
            states = await repository.states(sides.ids, self._runtime.settings.stale_after_s)
            going_on = sides.going_on(states)
            while len(going_on) >= _FEWEST_SIDES and await self._add(repository, sides, going_on):
                await self._end(repository, sides)
                going_on = sides.going_on(states)
            await session.commit()
        # Without a queue, all experiments are worked on in one process.
        self._others_wait = bool(self._runtime.redis_url) and any(not states[one].at_work for one in going_on)
        if len(going_on) < _FEWEST_SIDES or self._experiment.id not in going_on:
            return None
        return sides.settling.questions + self._window(sides)

    async def _read(self, repository: SequentialRepository, datasets: DatasetRepository) -> _Sides:
        comparison = await repository.get(self._comparison_id)
        ids = tuple(uuid.UUID(one["id"]) for one in comparison.experiments)
        experiment = self._experiment
        questions = experiment.total // self._repeats
        examples = await datasets.sample_ids(experiment.dataset_id, questions, experiment.seed)
        settling = Settling([str(one) for one in ids[1:]], comparison.margin)
        return _Sides(ids, comparison.score, examples, settling)

    def _window(self, sides: _Sides) -> int:
        calls = int(self._experiment.config["concurrency"])
        return max(_AHEAD * calls, _LEAST_AHEAD, sides.settling.questions // _AHEAD_SHARE)

    async def _add(
        self, repository: SequentialRepository, sides: _Sides, going_on: Sequence[uuid.UUID]
    ) -> bool:
        """Add the next questions that all these sides have answered; return whether there are any."""
        settling = sides.settling
        start = settling.questions
        examples = sides.examples[start : start + _READ_WINDOWS * self._window(sides)]
        runs = await repository.runs(going_on, examples, sides.score)
        found = answered_differences(runs, going_on, examples, self._repeats)
        if found is None:
            return False
        unknown = np.full(found[0][0].size, np.nan), np.full(found[0][0].size, np.nan)
        differences = dict.fromkeys(settling.open, unknown)
        differences |= {str(name): one for name, one in zip(going_on[1:], found, strict=True)}
        settling.add(differences)
        return True

    async def _end(self, repository: SequentialRepository, sides: _Sides) -> None:
        """Ask experiments that are settled to end, and store what is known."""
        settling, planned = sides.settling, len(sides.examples)
        of_all = f"of {planned:,} questions"
        for name, look in settling.settled.items():
            reason = f"Settled after {look.asked:,} {of_all}: {look.equivalence.sentence}."
            await repository.end(uuid.UUID(name), Ending(ExperimentStatus.COMPLETED, reason))
        if not settling.open and settling.questions < planned:
            reason = f"Settled after {settling.questions:,} {of_all}, against all others."
            await repository.end(sides.ids[0], Ending(ExperimentStatus.COMPLETED, reason))
        state = {
            "questions": settling.questions,
            "planned": planned,
            "looks": {str(one): _as_json(settling.look(str(one))) for one in sides.ids[1:]},
        }
        await repository.keep(self._comparison_id, state)


def _as_json(look: Look) -> JsonObject:
    return {**asdict(look), "sentence": look.equivalence.sentence}
