"""Whole experiments with two executors: equal results, shared limits, and what happens when one goes."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus, FailureKind
from app.models import Run
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.inference.base import EngineError
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine, answered, question
from tests.factories import questions_jsonl
from tests.fixtures.fake_llm import FakeLLM
from tests.support import (
    cancel,
    create,
    leases_of,
    metrics_of,
    pairs,
    result_of,
    runs_of,
    scripted,
    stored,
    until,
    with_settings,
)

SIZE = 200


@pytest.fixture
async def large(runtime: Runtime) -> str:
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("large", "large.jsonl", questions_jsonl(SIZE, "large"))
    return "large"


class Endpoint:
    """Answers after a moment, once it is open, and remembers the most calls that were in flight."""

    def __init__(self, seconds: float = 0.02) -> None:
        self.seconds = seconds
        self.in_flight = self.most = 0
        self.opened = asyncio.Event()

    async def __call__(self, request: GenerationRequest) -> GenerationResult:
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        try:
            await self.opened.wait()
            await asyncio.sleep(self.seconds)
        finally:
            self.in_flight -= 1
        return self.answer(question(request))

    def answer(self, asked: str) -> GenerationResult:
        return answered(asked)


def what_counts(rows: list[Run]) -> list[tuple[Any, ...]]:
    return [(row.example_id, row.repeat, row.status, row.output, row.scores) for row in rows]


async def two(runtime: Runtime, experiment_id: uuid.UUID) -> tuple[Executor, Executor, list[Any]]:
    """Start two executors; return them with their tasks, once both are at work."""
    executors = [Executor(runtime, experiment_id) for _ in range(2)]
    tasks = []
    for number, executor in enumerate(executors, start=1):
        tasks.append(asyncio.create_task(executor.run()))

        async def at_work(expected: int = number) -> bool:
            return len(await leases_of(runtime, experiment_id)) == expected

        await until(at_work, f"{number} at work")
    return executors[0], executors[1], tasks


async def test_results_are_those_of_one(runtime: Runtime, large: str) -> None:
    endpoint = Endpoint()
    engine = ScriptedEngine(endpoint)
    means = scripted(runtime, engine)
    fields: dict[str, Any] = {"dataset": large, "concurrency": 16, "cache": False, "repeats": 2}
    alone = await create(means, **fields, workers=1)
    endpoint.opened.set()
    assert await Executor(means, alone).run() is ExperimentStatus.COMPLETED
    engine.calls.clear()
    endpoint.opened.clear()
    experiment_id = await create(means, **fields)
    _, _, tasks = await two(means, experiment_id)
    endpoint.opened.set()
    ends = await asyncio.gather(*tasks)
    assert sorted(ends, key=str) == [ExperimentStatus.COMPLETED, None]
    rows = await runs_of(runtime, experiment_id)
    assert what_counts(rows) == what_counts(await runs_of(runtime, alone))
    assert len(engine.calls) == 2 * SIZE
    assert endpoint.most <= 16
    here, there = await metrics_of(runtime, experiment_id), await metrics_of(runtime, alone)
    for name in ("scores", "counts", "tokens"):
        assert here[name] == there[name]
    progress = (await stored(runtime, experiment_id)).progress_snapshot
    assert progress is not None
    assert (progress.done, progress.in_flight) == (2 * SIZE, 0)


async def test_what_one_is_killed_with_the_other_takes_over(runtime: Runtime, large: str) -> None:
    endpoint = Endpoint(0.05)
    engine = ScriptedEngine(endpoint)
    means = scripted(runtime, engine, stale_after_s=2.0)
    experiment_id = await create(means, dataset=large, concurrency=16, cache=False)
    first, _, tasks = await two(means, experiment_id)
    endpoint.opened.set()

    async def some() -> bool:
        return len(await runs_of(runtime, experiment_id)) >= 40

    await until(some, "some runs")

    async def nothing(*_: Any, **__: Any) -> None:
        return None

    first._lease.leave = nothing  # type: ignore[method-assign]  # as if it were killed: it says nothing
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)
    # The other works on; if it has left before the shards were free, recovery makes another one.
    if await tasks[1] is None:
        await asyncio.sleep(2.2)
        assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    rows = await runs_of(runtime, experiment_id)
    assert len(set(pairs(rows))) == len(rows) == SIZE
    repeated = sum(times - 1 for times in Counter(question(call) for call in engine.calls).values())
    assert repeated <= 16
    assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == SIZE


async def test_a_cancellation_ends_both(runtime: Runtime, large: str) -> None:
    means = scripted(runtime, ScriptedEngine(Gate(free=12)))
    experiment_id = await create(means, dataset=large, concurrency=16)
    _, _, tasks = await two(means, experiment_id)

    async def first_part() -> bool:
        return len(await runs_of(runtime, experiment_id)) == 12

    await until(first_part, "the first answers")
    await cancel(runtime, experiment_id)
    ends = await asyncio.gather(*tasks)
    assert sorted(ends, key=str) == [ExperimentStatus.CANCELLED, None]
    assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == 12


async def test_failures_are_counted_together(runtime: Runtime, large: str) -> None:
    class Failing(Endpoint):
        def answer(self, asked: str) -> GenerationResult:
            if int(asked.split()[3]) % 8 == 0:
                raise EngineError(FailureKind.BAD_REQUEST, "not this one")
            return answered(asked)

    endpoint = Failing()
    means = scripted(runtime, ScriptedEngine(endpoint))
    experiment_id = await create(means, dataset=large, concurrency=16, max_failed_share=0.1)
    _, _, tasks = await two(means, experiment_id)
    endpoint.opened.set()
    ends = await asyncio.gather(*tasks)
    assert sorted(ends, key=str) == [ExperimentStatus.FAILED, None]
    experiment = await stored(runtime, experiment_id)
    assert "more than max_failed_share (0.1 of 200) allows" in (experiment.reason or "")
    assert await result_of(runtime, experiment_id) is not None
    counts = (await metrics_of(runtime, experiment_id))["counts"]
    assert 21 <= counts["failed"] <= 25


async def test_a_server_with_a_rate_limit_loses_no_sample(
    runtime: Runtime, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeLLM(latency_ms=20, rpm=40, window_s=2.0) as server:
        server.hold_after(8)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "a key of this test")
        means = with_settings(runtime, max_attempts=4)
        experiment_id = await create(
            means, dataset=large, model="openai/fake", concurrency=16, sample={"n": 100}
        )
        _, _, tasks = await two(means, experiment_id)
        server.release()
        assert ExperimentStatus.COMPLETED in await asyncio.gather(*tasks)
    assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == 100
