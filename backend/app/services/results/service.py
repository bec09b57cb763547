"""Reading results: metrics, runs, single runs."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeGuard, get_args

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.domain.run_selection import RunSelection, RunSort
from app.models import Experiment, Result, Run, ScoringRow
from app.schemas.scoring import ORIGINAL
from app.services.experiments.repository import ExperimentRepository
from app.services.results.cursor import ListCursor
from app.services.runs.repository import Position, RunRepository
from app.services.runs.scores_repository import ScoresRepository
from app.services.runs.scoring_repository import ScoringRepository

MAX_COMPARED = 12
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ExperimentResult:
    """An experiment that has a result.

    Attributes:
        experiment: that was run.
        result: its metrics and provenance, by the scoring that was asked for.
        scoring: name of that; ``ORIGINAL``: the one that it was run with.
        scoring_id: ``None`` for the original one.
    """

    experiment: Experiment
    result: Result
    scoring: str = ORIGINAL
    scoring_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs.

    Attributes:
        runs: with their examples.
        total: runs on all pages.
        next: cursor of the next page; ``None`` on the last one.
    """

    runs: Sequence[Run]
    total: int
    next: str | None


class ResultService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._experiments = ExperimentRepository(session)
        self._runs = RunRepository(session)
        self._scores = ScoresRepository(session)
        self._scorings = ScoringRepository(session)

    async def experiment(self, experiment_id: uuid.UUID) -> Experiment:
        """Return an experiment.

        Raises:
            NotFound: if there is none.
        """
        experiment = await self._experiments.get(experiment_id)
        if experiment is None:
            raise NotFound(
                f"There is no experiment {experiment_id}.", hint="GET /api/v1/experiments lists them."
            )
        return experiment

    async def result(self, experiment_id: uuid.UUID, scoring: str = ORIGINAL) -> ExperimentResult:
        """Return an experiment with its result.

        Args:
            experiment_id: of which experiment.
            scoring: by which of its scorings.

        Raises:
            NotFound: if there is no experiment, no result yet, or no such scoring that is complete.
        """
        experiment = await self.experiment(experiment_id)
        if experiment.result is None:
            raise NotFound(
                f"The experiment is {experiment.status} and has no result.",
                hint="An experiment has a result once it has ended with at least one run.",
            )
        if scoring == ORIGINAL:
            return ExperimentResult(experiment, experiment.result)
        row = await self._scoring(experiment_id, scoring)
        result = Result(
            experiment_id=experiment_id,
            metrics=row.metrics,
            provenance=scored_provenance(experiment.result.provenance, row),
            created_at=row.finished_at,
        )
        return ExperimentResult(experiment, result, scoring, row.id)

    async def scoring_id(self, experiment_id: uuid.UUID, scoring: str) -> uuid.UUID | None:
        """Return the id of a complete scoring; ``None`` for the original one.

        Raises:
            NotFound: if there is none.
        """
        return None if scoring == ORIGINAL else (await self._scoring(experiment_id, scoring)).id

    async def _scoring(self, experiment_id: uuid.UUID, name: str) -> ScoringRow:
        row = await self._scorings.find(experiment_id, name)
        if row is not None and row.status == "COMPLETED":
            return row
        there = [one.name for one in await self._scorings.of(experiment_id) if one.status == "COMPLETED"]
        raise NotFound(
            f"The experiment has no scoring {name!r}."
            if row is None
            else f"The scoring {name!r} is not complete: it is {row.status}.",
            hint=f"Its scorings: {', '.join((ORIGINAL, *there))}. `llmforge rescore` makes another one.",
        )

    async def runs(
        self, experiment_id: uuid.UUID, where: RunSelection, sort: str, cursor: str | None, limit: int
    ) -> RunPage:
        """Return a page of the runs that are meant, as lists show them; see ``run_lines``.

        Raises:
            NotFound: if there is no experiment, or no such scoring.
            InvalidInput: for an unknown sort key or an invalid cursor.
        """
        await self.experiment(experiment_id)
        scoring_id = await self.scoring_id(experiment_id, where.scoring or ORIGINAL)
        key = sort.removeprefix("-")
        if not _is_sort(key):
            raise InvalidInput(
                f"Cannot sort runs by {key!r}.",
                hint=f"Sort by one of {', '.join(get_args(RunSort))}, with - before it for descending.",
                errors=[FieldError("sort", "unknown key")],
            )
        cursors = ListCursor(content_hash([str(experiment_id), asdict(where), sort]), "filters and sort")
        rows = await self._runs.page(
            experiment_id,
            where,
            key,
            descending=sort.startswith("-"),
            after=_position(cursors, cursor) if cursor else None,
            limit=limit + 1,
            scoring_id=scoring_id,
        )
        total = await self._runs.count(experiment_id, where, scoring_id)
        page = rows[:limit]
        following = None
        if len(rows) > limit:
            last = page[-1]
            following = cursors.write(None if key == "order" else last.sort_value, last.id)
        if scoring_id is not None:
            await self._scores.show_scoring({run.id: run for run in page}, scoring_id)
        return RunPage(page, total, following)

    async def run(self, experiment_id: uuid.UUID, run_id: int, scoring: str = ORIGINAL) -> Run:
        """Return one run with its example and its calls, as a scoring says of it.

        Raises:
            NotFound: if there is none, or no such scoring.
        """
        await self.experiment(experiment_id)
        scoring_id = await self.scoring_id(experiment_id, scoring)
        found = await self._runs.get(experiment_id, run_id)
        if found is None:
            raise NotFound(f"The experiment has no run {run_id}.")
        if scoring_id is not None:
            await self._scores.show_scoring({run_id: found}, scoring_id)
        return found

    async def compared(
        self, ids: Sequence[uuid.UUID], scorings: Sequence[str] = ()
    ) -> list[ExperimentResult]:
        """Return the experiments of a comparison with their results.

        Args:
            ids: of the experiments.
            scorings: by which their answers are compared: one for all, or one for each; none: the original.

        Raises:
            InvalidInput: for fewer than two, or too many, or the same twice; for another number of scorings.
            NotFound: if one has no result, or no such scoring.
        """
        named = one_for_each(scorings, len(ids))
        if not 2 <= len(ids) <= MAX_COMPARED or len(set(ids)) != len(ids):
            raise InvalidInput(
                f"Compare 2 to {MAX_COMPARED} different experiments.",
                errors=[FieldError("ids", f"{len(ids)} given")],
            )
        return [await self.result(*one) for one in zip(ids, named, strict=True)]


