"""Experiments that answer the same questions until the comparison of them is settled."""

import asyncio
import uuid
from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.domain.status import ExperimentStatus
from app.schemas.comparison import ComparisonConfig, Settling
from app.schemas.comparison_wording import about_settling
from app.schemas.gate import GatePolicy, GateRequest, GateRule
from app.services.comparisons.gate import GateService
from app.services.comparisons.report import comparison_out
from app.services.comparisons.service import ComparisonService, expand
from app.services.comparisons.settling import SettlingService, check_settling
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.factories import questions_jsonl
from tests.support import cancel, dispatcher, runs_of, stored, until

BASE = {"dataset": {"name": "many"}, "method": {"name": "naive"}, "concurrency": 4, "seed": 3}


def file(*models: str) -> dict[str, Any]:
    """Return the file of a comparison of models that ends when it is settled."""
    variants = [{"name": f"model {place}", "model": one} for place, one in enumerate(models)]
    return {"name": "Two models", "stop": "settled", "base": BASE, "variants": variants}


async def begun(runtime: Runtime, *models: str, n: int = 200, **fields: Any) -> list[uuid.UUID]:
    """Store a comparison that ends when it is settled, and start its experiments."""
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("many", "many.jsonl", questions_jsonl(n))
    async with runtime.sessions() as session:
        config = ComparisonConfig.model_validate({**file(*models), **fields})
        rows = await ComparisonService(session, runtime).create(config)
        for row in rows:
            await dispatcher(session, runtime).start(row.id)
        return [row.id for row in rows]


async def work(runtime: Runtime, ids: list[uuid.UUID]) -> None:
    """Let one worker take the experiments in turns, until all have ended."""
    for _ in range(60):
        left = [one for one in ids if (await stored(runtime, one)).finished_at is None]
        if not left:
            return
        for one in left:
            await Executor(runtime, one).run()
    raise AssertionError("they do not end")


async def settling_of(runtime: Runtime, experiment_id: uuid.UUID) -> Settling:
    comparison = (await stored(runtime, experiment_id)).sequential_id
    assert comparison is not None
    async with runtime.sessions() as session:
        return await SettlingService(session).get(comparison)


