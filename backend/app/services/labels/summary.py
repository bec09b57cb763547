"""What people's labels say: of the answers, of each other, and of the scores and judges."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.labels import Verdict, consensus, random_place
from app.domain.metrics import Estimate
from app.models import Experiment
from app.services.evaluation.metrics.units import unit_of
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.agreement import krippendorffs_alpha
from app.services.evaluation.statistics.prediction_powered import Corrected, Of, corrected_mean
from app.services.labels.judging import says_right
from app.services.results.service import ResultService, one_for_each
from app.services.runs.label_repository import LabelledRun, LabelRepository, StoredLabel
from app.services.runs.scores_repository import ScoresRepository

Floats = NDArray[np.float64]

FEW = 30
"""Labelled answers from which on the simulated coverage of the estimates is 93 % or more."""
_SURE = 0.5
"""A graded score counts as "right" from here on, where it is compared with people."""
_RIGHT: dict[Verdict, float] = {"right": 1.0, "wrong": 0.0, "unclear": np.nan}


@dataclass(frozen=True, slots=True)
class ScoreAgreement:
    """A score, or a judge, against what people say of the same answers.

    Attributes:
        both: right by the score and by people.
        only_score: right by the score alone: the score is too lenient.
        only_people: right by people alone: the score is too strict.
        neither: right by neither.
        alpha: Krippendorff's; ``None`` if it is not defined.
    """

    score: str
    both: int
    only_score: int
    only_people: int
    neither: int
    alpha: Estimate | None


@dataclass(frozen=True, slots=True)
class CorrectedScore:
    """What a score says of all answers, and what people would say of them, estimated with its help.

    Attributes:
        naive: the score's mean over all answers, which is biased by its errors; ``None`` without a value.
        corrected: ``None`` with fewer than two labelled questions.
    """

    score: str
    naive: float | None
    corrected: Corrected | None


@dataclass(frozen=True, slots=True)
class ExperimentLabels:
    """The labels of one experiment.

    Attributes:
        answered: runs with an answer, which could be labelled.
        labelled: of these, runs with a label.
        sampled: runs from the beginning of the random order on of which each has a label; estimates take
            these alone.
        verdicts: labelled runs by what most people say.
        failures: labels by what they say is wrong with the answer.
        labels_alone: accuracy by the labels of the sample; ``None`` with fewer than two questions.
        scores: by score.
    """

    experiment_id: uuid.UUID
    name: str
    answered: int
    labelled: int
    sampled: int
    verdicts: dict[Verdict, int]
    failures: dict[str, int]
    labels_alone: Corrected | None
    scores: list[CorrectedScore]


@dataclass(frozen=True, slots=True)
class LabelledDifference:
    """The difference of an experiment from the first, by labels and with a score's help.

    Attributes:
        questions: that both have an answer to.
        labels_alone: ``None`` with fewer than two questions whose answers are labelled in both.
        scores: by score; ``naive`` is the difference of its means on these questions.
    """

    experiment_id: uuid.UUID
    questions: int
    labels_alone: Corrected | None
    scores: list[CorrectedScore]


@dataclass(frozen=True, slots=True)
class LabelSummary:
    """What the labels of some experiments say.

    Attributes:
        labellers: people by the runs that they labelled.
        people: agreement of people with each other; ``None`` if no two labelled the same answers, or if all
            say one thing.
        agreements: of each score with people, over all experiments and all labelled runs.
        differences: of each further experiment from the first.
        notes: what the estimates rest on, in words.
    """

    labellers: dict[str, int]
    people: Estimate | None
    experiments: list[ExperimentLabels]
    agreements: list[ScoreAgreement]
    differences: list[LabelledDifference]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Arm:
    experiment: Experiment
    runs: list[LabelledRun]
    verdicts: dict[int, Verdict]
    sample: set[int]
    failures: Counter[str]


class LabelSummaries:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)
        self._labels = LabelRepository(session)

    async def summary(self, ids: Sequence[uuid.UUID], scorings: Sequence[str] = ()) -> LabelSummary:
        """Return what the labels of these experiments say; the first is the baseline.

        Args:
            ids: of the experiments.
            scorings: whose scores the labels are held against, as of ``ResultService.compared``. Labels are
                of answers, and the same for all scorings.

        Raises:
            NotFound: if an experiment, or its scoring, does not exist.
            InvalidInput: for another number of scorings than one, or one for each.
        """
        named = one_for_each(scorings, len(ids))
        experiments = [await self._results.experiment(one) for one in ids]
        stored = await self._labels.of(ids)
        arms, names = [], []
        for experiment, scoring in zip(experiments, named, strict=True):
            scoring_id = await self._results.scoring_id(experiment.id, scoring)
            scores = [one for one in await self._scores.names(experiment.id, scoring_id) if says_right(one)]
            runs = await self._labels.runs(experiment.id, scores, scoring_id)
            arms.append(_arm(experiment, runs, [one for one in stored if one.experiment_id == experiment.id]))
            names.append(scores)
        shared = [one for one in names[0] if all(one in some for some in names)]
        labelled = [_labels_of(arm, scores) for arm, scores in zip(arms, names, strict=True)]
        return LabelSummary(
            dict(Counter(one.labeller for one in stored)),
            _people(arms, stored),
            labelled,
            _agreements(arms, sorted({one for some in names for one in some})),
            [_difference(arms[0], arm, shared) for arm in arms[1:]],
            [note for one in labelled for note in notes_of(one)],
        )


def sample_of(runs: Iterable[LabelledRun], labelled: set[int]) -> set[int]:
    """Return the runs from the beginning of the random order on of which each has a label."""
    found = set()
    for run in sorted(runs, key=lambda one: random_place(one.content, one.repeat, one.copy)):
        if run.run_id not in labelled:
            break
        found.add(run.run_id)
    return found


def _arm(experiment: Experiment, runs: list[LabelledRun], stored: Sequence[StoredLabel]) -> _Arm:
    by_run: dict[int, list[Verdict]] = {}
    for one in stored:
        by_run.setdefault(one.run_id, []).append(one.verdict)
    verdicts = {run_id: consensus(some) for run_id, some in by_run.items()}
    failures = Counter(one.failure for one in stored if one.failure)
    return _Arm(experiment, runs, verdicts, sample_of(runs, set(verdicts)), failures)


def _unit(run: LabelledRun) -> str:
    return unit_of(run.cluster, run.content)


def _labels_of(arm: _Arm, scores: Sequence[str]) -> ExperimentLabels:
    labels = _sampled(arm)
    units = [_unit(run) for run in arm.runs]
    nothing = np.zeros(len(arm.runs))
    return ExperimentLabels(
        arm.experiment.id,
        arm.experiment.name,
        len(arm.runs),
        len(arm.verdicts),
        len(arm.sample),
        dict(Counter(arm.verdicts.values())),
        dict(arm.failures.most_common()),
        corrected_mean(labels, nothing, units, use_judge=False) if arm.runs else None,
        [_corrected(name, labels, _values(arm, name), units) for name in scores],
    )


def _sampled(arm: _Arm) -> Floats:
    """Return the label of each run: NaN outside the sample, and where people cannot tell."""
    return np.array(
        [_RIGHT[arm.verdicts[run.run_id]] if run.run_id in arm.sample else np.nan for run in arm.runs]
    )


def _values(arm: _Arm, score: str) -> Floats:
    values = [run.scores[score] for run in arm.runs]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _corrected(
    name: str, labels: Floats, judged: Floats, units: Sequence[str], of: Of = "score"
) -> CorrectedScore:
    known = ~np.isnan(judged)
    kept = [unit for unit, one in zip(units, known, strict=True) if one]
    naive = float(judged[known].mean()) if known.any() else None
    return CorrectedScore(name, naive, corrected_mean(labels[known], judged[known], kept, of=of))


def _difference(first: _Arm, second: _Arm, scores: Sequence[str]) -> LabelledDifference:
    places = {run.question: place for place, run in enumerate(first.runs)}
    pairs = [(places[run.question], place) for place, run in enumerate(second.runs) if run.question in places]
    left, right = (np.array([pair[side] for pair in pairs], dtype=np.intp) for side in (0, 1))
    labels = _sampled(second)[right] - _sampled(first)[left]
    units = [_unit(first.runs[place]) for place in left]
    found = [
        _corrected(
            name, labels, _values(second, name)[right] - _values(first, name)[left], units, "difference"
        )
        for name in scores
    ]
    alone = corrected_mean(labels, np.zeros(labels.size), units, of="difference", use_judge=False)
    return LabelledDifference(second.experiment.id, len(pairs), alone, found)


def _people(arms: Sequence[_Arm], stored: Sequence[StoredLabel]) -> Estimate | None:
    people = sorted({one.labeller for one in stored})
    columns = {run_id: place for place, run_id in enumerate(dict.fromkeys(one.run_id for one in stored))}
    units = {run.run_id: _unit(run) for arm in arms for run in arm.runs}
    ratings = np.full((len(people), len(columns)), np.nan)
    for one in stored:
        ratings[people.index(one.labeller), columns[one.run_id]] = _RIGHT[one.verdict]
    return krippendorffs_alpha(ratings, [units.get(run_id, str(run_id)) for run_id in columns])


def _agreements(arms: Sequence[_Arm], scores: Sequence[str]) -> list[ScoreAgreement]:
    found = []
    for name in scores:
        pairs = [
            (value >= _limit(name), arm.verdicts[run.run_id] == "right", _unit(run))
            for arm in arms
            for run in arm.runs
            if arm.verdicts.get(run.run_id, "unclear") != "unclear"
            and (value := run.scores.get(name)) is not None
        ]
        cells = Counter((score, people) for score, people, _ in pairs)
        ratings = np.array([[pair[side] for pair in pairs] for side in (0, 1)], dtype=np.float64)
        alpha = krippendorffs_alpha(ratings, [unit for *_, unit in pairs]) if pairs else None
        counts = (cells[True, True], cells[True, False], cells[False, True], cells[False, False])
        found.append(ScoreAgreement(name, *counts, alpha))
    return found


def _limit(name: str) -> float:
    return 1.0 if SCORERS.describe(name).kind == "binary" else _SURE


def notes_of(of: ExperimentLabels) -> list[str]:
    """Return what qualifies the estimates of one experiment, in words."""
    found = []
    left_out = of.labelled - of.sampled
    if left_out:
        found.append(
            f"{of.name}: {left_out:,} of {of.labelled:,} labelled answers are not part of the estimates: "
            "they were not labelled in random order, so that they are no random sample. They count in the "
            "agreement."
        )
    if of.labels_alone is None and of.labelled:
        found.append(
            f"{of.name}: no estimate yet; it needs the labels of at least 2 questions in random order."
        )
    elif of.labels_alone is not None and of.labels_alone.labelled < FEW:
        found.append(
            f"{of.name}: {of.labels_alone.labelled} answers are labelled; label {FEW} or more before you "
            "rely on the estimates."
        )
    unclear = of.verdicts.get("unclear", 0)
    if unclear:
        found.append(
            f"{of.name}: people cannot tell of {unclear:,} answers, which are left out as if that had "
            "nothing to do with whether they are right."
        )
    return found
