"""What was spent in a period, by day, model and method, as the stored runs have it."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput
from app.schemas.budget import BudgetOut
from app.schemas.spending import DaySpending, NamedSpending, SpendingOut, SpendingRow, SpendingSums
from app.services.execution.budget import budget_of_today
from app.services.results.export import defused
from app.services.runs.period_repository import JUDGING, PeriodSums, sums_of_period
from app.services.runs.scorer_calls_repository import ScorerCallsRepository, UnknownCalls
from app.services.runtime import Runtime

DEFAULT_DAYS = 30
_MOST_DAYS = 3660
_NOTHING = PeriodSums(None, None, None, 0, 0, 0, 0, 0, 0, 0, 0.0, 0, 0, None)
_JUDGES = f"Calls of models that judge or score have the method {JUDGING!r}, and no runs."


class SpendingService:
    """Reads only."""

    def __init__(self, session: AsyncSession, runtime: Runtime) -> None:
        self._session = session
        self._runtime = runtime

    async def spending(self, since: date | None, until: date | None) -> SpendingOut:
        """Return what was spent from one day (UTC) to another, both included.

        Args:
            since: the first day; 30 days if left out.
            until: the last day; today if left out.

        Raises:
            InvalidInput: if the last day is before the first one, or too far from it.
        """
        until = until or datetime.now(UTC).date()
        since = since or until - timedelta(days=DEFAULT_DAYS - 1)
        if not timedelta(0) <= until - since <= timedelta(days=_MOST_DAYS):
            raise InvalidInput(
                f"The period from {since} to {until} has no days, or more than {_MOST_DAYS:,}.",
                errors=[FieldError("until", f"must be on or after {since}, and within {_MOST_DAYS:,} days")],
            )
        sums = await sums_of_period(self._session, _midnight(since), _midnight(until) + timedelta(days=1))
        today = await budget_of_today(self._session, self._runtime.settings)
        total = next((one for one in sums if (one.day, one.model, one.method) == (None,) * 3), None)
        if total is None or total.runs is None:  # as of a period in which nothing was stored
            total = _NOTHING
        judged = any(one.method == JUDGING for one in sums)
        of_scorers = await ScorerCallsRepository(self._session).unknown(since, until)
        return SpendingOut(
            since=since,
            until=until,
            total=SpendingSums.model_validate(total),
            by_day=[
                DaySpending.model_validate(one) for one in sums if one.day is not None and one.model is None
            ],
            by_model=_named([one for one in sums if one.day is None and one.model is not None], "model"),
            by_method=_named([one for one in sums if one.day is None and one.method is not None], "method"),
            rows=[SpendingRow.model_validate(one) for one in sums if one.day is not None and one.model],
            budget=BudgetOut.model_validate(today[0]) if today else None,
            notes=_notes(total, of_scorers, judged=judged),
        )


def as_csv(spending: SpendingOut) -> str:
    """Return the rows as CSV, in which nothing is read as a formula; what is not known is empty."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(
        buffer, ["day", "model", "method", *SpendingSums.model_fields], lineterminator="\r\n"
    )
    writer.writeheader()
    for row in spending.rows:
        writer.writerow({name: defused(value) for name, value in row.model_dump(mode="json").items()})
    return buffer.getvalue()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _named(sums: Sequence[PeriodSums], by: str) -> list[NamedSpending]:
    dearest = sorted(sums, key=lambda one: (-(one.usd or 0.0), -one.prompt_tokens - one.completion_tokens))
    return [NamedSpending.model_validate({**one._asdict(), "name": getattr(one, by)}) for one in dearest]


def _notes(total: PeriodSums, of_scorers: UnknownCalls, *, judged: bool) -> list[str]:
    notes = []
    if total.runs_without_price:
        notes.append(
            f"The cost of {total.runs_without_price:,} runs is not known, and is in no sum: their model has "
            "no usd_per_1m in the model catalog, or its server reports no tokens."
        )
    if total.runs_without_tokens:
        notes.append(f"The tokens of {total.runs_without_tokens:,} runs are not known, and are in no sum.")
    for what, unknown in (("cost", of_scorers.without_price), ("tokens", of_scorers.without_tokens)):
        if unknown:
            notes.append(f"The {what} of {unknown:,} calls that judge or score: not known, and in no sum.")
    return [*notes, *([_JUDGES] if judged else [])]
