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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from app.core.database import when_database_answers
from app.domain.json import JsonObject
from app.domain.progress import Ending
from app.domain.status import ExperimentStatus
from app.models import Experiment
from app.services.datasets.repository import DatasetRepository
from app.services.evaluation.statistics.settling import Floats, Look, Settling, possible_differences
from app.services.experiments.sequential_repository import SequentialRepository, SideRun, SideState
from app.services.runtime import Runtime

_AHEAD = 2  # times the calls in flight that a side may be ahead of the others
_LEAST_AHEAD = 16  # questions
_READ_WINDOWS = 4  # questions that are read at once, in windows
_FEWEST_SIDES = 2
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
        others_wait: whether another side, which this one waits for, needs this worker.

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
        self.others_wait = False

    async def watch(self, every_s: float) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(every_s)
            await self.look()

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
        self.others_wait = bool(self._runtime.redis_url) and any(not states[one].at_work for one in going_on)
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
        answered = _answered(_by_question(runs, self._repeats), going_on, examples)
        if not answered:
            return False
        baseline, *others = (list(column) for column in zip(*answered, strict=True))
        unknown = np.full(len(answered), np.nan), np.full(len(answered), np.nan)
        differences = dict.fromkeys(settling.open, unknown)
        for name, column in zip(going_on[1:], others, strict=True):
            differences[str(name)] = _differences(baseline, column)
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


Scores = tuple[Floats, bool]
"""Of one question in one experiment: the scores of its repeats, and whether any of them failed."""


def _by_question(runs: Sequence[SideRun], repeats: int) -> dict[tuple[uuid.UUID, int], Scores]:
    """Return the scores of the examples that an experiment has answered as often as it is to."""
    found: dict[tuple[uuid.UUID, int], list[SideRun]] = {}
    for run in runs:
        found.setdefault((run.experiment_id, run.example_id), []).append(run)
    return {
        key: (
            np.array([np.nan if one.score is None else one.score for one in there]),
            any(one.failed for one in there),
        )
        for key, there in found.items()
        if len(there) == repeats
    }


def _answered(
    found: Mapping[tuple[uuid.UUID, int], Scores], sides: Sequence[uuid.UUID], examples: Sequence[int]
) -> list[list[Scores]]:
    """Return the scores of all sides for the first examples, up to one that some side has not answered."""
    rows = []
    for example in examples:
        row = [found[side, example] for side in sides if (side, example) in found]
        if len(row) < len(sides):
            break
        rows.append(row)
    return rows


def _differences(first: Sequence[Scores], second: Sequence[Scores]) -> tuple[Floats, Floats]:
    """Return the bounds of each question's difference, in the mean of its repeats."""
    one, two = np.array([scores for scores, _ in first]), np.array([scores for scores, _ in second])
    failed = np.array([a or b for (_, a), (_, b) in zip(first, second, strict=True)])
    low, high = possible_differences(one, two)
    applies = failed | ~(np.isnan(one).all(axis=1) & np.isnan(two).all(axis=1))
    return np.where(applies, low.mean(axis=1), np.nan), np.where(applies, high.mean(axis=1), np.nan)


def _as_json(look: Look) -> JsonObject:
    return {**asdict(look), "sentence": look.equivalence.sentence}
