"""Reading results: metrics, runs, single runs."""

import base64
import binascii
import uuid
from collections.abc import Sequence
from typing import get_args

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.models import Example, Experiment, Result, Run
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.result_repository import ResultRepository
from app.services.runs.repository import Position, RunFilter, RunRepository, RunSort

MAX_COMPARED = 12
_MAX_ID = 2**63 - 1


class ResultService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._experiments = ExperimentRepository(session)
        self._results = ResultRepository(session)
        self._runs = RunRepository(session)

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

    async def result(self, experiment_id: uuid.UUID) -> tuple[Experiment, Result]:
        """Return an experiment with its result.

        Raises:
            NotFound: if there is no experiment, or no result yet.
        """
        experiment = await self.experiment(experiment_id)
        result = await self._results.get(experiment_id)
        if result is None:
            raise NotFound(
                f"The experiment is {experiment.status} and has no result.",
                hint="Results are there when an experiment has ended with at least one run.",
            )
        return experiment, result

    async def runs(
        self, experiment_id: uuid.UUID, where: RunFilter, sort: str, cursor: str | None, limit: int
    ) -> tuple[Sequence[tuple[Run, Example]], int, str | None]:
        """Return a page of runs, how many pass the filter, and the cursor of the next page.

        Raises:
            NotFound: if there is no experiment.
            InvalidInput: for an unknown sort key or a cursor that is none of ours.
        """
        await self.experiment(experiment_id)
        key = sort.removeprefix("-")
        if key not in get_args(RunSort):
            raise InvalidInput(
                f"Cannot sort runs by {key!r}.",
                hint=f"Sort by one of {', '.join(get_args(RunSort))}, with - before it for descending.",
                errors=[FieldError("sort", "unknown key")],
            )
        made_for = f"{experiment_id} {where} {sort}"
        rows = await self._runs.page(
            experiment_id,
            where,
            key,  # type: ignore[arg-type]
            descending=sort.startswith("-"),
            after=_read_cursor(cursor, made_for) if cursor else None,
            limit=limit + 1,
        )
        total = await self._runs.count(experiment_id, where)
        page = rows[:limit]
        more = len(rows) > limit
        return page, total, _cursor(page[-1][0], key, made_for) if more else None

    async def run(self, experiment_id: uuid.UUID, run_id: int) -> tuple[Run, Example]:
        """Return one run with its calls.

        Raises:
            NotFound: if there is none.
        """
        await self.experiment(experiment_id)
        found = await self._runs.get(experiment_id, run_id)
        if found is None:
            raise NotFound(f"The experiment has no run {run_id}.")
        return found

    async def compared(self, ids: Sequence[uuid.UUID]) -> list[tuple[Experiment, Result]]:
        """Return the experiments of a comparison with their results.

        Raises:
            InvalidInput: for fewer than two, or too many, or the same twice.
            NotFound: if one has no result.
        """
        if not 2 <= len(ids) <= MAX_COMPARED or len(set(ids)) != len(ids):
            raise InvalidInput(
                f"Compare 2 to {MAX_COMPARED} different experiments.",
                errors=[FieldError("ids", f"{len(ids)} given")],
            )
        return [await self.result(experiment_id) for experiment_id in ids]


def _cursor(run: Run, key: str, made_for: str) -> str:
    value = None if key == "order" else getattr(run, key)
    return base64.urlsafe_b64encode(orjson.dumps([made_for, value, run.id])).decode()


def _read_cursor(cursor: str, made_for: str) -> Position:
    try:
        list_, value, run_id = orjson.loads(base64.urlsafe_b64decode(cursor))
        if list_ == made_for and type(run_id) is int and 0 < run_id <= _MAX_ID:
            return Position(None if value is None else float(value), run_id)
    except (ValueError, TypeError, binascii.Error):
        pass
    raise InvalidInput(
        "This cursor does not belong to this list.",
        hint="Pass the `next` of the page before, with the same filter and sort.",
        errors=[FieldError("cursor", "unknown")],
    )
