"""SQL of people's labels, and of the runs that they label."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager, defer

from app.domain.labels import Verdict
from app.models import Example, Label, Run, ScoredRunRow
from app.services.runs.scoring_repository import scored_value
from app.services.runs.selection_repository import score_value


@dataclass(frozen=True, slots=True)
class LabelledRun:
    """An answered run as labelling needs it.

    Attributes:
        content: hash of its question with the accepted answers, as it was asked.
        copy: which of the questions with this content it is of.
        cluster: that the question belongs to; ``None`` if it is independent of all others.
        scores: by name; ``None`` where it has none.
        question: what pairs it with the runs of other experiments: hash of the question with the answers
            that it was scored against, which another version of the dataset may have corrected; repeat; copy.
    """

    run_id: int
    content: str
    repeat: int
    copy: int
    key: str
    cluster: str | None
    scores: dict[str, float | None]
    question: tuple[str, int, int]


class StoredLabel(NamedTuple):
    """A label with the run's place: its experiment and its question's key in the dataset."""

    experiment_id: uuid.UUID
    run_id: int
    key: str
    repeat: int
    labeller: str
    verdict: Verdict
    failure: str | None
    note: str
    labelled_at: datetime


class LabelRepository:
    """Reads and writes within the given session; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def answered(self, run_ids: Sequence[int]) -> set[int]:
        """Return which of these are runs with an answer."""
        query = select(Run.id).where(Run.id.in_(run_ids), Run.status == "ok")
        return set((await self._session.scalars(query)).all())

    async def put(self, labels: Sequence[Label]) -> None:
        """Store labels, at least one; each takes the place of the same person's label of the same run."""
        rows = {
            (one.run_id, one.labeller): {
                "run_id": one.run_id,
                "labeller": one.labeller,
                "verdict": one.verdict,
                "failure": one.failure,
                "note": one.note,
            }
            for one in labels
        }
        query = insert(Label).values(list(rows.values()))
        new = query.excluded
        changed = {
            "verdict": new.verdict,
            "failure": new.failure,
            "note": new.note,
            "labelled_at": func.clock_timestamp(),
        }
        await self._session.execute(
            query.on_conflict_do_update(index_elements=["run_id", "labeller"], set_=changed)
        )

    async def remove(self, run_id: int, labeller: str) -> bool:
        """Remove a label and return whether there was one."""
        gone = delete(Label).where(Label.run_id == run_id, Label.labeller == labeller)
        return bool((await self._session.execute(gone.returning(Label.run_id))).all())

    async def of(self, experiment_ids: Sequence[uuid.UUID]) -> list[StoredLabel]:
        """Return all labels of these experiments' runs, in the order of their questions."""
        query = (
            select(
                *(Run.experiment_id, Run.id, Example.key, Run.repeat),
                *(Label.labeller, Label.verdict, Label.failure, Label.note, Label.labelled_at),
            )
            .join(Run, Run.id == Label.run_id)
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id.in_(experiment_ids))
            .order_by(Example.position, Run.repeat, Run.experiment_id, Label.labeller)
        )
        return [StoredLabel._make(row) for row in await self._session.execute(query)]

    async def runs(
        self, experiment_id: uuid.UUID, scores: Sequence[str], scoring_id: uuid.UUID | None = None
    ) -> list[LabelledRun]:
        """Return the answered runs of an experiment with these scores, in the order of its questions.

        Args:
            experiment_id: of which experiment.
            scores: by name.
            scoring_id: whose scores they are; ``None``: those that the experiment was run with.
        """
        against = aliased(Example)
        scored = Example.content_hash if scoring_id is None else against.content_hash
        value = score_value if scoring_id is None else scored_value
        columns: list[Any] = [
            *(Run.id, Run.status == "ok", Example.content_hash, Run.repeat, Example.key, Example.cluster),
            func.coalesce(scored, Example.content_hash),
            *(value(name) for name in scores),
        ]
        query = (
            select(*columns)
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id == experiment_id)
            .order_by(Example.position, Run.repeat)
        )
        if scoring_id is not None:
            of_run = and_(ScoredRunRow.run_id == Run.id, ScoredRunRow.scoring_id == scoring_id)
            query = query.outerjoin(ScoredRunRow, of_run)
            query = query.outerjoin(against, against.id == ScoredRunRow.example_id)
        copies: Counter[tuple[str, int]] = Counter()
        scored_copies: Counter[tuple[str, int]] = Counter()
        found = []
        for row in await self._session.execute(query):
            run_id, ok, content, repeat, key, cluster, against_content, *values = row
            copy, scored_copy = copies[content, repeat], scored_copies[against_content, repeat]
            copies[content, repeat] += 1
            scored_copies[against_content, repeat] += 1
            if ok:
                named = dict(zip(scores, values, strict=True))
                question = (against_content, repeat, scored_copy)
                found.append(LabelledRun(run_id, content, repeat, copy, key, cluster, named, question))
        return found

    async def texts(self, run_ids: Sequence[int]) -> dict[int, Run]:
        """Return runs with their examples and whole outputs, by id, without calls and passages."""
        query = select(Run).join(Run.example).where(Run.id.in_(run_ids))
        long = (Run.calls, Run.trace, Run.stages, Run.retrieved)
        query = query.options(contains_eager(Run.example), *(defer(one) for one in long))
        return {run.id: run for run in (await self._session.scalars(query)).all()}
