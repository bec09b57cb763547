"""Tests of the stages that runs keep: which ones, in which order, and that they add up to the run's time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.run import RunRecord
from app.domain.status import ExperimentStatus, FailureKind
from app.models import Run
from app.services.execution.executor import Executor
from app.services.execution.sample import SampleRunner
from app.services.inference.base import EngineError
from app.services.knowledge.service import KnowledgeService
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.support import create, metrics_of, runs_of, scripted
from tests.tiny_models import TinyModels, articles_jsonl

SUMS = {"name": "react", "tools": ["calculator"], "shots": 0}
CALL = ["lookup", "slot", "call"]
END = ["parsing", "turn", "scoring", "storing"]


async def slowly(request: GenerationRequest) -> GenerationResult:
    await asyncio.sleep(0.02)
    return answered(question(request))


async def ended(runtime: Runtime, **fields: Any) -> Any:
    experiment_id = await create(runtime, **fields)
    assert await Executor(runtime, experiment_id).run() is ExperimentStatus.COMPLETED
    return experiment_id


def names(run: Run) -> list[str]:
    assert run.stages is not None
    return [str(stage[0]) for stage in run.stages]


def milliseconds(run: Run | RunRecord) -> dict[str, float]:
    """Return the time of each stage."""
    found: dict[str, float] = {}
    for name, micros, *_ in run.stages or []:
        found[str(name)] = found.get(str(name), 0.0) + int(micros) / 1000
    return found


def hidden_share(runs: Sequence[Run], walls: Mapping[int, float]) -> float:
    """Return the median share of a run's time that no stage has; a busy machine may interrupt a few runs."""
    shares = [1 - sum(milliseconds(run).values()) / walls[run.example_id] for run in runs]
    assert min(shares) > 0, "the stages are a part of what is measured from outside"
    return median(shares)


@pytest.fixture
def walls(monkeypatch: pytest.MonkeyPatch) -> dict[int, float]:
    """The time of each run in ms by example id, measured from outside."""
    found: dict[int, float] = {}
    real = SampleRunner.run

    async def run(self: SampleRunner, sample: Any) -> RunRecord:
        since = time.perf_counter()
        record = await real(self, sample)
        found[sample.example_id] = (time.perf_counter() - since) * 1000
        return record

    monkeypatch.setattr(SampleRunner, "run", run)
    return found


async def test_add_up_to_the_time_of_the_run(runtime: Runtime, dataset: str, walls: dict[int, float]) -> None:
    means = scripted(runtime, ScriptedEngine(slowly))
    experiment_id = await ended(means, concurrency=4)
    runs = await runs_of(means, experiment_id)
    assert {tuple(names(run)) for run in runs} == {("prompt", *CALL, *END)}
    assert hidden_share(runs, walls) <= 0.01
    for run in runs:
        assert milliseconds(run)["call"] >= 19
    # Four calls at a time, sixteen questions: most wait for a slot.
    assert max(milliseconds(run)["slot"] for run in runs) >= 19
    metrics = await metrics_of(means, experiment_id)
    profile = metrics["stages"]
    assert profile["runs"] == 20
    assert [one["name"] for one in profile["stages"]] == ["prompt", *CALL, *END]
    assert sum(one["share"] for one in profile["stages"]) == pytest.approx(1)
    assert profile["own_p50_ms"] < profile["wall_p50_ms"]
    assert (metrics["cached_stages"], metrics["first_token_ms"]) == (None, None)


async def test_of_cached_answers_stand_apart(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, ScriptedEngine(slowly))
    await ended(means, concurrency=20)
    again = await ended(means, concurrency=20)
    runs = await runs_of(means, again)
    assert {tuple(names(run)) for run in runs} == {("prompt", "lookup", *END)}
    metrics = await metrics_of(means, again)
    assert (metrics["stages"], metrics["cached_stages"]["runs"]) == (None, 20)


async def test_tell_failed_attempts_and_the_waits_between(runtime: Runtime, dataset: str) -> None:
    failed: set[str] = set()

    async def once(request: GenerationRequest) -> GenerationResult:
        await asyncio.sleep(0.01)
        if question(request) in failed:
            return answered(question(request))
        failed.add(question(request))
        raise EngineError(FailureKind.SERVER, "not now", retry_after_s=0.03)

    means = scripted(runtime, ScriptedEngine(once))
    experiment_id = await ended(means, concurrency=20, cache=False)
    retry = ["slot", "failed_call", "backoff", "slot", "call"]
    for run in await runs_of(means, experiment_id):
        assert names(run) == ["prompt", *retry, *END]
        found = milliseconds(run)
        assert found["failed_call"] >= 9
        assert found["backoff"] >= 29


