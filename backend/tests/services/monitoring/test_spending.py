"""Tests of what was spent in a period: the same as the stored runs, and nothing unknown is zero."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.errors import InvalidInput
from app.schemas.spending import SpendingOut, SpendingSums
from app.services.execution.executor import Executor
from app.services.monitoring.spending import SpendingService, as_csv
from app.services.runtime import Runtime
from tests.services.execution.test_budget import TOKENS, Counting
from tests.support import create, scripted

PRICED, FREE = "openai/gpt-4o-mini", "mock/gold"
USD = (3 * 0.15 + 2 * 0.60) / 1e6  # of one call
TODAY = datetime.now(UTC).date()


async def ran(runtime: Runtime, **fields: Any) -> None:
    means = scripted(runtime, Counting())
    await Executor(means, await create(means, **fields)).run()


async def spent(runtime: Runtime, since: date | None = None, until: date | None = None) -> SpendingOut:
    async with runtime.sessions() as session:
        return await SpendingService(session, runtime).spending(since, until)


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")


@pytest.mark.usefixtures("dataset", "priced")
class TestSums:
    async def test_are_those_of_the_runs(self, runtime: Runtime) -> None:
        await ran(runtime, model=PRICED, sample={"n": 4})
        await ran(runtime, model=PRICED, sample={"n": 6})  # four of them are in the cache
        found = await spent(runtime)
        total = found.total
        assert (total.runs, total.runs_from_cache, total.calls) == (10, 4, 6)
        assert total.prompt_tokens + total.completion_tokens == 6 * TOKENS
        assert total.usd == pytest.approx(6 * USD)
        assert total.saved_usd == pytest.approx(4 * USD)
        assert (total.runs_without_price, total.runs_without_tokens) == (0, 0)
        for part in (found.by_day[0], found.by_model[0], found.by_method[0], found.rows[0]):
            assert part.model_dump(include=set(SpendingSums.model_fields)) == total.model_dump()
        (row,) = found.rows
        assert (row.day, row.model, row.method) == (TODAY, PRICED, "naive")

    async def test_what_is_not_known_is_not_zero(self, runtime: Runtime) -> None:
        await ran(runtime, model=FREE, sample={"n": 3})
        only = await spent(runtime)
        assert only.total.usd is None
        assert only.total.runs_without_price == 3
        await ran(runtime, model=PRICED, sample={"n": 2})
        both = await spent(runtime)
        assert both.total.usd == pytest.approx(2 * USD)
        assert [(one.name, one.usd is None) for one in both.by_model] == [(PRICED, False), (FREE, True)]
        assert "The cost of 3 runs is not known" in both.notes[0]

    async def test_failed_runs_and_their_retries_are_calls(self, runtime: Runtime) -> None:
        engine = Counting(fails=30)
        means = scripted(runtime, engine, max_attempts=1)
        experiment_id = await create(means, model=PRICED, sample={"n": 3}, max_failed_share=1.0)
        await Executor(means, experiment_id).run()
        total = (await spent(runtime)).total
        assert (total.calls, total.prompt_tokens, total.usd) == (3, 0, 0.0)

    async def test_a_call_for_several_requests_counts_once(self, runtime: Runtime) -> None:
        await ran(runtime, model=PRICED, sample={"n": 4})
        group = {"id": "g", "size": 2, "prompt_tokens": 30, "completion_tokens": 10, "usd": 0.5}
        async with runtime.sessions() as session:  # as a list of prompts is stored
            await session.execute(
                text(
                    "update runs set prompt_tokens = null, completion_tokens = null, cost_usd = null, "
                    "paid_prompt_tokens = 0, paid_completion_tokens = 0, paid_usd = 0, "
                    "calls = jsonb_set(calls, '{0,group}', cast(:group as jsonb))"
                ),
                {"group": json.dumps(group)},
            )
            await session.execute(
                text('update experiments set config = config || \'{"execution": {"mode": "batched"}}\'')
            )
            await session.commit()
        total = (await spent(runtime)).total
        assert (total.prompt_tokens, total.completion_tokens, total.usd) == (30, 10, 0.5)
        assert total.runs == 4


@pytest.mark.usefixtures("dataset", "priced")
class TestPeriod:
    async def test_days_are_those_of_utc_and_both_ends_belong_to_it(self, runtime: Runtime) -> None:
        await ran(runtime, model=PRICED, sample={"n": 3})
        moved = [datetime(2026, 3, 1, 0, 0, tzinfo=UTC), datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)]
        async with runtime.sessions() as session:
            await session.execute(text("update experiments set started_at = '2026-02-01'"))
            ids = (await session.execute(text("select id from runs order by id"))).scalars().all()
            for run_id, at in zip(ids, [*moved, moved[1] + timedelta(seconds=1)], strict=True):
                await session.execute(
                    text("update runs set created_at = :at where id = :id"), {"at": at, "id": run_id}
                )
            await session.commit()
        found = await spent(runtime, date(2026, 3, 1), date(2026, 3, 1))
        assert [(one.day, one.runs) for one in found.by_day] == [(date(2026, 3, 1), 2)]
        found = await spent(runtime, date(2026, 3, 1), date(2026, 3, 2))
        assert [one.runs for one in found.by_day] == [2, 1]

    async def test_nothing(self, runtime: Runtime) -> None:
        found = await spent(runtime, date(2020, 1, 1), date(2020, 1, 2))
        assert (found.total.runs, found.total.usd, found.rows) == (0, 0.0, [])

    async def test_one_without_days_is_refused(self, runtime: Runtime) -> None:
        with pytest.raises(InvalidInput, match="has no days"):
            await spent(runtime, date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.usefixtures("dataset")
async def test_csv_is_empty_where_nothing_is_known(runtime: Runtime) -> None:
    await ran(runtime, model=FREE, sample={"n": 3})
    (row,) = csv.DictReader(io.StringIO(as_csv(await spent(runtime))))
    assert (row["day"], row["model"], row["method"], row["usd"]) == (str(TODAY), FREE, "naive", "")
    assert (row["runs"], row["runs_without_price"]) == ("3", "3")


async def test_the_budget_of_the_day_is_there(runtime: Runtime) -> None:
    assert (await spent(runtime)).budget is None
    found = await spent(scripted(runtime, Counting(), daily_budget_usd=2.5))
    assert found.budget is not None
    assert (found.budget.limits.usd, found.budget.spent.calls) == (2.5, 0)
