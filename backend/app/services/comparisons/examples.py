"""Questions side by side: one score of several experiments, question by question."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.comparison_filter import AgreementFilter
from app.domain.hashing import content_hash
from app.models import Example, Run
from app.services.results.cursor import ListCursor
from app.services.results.run_map import require_score
from app.services.results.service import ExperimentResult, ResultService
from app.services.runs.scores_repository import RunScore, ScoresRepository, Unscored

Missing = Literal["missing"]
Question = tuple[str, int, int]
"""Content hash of an example, the repeat, and which of the examples with that content it is."""

_CELLS = {
    "both": (True, True),
    "only_first": (True, False),
    "only_second": (False, True),
    "neither": (False, False),
}
_MAX_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ComparedQuestion:
    """One question with the run of each experiment; ``None`` where one has no run of it."""

    example: Example
    repeat: int
    runs: list[Run | None]


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """A page of questions.

    Attributes:
        questions: with their runs.
        total: questions on all pages.
        next: cursor of the next page; ``None`` on the last one.
    """

    questions: list[ComparedQuestion]
    total: int
    next: str | None


class ExamplesService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._scores = ScoresRepository(session)

    async def compare(
        self,
        ids: Sequence[uuid.UUID],
        score: str,
        where: AgreementFilter,
        cursor: str | None,
        limit: int,
        scorings: Sequence[str] = (),
    ) -> QuestionPage:
        """Return a page of the questions that pass the filter, in the order of the first experiment's.

        Raises:
            InvalidInput: as for ``ResultService.compared``; for a score that no experiment has; for an
                invalid cursor.
            NotFound: if one has no result.
        """
        cursors = ListCursor(
            content_hash([[str(one) for one in ids], score, where, *scorings]), "ids, score and outcome"
        )
        start = _offset(cursors, cursor) if cursor else 0
        compared = await self._results.compared(ids, scorings)
        matching = await self._matching(compared, score, where)
        page = matching[start : start + limit]
        runs = await self._scores.runs([one.run_id for line in page for one in line if one])
        for one in compared:
            if one.scoring_id is not None:
                await self._scores.show_scoring(runs, one.scoring_id)
        questions = [_question([runs[one.run_id] if one else None for one in line]) for line in page]
        end = start + len(page)
        return QuestionPage(questions, len(matching), cursors.write(end) if end < len(matching) else None)

    async def selected(
        self, ids: Sequence[uuid.UUID], score: str, where: AgreementFilter, scorings: Sequence[str] = ()
    ) -> list[list[RunScore | None]]:
        """Return the run of each experiment of all questions that pass the filter; as ``compare``."""
        return await self._matching(await self._results.compared(ids, scorings), score, where)

    async def _matching(
        self, compared: Sequence[ExperimentResult], score: str, where: AgreementFilter
    ) -> list[list[RunScore | None]]:
        require_score(score, sorted({name for one in compared for name in one.result.metrics["scores"]}))
        scores = [
            await self._scores.by_question(one.experiment.id, score, one.scoring_id) for one in compared
        ]
        return [[of.get(question) for of in scores] for question in matching_questions(scores, where)]


def matching_questions(
    scores: Sequence[Mapping[Question, RunScore]], where: AgreementFilter
) -> list[Question]:
    """Return the questions that pass: the first experiment's in its order, then those that it lacks."""
    questions = dict.fromkeys(question for of in scores for question in of)
    if where in {"misread", "labelled_wrong"}:
        marked = attrgetter(where)
        return [one for one in questions if any(one in of and marked(of[one]) for of in scores)]
    return [
        question
        for question in questions
        if passes([one.value if (one := of.get(question)) else "missing" for of in scores], where)
    ]


def passes(values: Sequence[float | Unscored | Missing | None], where: AgreementFilter) -> bool:
    """Return whether a question passes the filter.

    Args:
        values: its score in each experiment; ``None`` where the run failed, "missing" where there is none:
            experiments without the question neither differ in it nor agree.
        where: the cells of the 2 × 2 table (both, only_first, …) need a value of the first two.
    """
    if where == "all":
        return True
    if where == "failed":
        return None in values
    if where in {"differ", "same"}:
        shared = [value for value in values if value != "missing"]
        return len(shared) > 1 and (len(set(shared)) > 1) == (where == "differ")
    first, second = values[:2]
    if not isinstance(first, float) or not isinstance(second, float):
        return False
    return (first >= 1, second >= 1) == _CELLS[where]


def _question(runs: list[Run | None]) -> ComparedQuestion:
    run = next(run for run in runs if run)
    return ComparedQuestion(run.example, run.repeat, runs)


def _offset(cursors: ListCursor, cursor: str) -> int:
    match cursors.read(cursor):
        case [int(offset)] if type(offset) is int and 0 <= offset <= _MAX_OFFSET:
            return offset
    raise cursors.refusal()
