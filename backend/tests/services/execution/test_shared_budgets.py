"""Tests of budgets that several executors spend from: of a comparison, and of the platform for a day."""

import asyncio
import random
import uuid
from datetime import date
from typing import Any

import pytest

from app.core.errors import Conflict, InvalidInput
from app.domain.spending import BudgetState, Limits, Spending
from app.domain.status import ExperimentStatus
from app.schemas.comparison import ComparisonConfig
from app.services.comparisons.service import ComparisonService
from app.services.execution import budget
from app.services.execution.executor import Executor
from app.services.experiments.budget_repository import BudgetRepository
from app.services.runtime import Runtime
from tests.services.execution.test_budget import TOKENS, Counting
from tests.support import create, dispatcher, runs_of, scripted, stored

ENDED = (ExperimentStatus.COMPLETED, ExperimentStatus.CANCELLED)


async def compared(runtime: Runtime, limits: dict[str, Any], **base: Any) -> list[uuid.UUID]:
    """Store and start a comparison of three prompts with this budget; return its experiments."""
    variants = [
        {"name": name, "method": {"name": "naive", "template": f"{name}: {{question}}"}} for name in "abc"
    ]
    fields = {"model": "mock/gold", "dataset": {"name": "quiz"}, "concurrency": 4, **base}
    config = ComparisonConfig.model_validate(
        {"name": "Prompts", "budget": limits, "base": fields, "variants": variants}
    )
    async with runtime.sessions() as session:
        rows = await ComparisonService(session, runtime).create(config)
        for row in rows:
            await dispatcher(session, runtime).start(row.id)
    return [row.id for row in rows]


async def spent_of(runtime: Runtime, experiment_id: uuid.UUID) -> Spending:
    """Return what the comparison of an experiment has spent."""
    budget_id = (await stored(runtime, experiment_id)).budget_id
    assert budget_id is not None
    async with runtime.sessions() as session:
        found = await BudgetRepository(session).get(budget_id)
    assert found is not None
    return found.spent


@pytest.mark.parametrize("seed", range(6))
async def test_concurrent_spenders_never_overstep(runtime: Runtime, seed: int) -> None:
    """Whatever the order: calls keep to the limit, and tokens exceed it by those of the calls in flight."""
    rng = random.Random(seed)
    own = [BudgetState(uuid.uuid4(), "experiment", Limits(calls=rng.randint(5, 40))) for _ in range(3)]
    shared = BudgetState(uuid.uuid4(), "comparison", Limits(calls=rng.randint(5, 80), tokens=300), name="x")
    async with runtime.sessions() as session:
        for one in (*own, shared):
            await BudgetRepository(session).open(one)
        await session.commit()
    granted, in_flight, most = [0] * 3, 0, 0

    async def spend(place: int) -> None:
        nonlocal in_flight, most
        pending, took = 0, Spending()
        while True:
            wanted = rng.randint(1, 3)
            async with runtime.autocommit() as session:
                ids = [own[place].id, shared.id]
                settled = await BudgetRepository(session).settle(ids, wanted, took)
            in_flight += settled.granted - pending
            granted[place] += settled.granted
            most = max(most, in_flight)
            pending, took = settled.granted, Spending(tokens=5 * settled.granted, usd=0.0)
            if settled.granted < wanted:
                assert any(one.reason for one in settled.budgets)
                break
            await asyncio.sleep(0)
        async with runtime.autocommit() as session:
            await BudgetRepository(session).settle([own[place].id, shared.id], 0, took)
        in_flight -= pending

    await asyncio.gather(*(spend(place % 3) for place in range(9)))
    async with runtime.sessions() as session:
        found = {one.id: one for one in await BudgetRepository(session).of([*(o.id for o in own), shared.id])}
    total = found[shared.id].spent
    assert total.calls == sum(granted) == sum(found[one.id].spent.calls for one in own)
    assert total.calls <= (shared.limits.calls or 0)
    assert total.tokens == 5 * total.calls < 300 + 5 * max(most, 1)
    for one, calls in zip(own, granted, strict=True):
        assert found[one.id].spent.calls == calls <= (one.limits.calls or 0)


