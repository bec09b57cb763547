"""Repeats of an experiment as a level: what varies between questions, and what when one is asked again."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.metrics import Estimate
from app.domain.provenance import Provenance
from app.domain.rounding import interval
from app.domain.scoring import ScoringRule, scoring_rule
from app.models import Experiment
from app.schemas.scoring import ORIGINAL
from app.services.evaluation.metrics.units import unit_of
from app.services.evaluation.normalise import normalise
from app.services.evaluation.scorers.registry import SCORERS
from app.services.evaluation.statistics.repeats import (
    Passes,
    VarianceShares,
    counts_of_k,
    disagreement,
    flicker,
    passes,
    variance_shares,
)
from app.services.results.run_map import require_score
from app.services.results.service import ResultService
from app.services.runs.repeats_repository import RepeatedRun, RepeatsRepository
from app.services.runs.scores_repository import ScoresRepository

_MOST_LISTED = 20  # questions that flicker
_MOST_ANSWERS = 5  # of one of them


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer with how often it was given; ``None``: the output held none."""

    answer: str | None
    count: int


@dataclass(frozen=True, slots=True)
class FlickeringQuestion:
    """A question whose repeats do not all agree.

    Attributes:
        key: of the example.
        question: its text.
        disagreement: the probability that two of its answers differ.
        answers: the commonest, as they were first written.
        distinct: different answers.
        answered: repeats with an answer, right or wrong.
        score: the mean of the score over its repeats; ``None`` if none has it.
    """

    key: str
    question: str
    disagreement: float
    answers: list[GivenAnswer]
    distinct: int
    answered: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeats say.

    Attributes:
        score: its name.
        repeats: of each question, as planned.
        questions: with two answers or more.
        failed: runs without an answer, which are left out.
        variance: of the score; ``None`` if all are equal, or nothing was repeated.
        passes: pass@k and pass^k; empty for scores that are not right or wrong.
        answers: share of questions whose answer changes between repeats; ``None`` without any.
        scores: share of those whose score does.
        flickering: the questions that flicker most.
        message: the gist as sentences.
    """

    score: str
    repeats: int
    questions: int
    failed: int
    variance: VarianceShares | None
    passes: list[Passes]
    answers: Estimate | None
    scores: Estimate | None
    flickering: list[FlickeringQuestion]
    message: list[str]


@dataclass(frozen=True, slots=True)
class _Question:
    """One question with what became of its repeats."""

    key: str
    text: str
    unit: str
    answers: Counter[str | None]
    written: dict[str | None, str | None]
    scores: list[float]


class RepeatsService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)
        self._runs = RepeatsRepository(session)

    async def repeats(self, experiment_id: uuid.UUID, score: str, scoring: str = ORIGINAL) -> Repeats:
        """Return what the repeats say; the experiment may still be running.

        Args:
            experiment_id: of which experiment.
            score: by name.
            scoring: by which of its scorings.

        Raises:
            NotFound: if there is no experiment, or no such scoring that is complete.
            InvalidInput: if there are scores, and none of this name.
        """
        experiment = await self._results.experiment(experiment_id)
        scoring_id = await self._results.scoring_id(experiment_id, scoring)
        require_score(score, await self._scores.names(experiment_id, scoring_id))
        runs = await self._runs.runs(experiment_id, score, scoring_id)
        return repeats_of(runs, score, _rule(experiment), experiment.config["repeats"], experiment.seed)


def _rule(experiment: Experiment) -> ScoringRule:
    return scoring_rule(Provenance.from_json(experiment.provenance).dataset.scoring)


def repeats_of(
    runs: Sequence[RepeatedRun], score: str, rule: ScoringRule, repeats: int, seed: int
) -> Repeats:
    """Return what repeats say.

    Args:
        runs: in the order of the questions.
        score: its name.
        rule: by which answers are normalised before they are compared.
        repeats: of each question, as planned.
        seed: of the bootstrap.
    """
    questions = _by_question(runs, rule)
    again = [one for one in questions if one.answers.total() > 1]
    scored = [one for one in questions if one.scores]
    units = [one.unit for one in scored]
    found: list[Passes] = []
    if SCORERS.describe(score).kind == "binary" and scored:
        right = [sum(value == 1 for value in one.scores) for one in scored]
        answered = [len(one.scores) for one in scored]
        found = passes(right, answered, units, counts_of_k(max(answered)), seed)
    several = [one for one in questions if len(one.scores) > 1]
    ordered = sorted(again, key=lambda one: -disagreement([*one.answers.values()]))
    result = Repeats(
        score=score,
        repeats=repeats,
        questions=len(again),
        failed=sum(run.failed for run in runs),
        variance=variance_shares([one.scores for one in scored], units),
        passes=found if repeats > 1 else [],
        answers=flicker([len(one.answers) for one in again], [one.unit for one in again]),
        scores=flicker([len(set(one.scores)) for one in several], [one.unit for one in several]),
        flickering=[_flickering(one) for one in ordered[:_MOST_LISTED] if len(one.answers) > 1],
        message=[],
    )
    result.message.extend(_sentences(result))
    return result


def _by_question(runs: Sequence[RepeatedRun], rule: ScoringRule) -> list[_Question]:
    found: dict[str, _Question] = {}
    for place, run in enumerate(runs):
        unit = unit_of(run.cluster, run.content) or f"run {place}"
        one = found.setdefault(run.key, _Question(run.key, run.question, unit, Counter(), {}, []))
        if run.failed:
            continue
        answer = None if run.answer is None else normalise(run.answer, rule)
        one.answers[answer] += 1
        one.written.setdefault(answer, run.answer)
        if run.score is not None:
            one.scores.append(run.score)
    return [*found.values()]


def _flickering(one: _Question) -> FlickeringQuestion:
    return FlickeringQuestion(
        key=one.key,
        question=one.text,
        disagreement=disagreement([*one.answers.values()]),
        answers=[GivenAnswer(one.written[each], n) for each, n in one.answers.most_common(_MOST_ANSWERS)],
        distinct=len(one.answers),
        answered=one.answers.total(),
        score=sum(one.scores) / len(one.scores) if one.scores else None,
    )


def _sentences(found: Repeats) -> list[str]:
    if found.repeats < 2:
        return ["Each question was answered once: set `repeats` to see what chance does."]
    lines = []
    if found.answers:
        lines.append(
            f"The answer changes between repeats for {interval(found.answers)} of {found.answers.n:,} "
            "questions."
        )
    if found.variance:
        lines.append(
            f"{interval(found.variance.between)} of the variance of the score lies between questions, the "
            "rest between repeats of one."
        )
    elif found.questions:
        lines.append("All scores are equal: there is no variance to divide.")
    if found.passes:
        last = found.passes[-1]
        lines.append(
            f"Of {last.k} answers to a question, one or more are right with a probability of "
            f"{interval(last.any_right)} (pass@{last.k}), all of them with {interval(last.all_right)} "
            f"(pass^{last.k})."
        )
    return lines
