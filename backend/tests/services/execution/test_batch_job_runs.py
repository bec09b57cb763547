"""Tests of experiments whose calls are made by batch jobs of the provider."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.fixtures.fake_batch import FakeBatch
from tests.support import create, metrics_of, pairs, runs_of, stored, with_settings

BATCHES = {"mode": "batch_job"}
MODEL = "openai/gpt-4o-mini"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBatch]:
    """A provider with a batch API."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-batches")
    async with FakeBatch() as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
        yield fake


@pytest.fixture
def quick(runtime: Runtime) -> Runtime:
    """Means of a process that looks at jobs very often."""
    return with_settings(runtime, batch_poll_s=0.02, batch_poll_longest_s=0.05)


async def start(runtime: Runtime, **fields: Any) -> uuid.UUID:
    return await create(runtime, **{"model": MODEL, "execution": BATCHES, **fields})


async def run(runtime: Runtime, **fields: Any) -> tuple[uuid.UUID, ExperimentStatus | None]:
    experiment_id = await start(runtime, **fields)
    return experiment_id, await Executor(runtime, experiment_id).run()


async def test_all_questions_are_answered_by_one_job(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    experiment_id, status = await run(quick, sample={"n": 20})
    assert status is ExperimentStatus.COMPLETED
    metrics = await metrics_of(quick, experiment_id)
    assert metrics["counts"]["ok"] == 20
    assert metrics["scores"]["exact_match"]["value"] == 1.0
    assert (len(server.uploads), len(server.batches), len(server.lines)) == (1, 1, 20)
    assert server.headers["Authorization"] == "Bearer sk-test-of-batches"


async def test_latency_and_throughput_are_not_known(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    experiment_id, _ = await run(quick, sample={"n": 3})
    metrics = await metrics_of(quick, experiment_id)
    assert metrics["latency_ms"]["n"] == 0
    assert metrics["throughput_per_s"] is None
    for row in await runs_of(quick, experiment_id):
        assert (row.latency_ms, row.model_ms, row.calls[0]["latency_ms"]) == (None, None, None)
        assert (row.attempts, row.cached) == (1, False)


async def test_calls_cost_what_is_left_of_the_price(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    experiment_id, _ = await run(quick, sample={"n": 2})
    each = (10 * 0.15 + 4 * 0.60) / 1e6 / 2
    assert [row.cost_usd for row in await runs_of(quick, experiment_id)] == pytest.approx([each, each])


@pytest.mark.parametrize("fault", ["missing", "expired", "server_error", "rate_limit"])
async def test_lines_that_may_succeed_are_asked_for_again(
    quick: Runtime, dataset: str, server: FakeBatch, fault: Any
) -> None:
    server.faults = {"item 3 ": [fault], "item 5 ": [fault, fault]}
    experiment_id, status = await run(quick)
    assert status is ExperimentStatus.COMPLETED
    assert (await metrics_of(quick, experiment_id))["counts"]["ok"] == 20
    assert [len(batch.requests) for batch in server.batches.values()] == [20, 2, 1]
    attempts = {row.example_id: row.attempts for row in await runs_of(quick, experiment_id)}
    assert sorted(attempts.values()) == [1] * 18 + [2, 3]


async def test_a_line_that_never_succeeds_is_a_failed_run(
    quick: Runtime, dataset: str, server: FakeBatch
) -> None:
    server.faults = {"item 3 ": ["missing"] * 9, "item 4 ": ["bad_request"], "item 5 ": ["filter"]}
    experiment_id, status = await run(quick, max_failed_share=0.5)
    assert status is ExperimentStatus.COMPLETED
    failed = [row for row in await runs_of(quick, experiment_id) if row.status == "failed"]
    assert sorted((row.failure_kind, row.attempts) for row in failed) == [
        ("bad_request", 1),
        ("refused", 1),
        ("timeout", quick.settings.max_attempts),
    ]
    assert len(server.batches) == quick.settings.max_attempts


async def test_the_first_of_two_answers_counts(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    server.faults = {"item 3 ": ["duplicate"]}
    experiment_id, _ = await run(quick)
    rows = await runs_of(quick, experiment_id)
    assert len(pairs(rows)) == 20
    assert {row.exact_match for row in rows} == {1.0}


async def test_votes_are_asked_for_in_one_job(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    method = {"name": "cot", "samples": 3}
    _, status = await run(quick, method=method, sample={"n": 4}, params={"temperature": 0.5})
    assert status is ExperimentStatus.COMPLETED
    assert [len(batch.requests) for batch in server.batches.values()] == [12]


async def test_answers_are_cached_for_others(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    await run(quick, sample={"n": 5})
    experiment_id, status = await run(quick, sample={"n": 5})
    assert status is ExperimentStatus.COMPLETED
    assert {row.cached for row in await runs_of(quick, experiment_id)} == {True}
    assert len(server.batches) == 1


async def test_a_worker_leaves_while_the_provider_works(
    runtime: Runtime, dataset: str, server: FakeBatch
) -> None:
    patient = with_settings(runtime, batch_poll_s=60.0)
    experiment_id = await start(patient)
    assert await asyncio.wait_for(Executor(patient, experiment_id).run(), 20) is None
    experiment = await stored(runtime, experiment_id)
    assert experiment.status == "RUNNING"
    assert experiment.progress_snapshot is not None
    assert experiment.progress_snapshot.waiting_for == "the provider's batch job: 0 of 20 calls are done"
    assert experiment.waits_until is not None