@pytest.mark.parametrize("limits", [{"calls": 25}, {"tokens": 125}])
async def test_a_comparison_spends_from_one_budget(
    runtime: Runtime, dataset: str, limits: dict[str, int]
) -> None:
    engine = Counting()
    means = scripted(runtime, engine)
    ids = await compared(means, limits)
    executors = [Executor(means, one) for one in ids for _ in range(2)]
    await asyncio.gather(*(one.run() for one in executors))
    for one in ids:  # some joined before there was anything to do for them
        await Executor(means, one).run()
    if "calls" in limits:
        assert engine.made == 25
    else:
        assert 25 <= engine.made < 25 + 12  # three experiments with four calls in flight each
    assert await spent_of(means, ids[0]) == Spending(engine.made, engine.made * TOKENS, 0.0)
    experiments = [await stored(means, one) for one in ids]
    assert sum([len(await runs_of(means, one)) for one in ids]) == engine.made  # nothing is lost
    cancelled = [one for one in experiments if one.status == ExperimentStatus.CANCELLED]
    assert all(one.status in ENDED for one in experiments)
    assert cancelled
    for cut in cancelled:
        assert "The comparison's budget of" in (cut.reason or "")
        assert "resume the comparison with a larger budget" in (cut.reason or "")


async def test_a_price_that_is_not_known_is_refused(runtime: Runtime, dataset: str) -> None:
    with pytest.raises(InvalidInput, match="price of mock/gold is not known"):
        await compared(runtime, {"usd": 1})


async def test_the_day_ends_experiments_and_refuses_others(runtime: Runtime, dataset: str) -> None:
    engine = Counting()
    means = scripted(runtime, engine, daily_budget_calls=7)
    first = await create(means, concurrency=4)
    second = await create(means, concurrency=4, cache=False, seed=1)
    await Executor(means, first).run()
    await Executor(means, second).run()
    assert engine.made == 7
    reasons = [(await stored(means, one)).reason or "" for one in (first, second)]
    assert reasons[0].startswith("The platform's budget of 7 calls for 20")
    assert reasons[0].endswith(
        "(UTC) is spent (7). 7 of 20 runs are stored; resume it tomorrow (UTC), or with a larger "
        "LLMFORGE_DAILY_BUDGET, for the rest."
    )
    assert "0 of 20 runs are stored" in reasons[1]
    async with means.sessions() as session:
        with pytest.raises(Conflict, match="platform's budget of 7 calls"):
            await dispatcher(session, means).resume(first)
    more = scripted(runtime, engine, daily_budget_calls=100)
    async with more.sessions() as session:
        child = (await dispatcher(session, more).resume(first)).id
    await Executor(more, child).run()
    assert (await stored(more, child)).status == ExperimentStatus.COMPLETED
    assert engine.made == 20


async def test_a_limit_that_is_set_later_counts_what_was_stored_on_the_day(
    runtime: Runtime, dataset: str
) -> None:
    engine = Counting()
    await Executor(scripted(runtime, engine), await create(scripted(runtime, engine), sample={"n": 5})).run()
    means = scripted(runtime, engine, daily_budget_calls=7)
    await Executor(means, await create(means, cache=False)).run()
    assert engine.made == 7


async def test_a_new_day_begins_at_midnight(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    means = scripted(runtime, Counting(), daily_budget_calls=2)
    monkeypatch.setattr(budget, "_today", lambda: date(2026, 11, 28))
    told: list[bool] = []
    purse = await budget.open_purse(means, None, None, on_empty=lambda: told.append(True))
    assert purse is not None
    await purse.begin()
    monkeypatch.setattr(budget, "_today", lambda: date(2026, 11, 29))
    await purse.begin()
    assert (purse.reason, told) == (None, [])
    await purse.begin()
    assert purse.reason == "The platform's budget of 2 calls for 2026-11-29 (UTC) is spent (2)."
    assert told == [True]
    again = await budget.open_purse(means, None, None, on_empty=lambda: None)
    assert again is not None
    assert again.reason == purse.reason


async def test_without_a_limit_nothing_is_counted(runtime: Runtime) -> None:
    assert await budget.open_purse(runtime, None, None, on_empty=lambda: None) is None
