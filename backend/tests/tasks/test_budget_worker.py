"""Workers that are killed in the middle of a comparison with a budget."""

import uuid

from app.domain.spending import BudgetState
from app.schemas.comparison import ComparisonConfig
from app.services.comparisons.service import ComparisonService
from app.services.datasets.service import DatasetService
from app.services.experiments.budget_repository import BudgetRepository
from app.services.runtime import Runtime
from tests.factories import questions_jsonl
from tests.fixtures.fake_llm import FakeLLM
from tests.support import PATIENCE_S, dispatcher, pairs, runs_of, stored, until
from tests.tasks.conftest import Start, kill_tree

QUESTIONS, IN_FLIGHT, SIDES = 40, 4, 2
ANSWERED = 12  # before the kill
USD = 0.0002


async def begun(runtime: Runtime) -> list[uuid.UUID]:
    variants = [
        {"name": name, "method": {"name": "naive", "template": f"{name} Question: {{question}}"}}
        for name in ("first", "other")
    ]
    base = {"model": "openai/gpt-4o-mini", "dataset": {"name": "many"}, "concurrency": IN_FLIGHT}
    file = {"name": "Prompts", "stop": "settled", "budget": {"usd": USD}, "base": base, "variants": variants}
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("many", "many.jsonl", questions_jsonl(QUESTIONS))
        rows = await ComparisonService(session, runtime).create(ComparisonConfig.model_validate(file))
        return [(await dispatcher(session, runtime).start(row.id)).id for row in rows]


async def budget_of(runtime: Runtime, experiment_id: uuid.UUID) -> BudgetState:
    budget_id = (await stored(runtime, experiment_id)).budget_id
    assert budget_id is not None
    async with runtime.sessions() as session:
        found = await BudgetRepository(session).get(budget_id)
    assert found is not None
    return found


async def test_no_call_is_forgotten(
    runtime: Runtime, caretaker: None, endpoint: FakeLLM, start_worker: Start
) -> None:
    endpoint.hold_after(ANSWERED)
    first = [start_worker() for _ in range(SIDES)]
    ids = await begun(runtime)
    at_kill = IN_FLIGHT * SIDES

    async def in_the_middle() -> bool:
        return endpoint.stats.in_flight == at_kill and (await budget_of(runtime, ids[0])).spent.usd > 0

    await until(in_the_middle, "all calls to be in flight")
    for worker in first:
        kill_tree(worker)
    assert (await budget_of(runtime, ids[0])).spent.calls == ANSWERED + at_kill
    endpoint.release()
    for _ in range(SIDES):
        start_worker()

    async def have_ended() -> bool:
        return all([(await stored(runtime, one)).finished_at is not None for one in ids])

    await until(have_ended, "both experiments to end", 2 * PATIENCE_S)
    found, runs = await budget_of(runtime, ids[0]), [await runs_of(runtime, one) for one in ids]
    assert found.reason is not None
    assert {(await stored(runtime, one)).status for one in ids} == {"CANCELLED"}
    assert found.spent.calls == endpoint.stats.requests
    # What was answered is kept, each once; only what was in flight at the kill is missing.
    assert all(len(set(pairs(one))) == len(one) for one in runs)
    lost = endpoint.stats.requests - sum(map(len, runs))
    assert at_kill <= lost <= at_kill + ANSWERED
    each = [run.paid_usd for one in runs for run in one]
    most = max(usd for usd in each if usd is not None)
    assert found.spent.usd < USD + most * at_kill
    paid = sum(usd for usd in each if usd is not None) + most * lost
    assert paid < USD + most * 2 * at_kill  # those of the end, and those of the kill
