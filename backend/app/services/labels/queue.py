"""Which answers a person looks at next."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.labels import random_place
from app.models import Run
from app.services.evaluation.scorers.registry import SCORERS
from app.services.labels.judging import says_right
from app.services.results.run_map import require_score
from app.services.results.service import ResultService
from app.services.runs.label_repository import LabelledRun, LabelRepository
from app.services.runs.scores_repository import ScoresRepository

QueueOrder = Literal["random", "doubtful"]

_UNSURE = (0.25, 0.75)
"""Values of a judge's score between these say neither yes nor no."""


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run to look at.

    Attributes:
        run: with its example.
        reasons: why it matters, in words; empty in random order.
    """

    run: Run
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Queue:
    """What a person has to look at.

    Attributes:
        waiting: the next runs that the person has not labelled.
        total: runs that could be labelled in this order.
        labelled: of these, how many the person has labelled.
    """

    waiting: list[QueuedRun]
    total: int
    labelled: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    run_id: int
    reasons: list[str]
    place: str


class LabelQueue:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)
        self._labels = LabelRepository(session)

    async def next(
        self, ids: Sequence[uuid.UUID], order: QueueOrder, labeller: str, score: str, limit: int
    ) -> Queue:
        """Return the next runs of these experiments for one person.

        Args:
            ids: of experiments; the answers to one question follow each other.
            order: ``random``, which estimates need, or the most ``doubtful`` first: those on which scores or
                experiments differ, or of which a judge is unsure.
            labeller: whose labels count as done.
            score: by which experiments differ.
            limit: of the runs that are returned.

        Raises:
            NotFound: if an experiment does not exist.
            InvalidInput: if there are scores, and none of this name.
        """
        names: dict[uuid.UUID, list[str]] = {}
        for one in ids:
            await self._results.experiment(one)
            names[one] = await self._scores.names(one)
        require_score(score, sorted({name for some in names.values() for name in some}))
        runs = [await self._labels.runs(one, names[one]) for one in ids]
        found = candidates(runs, order, score)
        done = {label.run_id for label in await self._labels.of(ids) if label.labeller == labeller}
        waiting = [one for one in found if one.run_id not in done][:limit]
        texts = await self._labels.texts([one.run_id for one in waiting])
        return Queue(
            [QueuedRun(texts[one.run_id], one.reasons) for one in waiting],
            len(found),
            sum(one.run_id in done for one in found),
        )


def candidates(runs: Sequence[Sequence[LabelledRun]], order: QueueOrder, score: str) -> list[_Candidate]:
    """Return all runs in random order, or those with a reason for doubt, the most doubtful first.

    Args:
        runs: of each experiment.
        order: see ``LabelQueue.next``.
        score: by which experiments differ.
    """
    apart = _apart(runs, score)
    found = []
    for arm, of in enumerate(runs):
        for run in of:
            question = (run.content, run.repeat, run.copy)
            reasons = [] if order == "random" else [*(apart.get(question, ())), *doubts(run.scores)]
            if reasons or order == "random":
                found.append(_Candidate(run.run_id, reasons, f"{random_place(*question)} {arm}"))
    return sorted(found, key=lambda one: (-len(one.reasons), one.place))


def doubts(scores: Mapping[str, float | None]) -> list[str]:
    """Return what makes a run's scores doubtful, in words."""
    known = {name: value for name, value in scores.items() if value is not None and says_right(name)}
    binary = {name: value for name, value in known.items() if SCORERS.describe(name).kind == "binary"}
    right = sorted(name for name, value in binary.items() if value >= 1)
    wrong = sorted(name for name, value in binary.items() if value <= 0)
    found = []
    if right and wrong:
        found.append(f"{' and '.join(right)} {_say(right)} right, {' and '.join(wrong)} {_say(wrong)} wrong")
    low, high = _UNSURE
    graded = sorted((name, value) for name, value in known.items() if name not in binary)
    return found + [f"{name} is {value:.2f}" for name, value in graded if low < value < high]


def _say(names: Sequence[str]) -> str:
    return "says" if len(names) == 1 else "say"


def _apart(runs: Sequence[Sequence[LabelledRun]], score: str) -> dict[tuple[str, int, int], list[str]]:
    """Return the questions whose answers differ in the score between experiments."""
    values: dict[tuple[str, int, int], set[float]] = {}
    for of in runs:
        for run in of:
            value = run.scores.get(score)
            if value is not None:
                values.setdefault((run.content, run.repeat, run.copy), set()).add(value)
    return {key: [f"the experiments differ in {score}"] for key, some in values.items() if len(some) > 1}
