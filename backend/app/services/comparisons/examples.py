"""One score run by run: of one experiment as a map, or of several side by side."""

import base64
import binascii
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.domain.hashing import content_hash
from app.models import Example, Run
from app.services.results.service import ResultService
from app.services.runs.repository import RunRepository
from app.services.runs.scores_repository import Outcome, ScoresRepository

AgreementFilter = Literal["all", "differ", "same", "both", "only_first", "only_second", "neither"]
Values = Sequence[float | str | None]
"""Of one question in each experiment; ``None``: failed or not there."""

_CELLS = {
    "both": (True, True),
    "only_first": (True, False),
    "only_second": (False, True),
    "neither": (False, False),
}
_MAX_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RunStates:
    """See ``RunMap``."""

    scores: list[str]
    total: int
    run_ids: list[int]
    states: str
    latency_ms: list[float | None]


@dataclass(frozen=True, slots=True)
class Side:
    """One question, with the run of each experiment."""

    example: Example
    repeat: int
    runs: list[tuple[Run, Example] | None]


class ExamplesService:
    """Reads only."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultService(session)
        self._runs = RunRepository(session)
        self._outcomes = ScoresRepository(session)

    async def map(self, experiment_id: uuid.UUID, score: str, limit: int) -> RunStates:
        """Return the state of every run by one score, also of an experiment that is running.

        Raises:
            NotFound: if there is no experiment.
            InvalidInput: if there are scores, and none of this name.
        """
        await self._results.experiment(experiment_id)
        names = await self._outcomes.score_names(experiment_id)
        _require_score(score, names)
        total = await self._runs.count(experiment_id, "all")
        ids, states, latencies = await self._outcomes.map(experiment_id, score, limit)
        rounded = [None if value is None else round(value, 1) for value in latencies]
        return RunStates(names, total, ids, states, rounded)

    async def compare(
        self, ids: Sequence[uuid.UUID], score: str, where: AgreementFilter, cursor: str | None, limit: int
    ) -> tuple[list[Side], int, str | None]:
        """Return a page of questions with their runs, how many pass the filter, and the next cursor.

        Raises:
            InvalidInput: as for ``ResultService.compared``; for a score that no experiment has; for a
                cursor that is none of ours.
            NotFound: if one has no result.
        """
        pairs = await self._results.compared(ids)
        _require_score(score, sorted({name for _, result in pairs for name in result.metrics["scores"]}))
        made_for = content_hash([[str(one) for one in ids], score, where])
        start = _read_cursor(cursor, made_for) if cursor else 0
        found = [await self._outcomes.outcomes(one, score) for one in ids]
        keys = matching(found, where)
        page = [[outcomes.get(key) for outcomes in found] for key in keys[start : start + limit]]
        rows = await self._outcomes.runs([one.run_id for line in page for one in line if one])
        sides = [_side([rows[one.run_id] if one else None for one in line]) for line in page]
        end = start + len(page)
        return sides, len(keys), _cursor(end, made_for) if end < len(keys) else None


def matching(
    found: Sequence[dict[tuple[str, int], Outcome]], where: AgreementFilter
) -> list[tuple[str, int]]:
    """Return the keys that pass: those of the first experiment in its order, then those it lacks."""
    keys = {key: None for outcomes in found for key in outcomes}
    return [
        key
        for key in keys
        if passes([one.value if (one := outcomes.get(key)) else None for outcomes in found], where)
    ]


def passes(values: Values, where: AgreementFilter) -> bool:
    """Return whether a question passes; the cells of a fourfold table need a value of both."""
    if where == "all":
        return True
    if where in {"differ", "same"}:
        return (len(set(values)) > 1) == (where == "differ")
    first, second = values[:2]
    if not isinstance(first, float) or not isinstance(second, float):
        return False
    return (first >= 1, second >= 1) == _CELLS[where]


def _side(runs: list[tuple[Run, Example] | None]) -> Side:
    run, example = next(pair for pair in runs if pair)
    return Side(example, run.repeat, runs)


def _require_score(score: str, names: Sequence[str]) -> None:
    if names and score not in names:
        raise InvalidInput(
            f"There is no score {score!r}.",
            hint=f"There are: {', '.join(names)}.",
            errors=[FieldError("score", "no run has it")],
        )


def _cursor(offset: int, made_for: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([made_for, offset])).decode()


def _read_cursor(cursor: str, made_for: str) -> int:
    try:
        value: Any = orjson.loads(base64.urlsafe_b64decode(cursor))
        list_, offset = value
        if list_ == made_for and type(offset) is int and 0 <= offset <= _MAX_OFFSET:
            return offset
    except (ValueError, TypeError, binascii.Error):
        pass
    raise InvalidInput(
        "This cursor does not belong to this list.",
        hint="Pass the `next` of the page before, with the same ids, score and outcome.",
        errors=[FieldError("cursor", "unknown")],
    )
