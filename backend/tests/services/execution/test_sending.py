"""Experiments whose calls are sent one by one or in groups, on one executor."""

import asyncio
from typing import Any

import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import ExperimentStatus, FailureKind
from app.services.execution.executor import Executor
from app.services.execution.queueing import wanted_executors
from app.services.execution.sending import Sending
from app.services.inference.base import EngineError
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine, answered, question
from tests.support import cancel, create, metrics_of, pairs, runs_of, scripted, stored, until


class Watched:
    """Answers after a while, and notes which calls were in flight together."""

    def __init__(self, fails: dict[str, EngineError] | None = None) -> None:
        self.fails = fails or {}
        self.most = self.in_flight = 0
        self.groups: list[list[str]] = []

    async def __call__(self, request: GenerationRequest) -> GenerationResult:
        asked = question(request)
        if not self.in_flight:
            self.groups.append([])
        self.groups[-1].append(asked)
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(0.005)
        self.in_flight -= 1
        if asked in self.fails:
            error = self.fails[asked]
            if error.kind.retryable:
                del self.fails[asked]
            raise error
        return answered(asked)


def batched(size: int = 8) -> dict[str, Any]:
    return {"execution": {"mode": "batched", "batch_size": size}}


async def test_one_by_one(runtime: Runtime, dataset: str) -> None:
    watched = Watched()
    means = scripted(runtime, ScriptedEngine(watched))
    experiment_id = await create(means, execution={"mode": "sequential"}, repeats=2)
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert (watched.most, len(watched.groups)) == (1, 40)
    assert len(set(pairs(await runs_of(runtime, experiment_id)))) == 40


@pytest.mark.parametrize(("size", "sizes"), [(8, [8, 8, 4]), (16, [16, 4]), (1, [1] * 20)])
async def test_groups_follow_each_other(runtime: Runtime, dataset: str, size: int, sizes: list[int]) -> None:
    watched = Watched()
    means = scripted(runtime, ScriptedEngine(watched))
    experiment_id = await create(means, **batched(size))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert [len(group) for group in watched.groups] == sizes
    assert len({asked for group in watched.groups for asked in group}) == 20


async def test_a_group_is_sent_in_parts_where_fewer_calls_may_be_in_flight(
    runtime: Runtime, dataset: str
) -> None:
    watched = Watched()
    means = scripted(runtime, ScriptedEngine(watched))
    experiment_id = await create(means, concurrency=2, **batched(8))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert watched.most == 2


async def test_votes_join_the_next_group(runtime: Runtime, dataset: str) -> None:
    async def script(_: GenerationRequest) -> GenerationResult:
        return answered("The answer is 5.")

    engine = ScriptedEngine(script)
    means = scripted(runtime, engine)
    method = {"name": "cot", "samples": 3}
    experiment_id = await create(means, method=method, params={"temperature": 1}, **batched(8))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert len(engine.calls) == 60


async def test_a_bad_prompt_harms_no_other(runtime: Runtime, dataset: str) -> None:
    watched = Watched(
        {
            "What is item 1 of quiz?": EngineError(FailureKind.BAD_REQUEST, "no"),
            "What is item 2 of quiz?": EngineError(FailureKind.SERVER, "not now"),
        }
    )
    means = scripted(runtime, ScriptedEngine(watched))
    experiment_id = await create(means, max_failed_share=0.2, **batched(8))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    runs = await runs_of(runtime, experiment_id)
    assert [run.failure_kind for run in runs] == [None, "bad_request", *[None] * 18]
    assert [run.attempts for run in runs][:4] == [1, 1, 2, 1]


async def test_cached_answers_take_no_place_in_a_group(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, ScriptedEngine(Watched()))
    first = await create(means, sample={"n": 5})
    assert await Executor(means, first).run() is ExperimentStatus.COMPLETED
    watched = Watched()
    means = scripted(runtime, ScriptedEngine(watched))
    experiment_id = await create(means, **batched(5))
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert [len(group) for group in watched.groups] == [5, 5, 5]
    assert (await metrics_of(runtime, experiment_id))["counts"]["cached"] == 5


async def test_a_cancellation_ends_it_while_a_group_is_in_flight(runtime: Runtime, dataset: str) -> None:
    gate = Gate(8)
    means = scripted(runtime, ScriptedEngine(gate))
    experiment_id = await create(means, **batched(8))
    work = asyncio.create_task(Executor(means, experiment_id).run())
    await until(lambda: gate.waiting == 8, "the second group")
    await cancel(runtime, experiment_id)
    assert await work is ExperimentStatus.CANCELLED
    assert len(await runs_of(runtime, experiment_id)) == 8


async def test_what_is_in_flight_is_stored_when_it_stops(runtime: Runtime, dataset: str) -> None:
    gate = Gate()
    means = scripted(runtime, ScriptedEngine(gate))
    experiment_id = await create(means, **batched(8))
    executor = Executor(means, experiment_id)
    work = asyncio.create_task(executor.run())
    await until(lambda: gate.waiting == 8, "the first group")
    executor.stop()
    gate.opened.set()
    assert await work is None
    assert len(await runs_of(runtime, experiment_id)) >= 8
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert len(set(pairs(await runs_of(runtime, experiment_id)))) == 20


async def test_the_group_in_flight_is_answered_when_the_work_is_handed_back(
    runtime: Runtime, dataset: str
) -> None:
    gate = Gate()
    means = scripted(runtime, ScriptedEngine(gate))
    experiment_id = await create(means, **batched(8))
    executor = Executor(means, experiment_id)
    work = asyncio.create_task(executor.run())
    await until(lambda: gate.waiting == 8, "the first group")
    answering = executor._answering
    assert answering is not None
    answering.hand_back()
    gate.opened.set()
    assert await work is None
    assert len(await runs_of(runtime, experiment_id)) == 8
    assert await Executor(means, experiment_id).run() is ExperimentStatus.COMPLETED
    assert len(set(pairs(await runs_of(runtime, experiment_id)))) == 20


@pytest.mark.parametrize("mode", ["sequential", "batched"])
async def test_one_executor_works_on_it(runtime: Runtime, dataset: str, mode: str) -> None:
    experiment_id = await create(runtime, workers=4, repeats=10, execution={"mode": mode})
    assert wanted_executors(runtime, await stored(runtime, experiment_id)) == 1


def test_configurations_of_before_are_sent_as_before() -> None:
    assert Sending.of({"concurrency": 5}) == Sending(5)
    assert Sending(5).consumers(5) == 20
