"""SQL of one score over many runs: the few columns that maps and comparisons need."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from sqlalchemy import ColumnElement, case, false, func, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from app.models import Example, Run, ScoredRunRow
from app.services.runs.scoring_repository import ScoringRepository, joined_with_examples, scored_value
from app.services.runs.selection_repository import attribution_value, label_value, run_lines, score_value

Unscored = Literal["unscored"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunScore:
    """One score of one run.

    Attributes:
        run_id: row id of the run.
        value: of the score; "unscored" if the run is answered and lacks it; ``None`` if the run failed.
        misread: whether the answer is wrong though an accepted one was in the prompt.
        labelled_wrong: whether most people's labels say that the answer is wrong.
    """

    run_id: int
    value: float | Unscored | None
    misread: bool = False
    labelled_wrong: bool = False


class ScoresRepository:
    """Reads scores within the session it is given."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def names(self, experiment_id: uuid.UUID, scoring_id: uuid.UUID | None = None) -> list[str]:
        """Return the names of all scores that runs have, sorted; of a scoring, if one is given."""
        if scoring_id is None:
            query = select(func.jsonb_object_keys(Run.scores)).where(Run.experiment_id == experiment_id)
        else:
            scored = func.jsonb_object_keys(ScoredRunRow.scores)
            query = select(scored).where(ScoredRunRow.scoring_id == scoring_id)
        query = query.distinct()
        return sorted((await self._session.execute(query)).scalars())

    async def states(
        self, experiment_id: uuid.UUID, score: str, limit: int, scoring_id: uuid.UUID | None = None
    ) -> tuple[list[int], str, list[float | None]]:
        """Return ids, states and latencies (ms) of the first ``limit`` runs by (example, repeat).

        By the scores of a scoring, if one is given.

        A state is one character: c for a value of at least 1, p for one between 0 and 1, w for 0, u for
        an answered run without this score, f for a failed run. Failed and cached runs have no latency.
        """
        value = score_value(score, scoring_id)
        state = case(
            (Run.status == "failed", "f"),
            (value.is_(None), "u"),
            (value >= 1, "c"),
            (value > 0, "p"),
            else_="w",
        )
        latency = case((or_(Run.status == "failed", Run.cached), null()), else_=Run.latency_ms)
        runs = (
            select(Run.example_id, Run.repeat, Run.id, state.label("state"), latency.label("latency_ms"))
            .where(Run.experiment_id == experiment_id)
            .order_by(Run.example_id, Run.repeat)
            .limit(limit)
            .subquery()
        )

        def ordered(column: ColumnElement[T]) -> aggregate_order_by[T]:
            return aggregate_order_by(column, runs.c.example_id, runs.c.repeat)

        # One row of arrays is read in a fraction of the time of one row for each run.
        query = select(
            func.array_agg(ordered(runs.c.id)),
            func.array_to_string(func.array_agg(ordered(runs.c.state)), ""),
            func.array_agg(ordered(runs.c.latency_ms)),
        )
        row = (await self._session.execute(query)).one()
        return row[0] or [], row[1] or "", row[2] or []

    async def by_question(
        self, experiment_id: uuid.UUID, score: str, scoring_id: uuid.UUID | None = None
    ) -> dict[tuple[str, int, int], RunScore]:
        """Return the score of each ``(content hash of the example, repeat, copy)``, in file order.

        Examples of equal content are copies, numbered in their order.

        Args:
            experiment_id: of which experiment.
            score: by name.
            scoring_id: whose score it is; ``None``: that which the experiment was run with.
        """
        column = score_value(score) if scoring_id is None else scored_value(score)
        where_wrong = attribution_value(score_value if scoring_id is None else scored_value)
        misreads = func.coalesce(where_wrong == "misread", false())
        facts = (column, misreads, label_value() == "wrong")
        query = joined_with_examples(
            select(Example.content_hash, Run.repeat, Run.id, Run.status, *facts).select_from(Run), scoring_id
        )
        query = query.where(Run.experiment_id == experiment_id).order_by(Example.position, Run.repeat)
        found: dict[tuple[str, int, int], RunScore] = {}
        copies: Counter[tuple[str, int]] = Counter()
        for content_hash, repeat, run_id, status, value, *marks in await self._session.execute(query):
            scored: float | Unscored = "unscored" if value is None else value
            question = (content_hash, repeat)
            of_run = RunScore(run_id, None if status == "failed" else scored, *marks)
            found[(*question, copies[question])] = of_run
            copies[question] += 1
        return found

    async def runs(self, run_ids: Sequence[int]) -> dict[int, Run]:
        """Return runs by id, as lists show them; they belong to no session."""
        query = run_lines(Run.id.in_(run_ids))
        runs = (await self._session.scalars(query)).all()
        for run in runs:
            self._session.expunge(run)
        return {run.id: run for run in runs}

    async def show_scoring(self, runs: Mapping[int, Run], scoring_id: uuid.UUID) -> None:
        """Let runs show what a scoring says of them, if it says anything; they belong to no session then."""
        for run in runs.values():
            if run in self._session:
                self._session.expunge(run)
        found = await ScoringRepository(self._session).rows_of(scoring_id, list(runs))
        for run_id, (scored, example) in found.items():
            run = runs[run_id]
            run.scores_start, run.answer_start = scored.scores, scored.answer
            run.scores, run.answer = scored.scores, scored.answer
            run.answer_length = None if scored.answer is None else len(scored.answer)
            run.parse_outcome, run.parse_rule = scored.parse_outcome, scored.parse_rule
            if example in self._session:  # several runs may answer it
                self._session.expunge(example)
            example.question_start, example.answers_start = example.question, example.answers
            set_committed_value(run, "example", example)