async def test_of_failed_runs_are_kept(runtime: Runtime, dataset: str) -> None:
    means = scripted(runtime, ScriptedEngine(EngineError(FailureKind.REFUSED, "no")))
    experiment_id = await ended(means, max_failed_share=1.0)
    for run in await runs_of(means, experiment_id):
        assert names(run) == ["prompt", "lookup", "slot", "failed_call", "storing"]
    assert (await metrics_of(means, experiment_id))["stages"] is None


async def test_of_a_run_that_crashed_say_other(
    runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr("app.services.methods.naive.read_answer", broken)
    means = scripted(runtime, ScriptedEngine("an answer"))
    experiment_id = await ended(means, max_failed_share=1.0)
    for run in await runs_of(means, experiment_id):
        assert names(run) == ["prompt", *CALL, "other", "storing"]


async def test_of_an_agent_have_the_number_of_their_step(runtime: Runtime, dataset: str) -> None:
    said = ["Thought: a sum.\nAction: calculator[1+1]", "Thought: done.\nAction: finish[2]"]

    async def turn(request: GenerationRequest) -> GenerationResult:
        return answered(said["Observation" in request.messages[-1].content])

    means = scripted(runtime, ScriptedEngine(turn))
    experiment_id = await ended(means, method=SUMS, concurrency=20)
    (run, *_) = await runs_of(means, experiment_id)
    first = ["prompt", *CALL, "parsing", "tool:calculator"]
    second = ["prompt", *CALL, "parsing"]
    assert [stage[2:] for stage in run.stages or []] == [*[[0]] * len(first), *[[1]] * len(second), *[[]] * 4]
    assert names(run) == [*first, *second, *END]


async def test_of_retrieval_are_told_apart(
    runtime: Runtime, dataset: str, tiny_models: TinyModels, walls: dict[int, float]
) -> None:
    async with runtime.sessions() as session:
        await KnowledgeService(session).add_files("towers", [("a.jsonl", articles_jsonl())])
    means = scripted(runtime, ScriptedEngine(slowly))
    experiment_id = await ended(means, method=tiny_models.rag(variant="reranked", top_k=2))
    parts = ["search_wait", "embedding", "dense", "bm25", "fusion", "chunks", "reranking"]
    runs = await runs_of(means, experiment_id)
    assert {tuple(names(run)) for run in runs} == {(*parts, "prompt", *CALL, *END)}
    assert hidden_share(runs, walls) <= 0.01


@pytest.mark.parametrize("mode", ["sequential", "batched"])
async def test_of_groups_tell_the_wait_for_the_others(
    runtime: Runtime, dataset: str, walls: dict[int, float], mode: str
) -> None:
    means = scripted(runtime, ScriptedEngine(slowly))
    execution = {"mode": "batched", "batch_size": 4} if mode == "batched" else {"mode": mode}
    experiment_id = await ended(means, sample={"n": 8}, execution=execution, cache=False)
    runs = await runs_of(means, experiment_id)
    wait = ["group"] if mode == "batched" else []
    assert {tuple(names(run)) for run in runs} == {("prompt", *wait, "slot", "call", *wait, *END)}
    assert hidden_share(runs, walls) <= 0.01


async def test_split_a_call_where_the_first_token_is_measured(runtime: Runtime, dataset: str) -> None:
    async def streamed(request: GenerationRequest) -> GenerationResult:
        assert request.clock.first_token
        await asyncio.sleep(0.02)
        return replace(answered(question(request)), first_token_s=0.005)

    means = scripted(runtime, ScriptedEngine(streamed))
    execution = {"measure_first_token": True}
    experiment_id = await ended(means, sample={"n": 5}, execution=execution, cache=False)
    runs = await runs_of(means, experiment_id)
    assert {tuple(names(run)) for run in runs} == {("prompt", "slot", "first_token", "rest", *END)}
    assert all(milliseconds(run)["first_token"] == pytest.approx(5, abs=0.01) for run in runs)
    assert [run.calls[0]["first_token_ms"] for run in runs] == [5.0] * 5
    metrics = await metrics_of(means, experiment_id)
    assert (metrics["first_token_ms"]["n"], metrics["first_token_ms"]["p50"]) == (
        5,
        pytest.approx(5, abs=0.01),
    )
