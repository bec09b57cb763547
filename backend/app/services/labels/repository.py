"""SQL of people's labels, and of the runs that they label."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, defer

from app.domain.labels import Verdict
from app.models import Example, Label, Run
from app.services.runs.selection_repository import score_value


@dataclass(frozen=True, slots=True)
class LabelledRun:
    """An answered run as labelling needs it.

    Attributes:
        content: hash of its question with the accepted answers.
        copy: which of the questions with this content it is of.
        cluster: that the question belongs to; ``None`` if it is independent of all others.
        scores: by name; ``None`` where it has none.
    """

    run_id: int
    content: str
    repeat: int
    copy: int
    key: str
    cluster: str | None
    scores: dict[str, float | None]


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

    async def runs(self, experiment_id: uuid.UUID, scores: Sequence[str]) -> list[LabelledRun]:
        """Return the answered runs of an experiment with these scores, in the order of its questions."""
        query = (
            select(
                *(Run.id, Run.status == "ok", Example.content_hash, Run.repeat, Example.key, Example.cluster),
                *(score_value(name) for name in scores),
            )
            .join(Example, Example.id == Run.example_id)
            .where(Run.experiment_id == experiment_id)
            .order_by(Example.position, Run.repeat)
        )
        copies: Counter[tuple[str, int]] = Counter()
        found = []
        for run_id, ok, content, repeat, key, cluster, *values in await self._session.execute(query):
            copy = copies[content, repeat]
            copies[content, repeat] += 1
            if ok:
                named = dict(zip(scores, values, strict=True))
                found.append(LabelledRun(run_id, content, repeat, copy, key, cluster, named))
        return found

    async def texts(self, run_ids: Sequence[int]) -> dict[int, Run]:
        """Return runs with their examples and whole outputs, by id, without calls and passages."""
        query = select(Run).join(Run.example).where(Run.id.in_(run_ids))
        long = (Run.calls, Run.trace, Run.stages, Run.retrieved)
        query = query.options(contains_eager(Run.example), *(defer(one) for one in long))
        return {run.id: run for run in (await self._session.scalars(query)).all()}