def one_for_each(scorings: Sequence[str], experiments: int) -> Sequence[str]:
    """Return the scoring of each of so many experiments: one name may be given for all; none: the original.

    Raises:
        InvalidInput: for another number of scorings.
    """
    if len(scorings) not in {0, 1, experiments}:
        raise InvalidInput(
            f"There are {experiments} experiments and {len(scorings)} scorings.",
            hint="Name one scoring for all, or one for each experiment.",
            errors=[FieldError("scoring", f"{len(scorings)} given")],
        )
    return scorings if len(scorings) == experiments else [*scorings, ORIGINAL][:1] * experiments


def scored_provenance(provenance: JsonObject, scoring: ScoringRow) -> JsonObject:
    """Return the provenance of a result by a scoring: with its scorers, and the dataset scored against."""
    dataset = {
        **provenance["dataset"],
        "version": scoring.dataset.version,
        "size": scoring.dataset.size,
        "scoring": scoring.dataset.scoring,
    }
    made = {
        "name": scoring.name,
        "request": scoring.request,
        "created_by": scoring.created_by,
        "created_at": scoring.created_at.isoformat(),
        "code_version": scoring.code_version,
    }
    provenance = {name: value for name, value in provenance.items() if name != "own_scorers"}
    return {**provenance, "scorers": scoring.scorers, "dataset": dataset, "scoring": made}


def _is_sort(key: str) -> TypeGuard[RunSort]:
    return key in get_args(RunSort)


def _position(cursors: ListCursor, cursor: str) -> Position:
    match cursors.read(cursor):
        case [float() | int() | None as value, int(run_id)] if type(run_id) is int and 0 < run_id <= _MAX_ID:
            return Position(None if value is None else float(value), run_id)
    raise cursors.refusal()