async def test_ends_as_soon_as_one_is_better(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/fixed?text=no", "mock/gold")
    await work(runtime, ids)
    found = await settling_of(runtime, ids[0])
    (side,) = found.sides
    assert (side.asked, side.verdict, found.settled) == (8, "better", True)
    rows = [await stored(runtime, one) for one in ids]
    assert [row.status for row in rows] == [ExperimentStatus.COMPLETED] * 2
    assert "Settled after 8 of 200 questions" in str(rows[1].reason)
    assert found.saved_runs > 300
    assert found.saved_runs == 400 - sum([len(await runs_of(runtime, one)) for one in ids])
    async with runtime.sessions() as session:
        compared = await ComparisonService(session, runtime).compare(ids)
    assert compared.settling == found
    verdict, saved, note = about_settling(comparison_out(compared))
    assert verdict.startswith(
        "model 1 against model 0, settled after 8 questions: better by more than the margin"
    )
    assert "anytime-valid 95.0 % interval [" in verdict
    assert saved == f"Saved {found.saved_runs} runs of those that were planned."
    assert "exclude 0 too often" in note


async def test_a_gate_decides_by_the_anytime_valid_interval(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/fixed?text=no", "mock/gold")
    await work(runtime, ids)
    rules = [GateRule(dataset="many"), GateRule(dataset="many", score="f1")]
    request = GateRequest(policy=GatePolicy(name="x", rules=rules), baselines=ids[:1], candidates=ids[1:])
    async with runtime.sessions() as session:
        found = await GateService(session, runtime).decide(request)
    settled, other = found.rules
    assert (settled.decision, settled.anytime_valid, settled.level) == ("pass", True, 0.975)
    assert settled.n_questions == min([len(await runs_of(runtime, one)) for one in ids])
    assert 0 < (settled.low or 0) < 0.9
    assert (other.decision, other.anytime_valid) == ("cannot tell", False)
    assert "planned runs were not run" in other.message
    assert any("anytime-valid interval decides" in note for note in found.notes)


async def test_ends_when_they_are_equivalent(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/gold", "mock/gold?latency_ms=1", margin=0.2)
    await work(runtime, ids)
    (side,) = (await settling_of(runtime, ids[0])).sides
    assert (side.verdict, side.settled) == ("equivalent", True)
    assert side.low < 0 < side.high
    assert 20 <= side.asked < 60


async def test_without_a_verdict_all_questions_are_asked(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/gold", "mock/gold?latency_ms=1", n=40, base={**BASE, "repeats": 2})
    await work(runtime, ids)
    found = await settling_of(runtime, ids[0])
    assert (found.asked, found.settled, found.saved_runs, found.notes) == (40, False, 0, [])
    assert [(await stored(runtime, one)).reason for one in ids] == [None, None]
    assert [len(await runs_of(runtime, one)) for one in ids] == [80, 80]


async def test_what_a_budget_cuts_off_was_not_saved(runtime: Runtime) -> None:
    models = "mock/gold", "mock/gold?latency_ms=1"
    ids = await begun(runtime, *models, n=40, base={**BASE, "cache": False}, budget={"calls": 20})
    await work(runtime, ids)
    found = await settling_of(runtime, ids[0])
    assert (found.settled, found.saved_runs) == (False, 0)
    assert len(found.unfinished) == 2
    for name, one, said in zip(("model 0", "model 1"), ids, found.unfinished, strict=True):
        missing = 40 - len(await runs_of(runtime, one))
        assert said.startswith(f"{name}: {missing} planned runs were not made. The comparison's budget of 20")


async def test_what_was_settled_before_a_budget_ended_the_rest_was_saved(runtime: Runtime) -> None:
    models = "mock/gold", "mock/fixed?text=no", "mock/gold?latency_ms=1"
    ids = await begun(runtime, *models, n=100, base={**BASE, "cache": False}, budget={"calls": 120})
    await work(runtime, ids)
    found = await settling_of(runtime, ids[0])
    assert [side.settled for side in found.sides] == [True, False]
    assert found.saved_runs == 100 - len(await runs_of(runtime, ids[1]))
    assert [said.partition(":")[0] for said in found.unfinished] == ["model 0", "model 2"]


async def test_a_side_that_is_settled_leaves_and_the_others_go_on(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/gold", "mock/fixed?text=no", "mock/gold?latency_ms=1", n=60)
    await asyncio.gather(*(Executor(runtime, one, "in_process").run() for one in ids))
    await work(runtime, ids)
    worse, other = (await settling_of(runtime, ids[0])).sides
    assert (worse.verdict, other.verdict) == ("worse", "cannot_tell")
    assert (worse.asked, other.asked) == (9, 60)
    assert len(await runs_of(runtime, ids[1])) < 60
    assert len(await runs_of(runtime, ids[0])) == 60


async def test_killed_in_the_middle_it_decides_the_same(runtime: Runtime) -> None:
    models = "mock/gold?accuracy=0.4&latency_ms=20", "mock/gold?accuracy=0.8&latency_ms=10"
    whole = await begun(runtime, *models, base={**BASE, "cache": False})
    await work(runtime, whole)
    broken = await begun(runtime, *models, base={**BASE, "cache": False})
    tasks = [asyncio.create_task(Executor(runtime, one, "in_process").run()) for one in broken]

    async def some() -> bool:
        return len(await runs_of(runtime, broken[0])) >= 5

    await until(some, "a few answers")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    before = await settling_of(runtime, broken[0])
    assert not before.settled
    await work(runtime, broken)
    (one,), (other,) = (
        (await settling_of(runtime, whole[0])).sides,
        (await settling_of(runtime, broken[0])).sides,
    )
    ignored = {"experiment_id"}
    assert one.model_dump(exclude=ignored) == other.model_dump(exclude=ignored)
    assert one.verdict == "better"


async def test_when_the_baseline_is_cancelled_the_others_are_answered_alone(runtime: Runtime) -> None:
    ids = await begun(runtime, "mock/fixed?text=no", "mock/gold", n=60)
    await cancel(runtime, ids[0])
    await work(runtime, ids)
    assert not (await settling_of(runtime, ids[0])).settled
    assert len(await runs_of(runtime, ids[1])) == 60


@pytest.mark.parametrize(
    ("fields", "units", "field"),
    [
        ({"score": "nonsense"}, 20, "score"),
        ({"base": {**BASE, "execution": {"mode": "batch_job"}}}, 20, "stop"),
        ({}, 19, "stop"),
    ],
)
def test_what_cannot_be_settled_is_refused(fields: dict[str, Any], units: int, field: str) -> None:
    comparison = ComparisonConfig.model_validate({**file("mock/gold", "mock/echo"), **fields})
    with pytest.raises(InvalidInput) as refused:
        check_settling(comparison, expand(comparison), units, 20)
    assert [one.field for one in refused.value.errors] == [field]
