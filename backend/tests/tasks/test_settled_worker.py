"""A worker that is killed in the middle of a comparison that ends when it is settled."""

import uuid
from typing import Any

from app.schemas.comparison import ComparisonConfig, SettlingSide
from app.services.comparisons.service import ComparisonService
from app.services.comparisons.settling import SettlingService
from app.services.datasets.service import DatasetService
from app.services.runtime import Runtime
from tests.factories import questions_jsonl
from tests.support import PATIENCE_S, dispatcher, runs_of, stored, until
from tests.tasks.conftest import Start, kill_tree

QUESTIONS = 120
MODELS = ("mock/gold?accuracy=0.4&latency_ms=300", "mock/gold?accuracy=0.8&latency_ms=200")
"""Slow enough for the workers to be killed before the comparison is settled."""


async def begun(runtime: Runtime) -> list[uuid.UUID]:
    variants = [{"name": f"model {place}", "model": model} for place, model in enumerate(MODELS)]
    base: dict[str, Any] = {"dataset": {"name": "many"}, "concurrency": 4, "seed": 3, "cache": False}
    file = {"name": "Two models", "stop": "settled", "base": base, "variants": variants}
    async with runtime.sessions() as session:
        rows = await ComparisonService(session, runtime).create(ComparisonConfig.model_validate(file))
        return [(await dispatcher(session, runtime).start(row.id)).id for row in rows]


async def ended(runtime: Runtime, ids: list[uuid.UUID]) -> SettlingSide:
    """Return what settled the comparison, once its experiments have ended."""

    async def have_ended() -> bool:
        return all([(await stored(runtime, one)).finished_at is not None for one in ids])

    await until(have_ended, "both experiments to end", 2 * PATIENCE_S)
    comparison = (await stored(runtime, ids[0])).sequential_id
    assert comparison is not None
    async with runtime.sessions() as session:
        found = await SettlingService(session).get(comparison)
    assert [(await stored(runtime, one)).status for one in ids] == ["COMPLETED"] * 2
    return found.sides[0]


async def test_it_ends_as_if_nobody_had_been_killed(
    runtime: Runtime, caretaker: None, start_worker: Start
) -> None:
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("many", "many.jsonl", questions_jsonl(QUESTIONS))
    # One for each side: a single one goes back and forth between them.
    first = [start_worker(), start_worker()]
    broken = await begun(runtime)

    async def in_the_middle() -> bool:
        return all([len(await runs_of(runtime, one)) >= 4 for one in broken])

    await until(in_the_middle, "a few answers of both")
    for worker in first:
        kill_tree(worker)
    at_the_kill = [len(await runs_of(runtime, one)) for one in broken]
    assert (await stored(runtime, broken[1])).finished_at is None
    start_worker()
    start_worker()
    after = await ended(runtime, broken)
    whole = await ended(runtime, await begun(runtime))
    ignored = {"experiment_id"}
    assert after.model_dump(exclude=ignored) == whole.model_dump(exclude=ignored)
    assert (after.verdict, after.settled) == ("better", True)
    assert max(at_the_kill) < after.asked < QUESTIONS
    examples = [run.example_id for run in await runs_of(runtime, broken[0])]
    assert len(set(examples)) == len(examples)
