"""Tests of budgets: no call more than they allow, what was answered is kept, and a larger one goes on."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Conflict, InvalidInput
from app.domain.generation import CallGroup, GenerationRequest, GenerationResult, Usage
from app.domain.spending import BudgetState, Limits, Spending
from app.domain.status import ExperimentStatus, FailureKind
from app.schemas.experiment_config import Budget
from app.services.execution.executor import Executor
from app.services.execution.purse import Purse, Settle
from app.services.experiments.budget_repository import Settled
from app.services.inference.base import EngineError
from app.services.inference.catalog import Price
from app.services.runs.spending_repository import spent_by
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.support import create, dispatcher, runs_of, scripted, stored

N = 20  # questions of the dataset
TOKENS = 5  # of a call


class Counting(ScriptedEngine):
    """Answers rightly, and counts calls and those in flight."""

    def __init__(self, *, usage: Usage = Usage(3, 2), fails: int = 0) -> None:  # noqa: B008 - frozen
        super().__init__(self._answer)
        self.made = self.in_flight = self.most = 0
        self._usage, self._fails = usage, fails

    async def _answer(self, request: GenerationRequest) -> GenerationResult:
        self.made += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(0.01)
        self.in_flight -= 1
        if self.made <= self._fails:
            raise EngineError(FailureKind.SERVER, "busy")
        return replace(answered(question(request)), usage=self._usage)


async def run(runtime: Runtime, engine: Counting, **fields: Any) -> uuid.UUID:
    means = scripted(runtime, engine)
    experiment_id = await create(means, **fields)
    await Executor(means, experiment_id).run()
    return experiment_id


@pytest.mark.parametrize("execution", [{}, {"mode": "sequential"}, {"mode": "batched", "batch_size": 4}])
async def test_no_call_more_than_the_budget(
    runtime: Runtime, dataset: str, execution: dict[str, Any]
) -> None:
    engine = Counting()
    experiment_id = await run(runtime, engine, budget={"calls": 7}, concurrency=4, execution=execution)
    experiment = await stored(runtime, experiment_id)
    assert engine.made == 7
    assert len(await runs_of(runtime, experiment_id)) == 7  # none of them is lost
    assert experiment.status == ExperimentStatus.CANCELLED
    assert experiment.reason == (
        "The budget of 7 calls is spent (7). 7 of 20 runs are stored; resume it with a larger budget for the "
        "rest."
    )


async def test_attempts_that_fail_are_calls(runtime: Runtime, dataset: str) -> None:
    engine = Counting(fails=3)
    experiment_id = await run(runtime, engine, budget={"calls": 7}, concurrency=1)
    assert engine.made == 7
    assert len(await runs_of(runtime, experiment_id)) == 4


@pytest.mark.parametrize("calls", [1, 4])
async def test_tokens_exceed_it_by_those_of_the_calls_in_flight(
    runtime: Runtime, dataset: str, calls: int
) -> None:
    engine, budget = Counting(), 32
    experiment_id = await run(runtime, engine, budget={"tokens": budget}, concurrency=calls)
    taken = TOKENS * engine.made
    assert budget <= taken < budget + TOKENS * calls
    assert len(await runs_of(runtime, experiment_id)) == engine.made
    assert (await stored(runtime, experiment_id)).status == ExperimentStatus.CANCELLED


async def test_one_that_is_enough_for_all_completes(runtime: Runtime, dataset: str) -> None:
    engine = Counting()
    experiment_id = await run(runtime, engine, budget={"calls": N})
    assert engine.made == N
    assert (await stored(runtime, experiment_id)).status == ExperimentStatus.COMPLETED


async def test_answers_from_the_cache_are_free(runtime: Runtime, dataset: str) -> None:
    await run(runtime, Counting())
    engine = Counting()
    again = await run(runtime, engine, budget={"calls": 1})
    assert engine.made == 0
    assert (await stored(runtime, again)).status == ExperimentStatus.COMPLETED


@pytest.mark.parametrize("cache", [True, False])
async def test_a_larger_one_goes_on(runtime: Runtime, dataset: str, cache: bool) -> None:
    engine = Counting()
    experiment_id = await run(runtime, engine, budget={"calls": 7}, concurrency=4, cache=cache)
    means = scripted(runtime, engine)
    async with means.sessions() as session:
        with pytest.raises(Conflict, match="budget of 7 calls is spent"):
            await dispatcher(session, means).resume(experiment_id)
        with pytest.raises(Conflict, match="budget of 6 calls is spent"):
            await dispatcher(session, means).resume(experiment_id, Budget(calls=6))
        child = (await dispatcher(session, means).resume(experiment_id, Budget(calls=15))).id
    await Executor(means, child).run()
    assert engine.made == 15  # those of the parent count
    assert len(await runs_of(runtime, child)) == 15
    async with means.sessions() as session:
        last = (await dispatcher(session, means).resume(child, Budget(calls=100))).id
    await Executor(means, last).run()
    assert engine.made == N
    assert (await stored(runtime, last)).status == ExperimentStatus.COMPLETED


async def test_whoever_continues_knows_what_was_spent(runtime: Runtime, dataset: str) -> None:
    sixth = asyncio.Event()

    class Slow(Counting):
        async def _answer(self, request: GenerationRequest) -> GenerationResult:
            if self.made == 5:
                sixth.set()
                await asyncio.sleep(60)
            return await super()._answer(request)

    slow = Slow()
    means = scripted(runtime, slow)
    experiment_id = await create(means, budget={"calls": 8}, concurrency=1)
    first = asyncio.create_task(Executor(means, experiment_id).run())
    await sixth.wait()
    while len(await runs_of(runtime, experiment_id)) < 5:
        await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    engine = Counting()
    await Executor(scripted(runtime, engine), experiment_id).run()
    assert engine.made == 2  # five are stored, and the sixth was sent
    assert (await stored(runtime, experiment_id)).status == ExperimentStatus.CANCELLED


async def test_a_server_that_counts_no_tokens_is_named(runtime: Runtime, dataset: str) -> None:
    engine = Counting(usage=Usage())
    experiment_id = await run(runtime, engine, budget={"tokens": 1000}, concurrency=1)
    assert engine.made == 1
    experiment = await stored(runtime, experiment_id)
    assert experiment.status == ExperimentStatus.CANCELLED
    assert "does not say how many tokens" in (experiment.reason or "")


async def test_what_the_database_has(runtime: Runtime, dataset: str) -> None:
    experiment_id = await run(runtime, Counting(fails=1), concurrency=1, sample={"n": 4})
    async with runtime.sessions() as session:
        assert await spent_by(session, [experiment_id]) == Spending(4, 4 * TOKENS, 0.0)
        assert await spent_by(session, []) == Spending()


def counted(limits: Limits) -> Settle:
    """Return what counts in memory, as the database does."""
    state = BudgetState(uuid.uuid4(), "experiment", limits)

    async def settle(wanted: int, took: Spending) -> Settled:
        nonlocal state
        state = replace(state, spent=state.spent + took)
        granted = 0 if state.reason else wanted
        state = replace(state, spent=state.spent + Spending(calls=granted))
        return Settled(granted, (state,))

    return settle


async def test_money_is_counted_at_the_price() -> None:
    told: list[bool] = []
    settle = counted(Limits(usd=0.001))
    purse = Purse(settle, (), lambda: told.append(True))
    price = Price(input=10.0, output=20.0)
    purse.end([replace(answered(), usage=Usage(50, 10))], price)
    await purse.aclose()
    assert (purse.reason, told) == (None, [])
    group = CallGroup("g", 2, Usage(20, 5))  # of both requests together
    purse.end([replace(answered(), usage=Usage(), group=group)] * 2, price)
    await purse.aclose()
    spent = (await settle(0, Spending())).budgets[0].spent
    assert spent.tokens == 85
    assert spent.usd == pytest.approx(0.001)
    purse.end([replace(answered(), usage=Usage(1, 0))], price)
    await purse.aclose()
    assert purse.reason == "The budget of $0.001 is spent ($0.00101)."
    purse.look()
    assert told == [True]
    with pytest.raises(asyncio.CancelledError):
        await purse.begin()


async def test_what_cannot_be_held_is_refused(runtime: Runtime, dataset: str) -> None:
    with pytest.raises(InvalidInput, match="price of mock/gold is not known"):
        await create(runtime, budget={"usd": 1})
    with pytest.raises(InvalidInput, match="batch job is paid as a whole"):
        await create(runtime, budget={"calls": 1}, execution={"mode": "batch_job"})
    with pytest.raises(ValueError, match="how many usd, calls or tokens"):
        await create(runtime, budget={})


async def test_one_that_has_not_ended_keeps_its_own(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, Counting())
    experiment_id = await create(means, budget={"calls": 7})
    async with means.sessions() as session:
        with pytest.raises(InvalidInput, match="cannot be changed"):
            await dispatcher(session, means).resume(experiment_id, Budget(calls=9))
