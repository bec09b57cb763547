"""Tests of experiments whose calls are made by batch jobs of the provider."""

import asyncio
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import delete, func, select

from app.domain.status import ExperimentStatus
from app.models import BatchJob, BatchLine, ExecutorRow
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.experiments.repository import ExperimentRepository
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime
from tests.fixtures.fake_batch import FakeBatch
from tests.support import cancel, create, metrics_of, pairs, runs_of, stored, until, with_settings

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
        assert (row.attempts, row.cached, row.stages) == (1, False, None)


async def test_calls_cost_what_is_left_of_the_price(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    experiment_id, _ = await run(quick, sample={"n": 2})
    each = (10 * 0.15 + 4 * 0.60) / 1e6 / 2
    assert [row.cost_usd for row in await runs_of(quick, experiment_id)] == pytest.approx([each, each])


async def test_lines_that_may_succeed_are_asked_for_again(
    quick: Runtime, dataset: str, server: FakeBatch
) -> None:
    server.faults = {
        "item 3 ": ["missing"],
        "item 5 ": ["expired", "server_error"],
        "item 7 ": ["rate_limit", "missing", "expired"],
    }
    experiment_id, status = await run(quick)
    assert status is ExperimentStatus.COMPLETED
    assert (await metrics_of(quick, experiment_id))["counts"]["ok"] == 20
    assert [len(batch.requests) for batch in server.batches.values()] == [20, 3, 2, 1]
    attempts = sorted(row.attempts for row in await runs_of(quick, experiment_id))
    assert attempts == [1] * 17 + [2, 3, 4]


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


async def test_an_agent_needs_a_job_for_each_step(quick: Runtime, dataset: str, server: FakeBatch) -> None:
    def step(body: dict[str, Any]) -> str:
        acted = any(message["role"] == "assistant" for message in body["messages"])
        return "Action: finish[4]" if acted else "Action: calculator[2 + 2]"

    server.answer = step
    method = {"name": "react", "tools": ["calculator"], "shots": 0}
    experiment_id, status = await run(quick, method=method, sample={"n": 3})
    assert status is ExperimentStatus.COMPLETED
    rows = await runs_of(quick, experiment_id)
    assert [len(row.calls) for row in rows] == [2, 2, 2]
    assert {row.answer for row in rows} == {"4"}
    assert [len(batch.requests) for batch in server.batches.values()] == [3, 3]
    assert {row.cached for row in rows} == {False}
    assert {row.paid_prompt_tokens for row in rows} == {20}


async def test_equal_questions_are_each_asked_and_paid_for(quick: Runtime, server: FakeBatch) -> None:
    twice = b'{"question": "What is item 1 of quiz?", "answer": "thing 1"}\n' * 2
    async with quick.sessions() as session:
        await DatasetService(session).add_file("twins", "twins.jsonl", twice)
    experiment_id, _ = await run(quick, dataset="twins")
    rows = await runs_of(quick, experiment_id)
    assert [(row.cached, row.paid_prompt_tokens) for row in rows] == [(False, 10)] * 2
    assert len(server.lines) == 2


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


class TestNothingIsPaidForTwice:
    """Whatever breaks off: a file goes up once, and one job is made of it."""

    async def test_an_answer_that_is_lost(self, quick: Runtime, dataset: str, server: FakeBatch) -> None:
        server.lose.update(["upload", "create"])
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.COMPLETED
        assert (server.asked["upload"], server.asked["create"]) == (1, 1)
        assert len(await runs_of(quick, experiment_id)) == 20

    async def test_a_provider_that_fails_for_a_while(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.refuse = {"upload": [500, 429], "create": [503], "look": [500], "content": [502]}
        _, status = await run(quick)
        assert status is ExperimentStatus.COMPLETED
        assert (len(server.uploads), len(server.batches)) == (1, 1)

    async def test_a_worker_that_is_killed_at_any_moment(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        experiment_id = await start(quick)
        moments, victims = ["upload", "create", "look", "content"], [0]

        async def kill(kind: str) -> None:
            if moments and kind == moments[0]:
                moments.pop(0)
                os.kill(victims[-1], signal.SIGKILL)
                await asyncio.to_thread(_wait_for_end_of, victims[-1])

        server.before = kill
        pipe = asyncio.subprocess.PIPE
        forker = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORK, stdin=pipe, stdout=pipe)
        assert forker.stdin is not None
        assert forker.stdout is not None
        while moments:
            forker.stdin.write(f"{experiment_id}\n".encode())
            victims.append(int(await forker.stdout.readline()))
            assert await forker.stdout.readline() == b"gone\n"
            await forget_executors(quick)
        forker.stdin.close()
        await forker.wait()
        assert await Executor(quick, experiment_id).run() is ExperimentStatus.COMPLETED
        assert (len(server.uploads), len(server.batches)) == (1, 1)
        assert len(pairs(await runs_of(quick, experiment_id))) == 20


class TestRefusals:
    """A provider may refuse a job as a whole."""

    async def test_for_good(self, quick: Runtime, dataset: str, server: FakeBatch) -> None:
        server.ends, server.problems = ["failed"], [{"code": "model_not_found", "message": "no such model"}]
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.FAILED
        reason = (await stored(quick, experiment_id)).reason
        assert reason == "The provider refuses the batch job: no such model (model_not_found)"

    async def test_for_lines_of_it(self, quick: Runtime, dataset: str, server: FakeBatch) -> None:
        server.ends = ["failed"]
        server.problems = [{"code": "invalid_request", "message": "no such thing", "line": 3}]
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.COMPLETED
        assert [len(batch.requests) for batch in server.batches.values()] == [20, 19]
        (failed,) = [row for row in await runs_of(quick, experiment_id) if row.status == "failed"]
        assert failed.failure_message == "no such thing (invalid_request)"

    async def test_for_its_size(self, quick: Runtime, dataset: str, server: FakeBatch) -> None:
        server.ends = ["failed"]
        server.problems = [{"code": "token_limit_exceeded", "message": "too many tokens are queued"}]
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.COMPLETED
        assert [len(batch.requests) for batch in server.batches.values()] == [20, 10, 10]
        assert {row.attempts for row in await runs_of(quick, experiment_id)} == {1}

    async def test_of_the_key(self, quick: Runtime, dataset: str, server: FakeBatch) -> None:
        server.refuse["upload"] = [401]
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.FAILED
        reason = (await stored(quick, experiment_id)).reason or ""
        assert reason.startswith("The provider's batch API: HTTP 401: refused with 401")


class TestEnds:
    async def test_cancelling_takes_what_is_answered(
        self, runtime: Runtime, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.looks = 1_000
        experiment_id = await start(quick)
        assert await Executor(with_settings(quick, batch_poll_s=60.0), experiment_id).run() is None
        await cancel(quick, experiment_id)
        assert (await stored(quick, experiment_id)).status == "RUNNING"
        assert await Executor(quick, experiment_id).run() is ExperimentStatus.CANCELLED
        assert server.cancelled == ["batch_1"]
        assert len(await runs_of(quick, experiment_id)) == 10
        assert (await metrics_of(quick, experiment_id))["counts"]["ok"] == 10
        assert (len(server.uploads), len(server.batches)) == (1, 1)

    async def test_deleting_cancels_the_job_too(
        self, quick: Runtime, experiments: ExperimentService, dataset: str, server: FakeBatch
    ) -> None:
        server.looks = 1_000
        experiment_id = await start(quick)
        assert await Executor(with_settings(quick, batch_poll_s=60.0), experiment_id).run() is None
        repository = ExperimentRepository(experiments._session)
        assert await repository.unattended(10.0) == []
        await experiments.delete(experiment_id)
        assert await repository.unattended(10.0) == [experiment_id]
        assert await Executor(quick, experiment_id).run() is ExperimentStatus.CANCELLED
        assert server.cancelled == ["batch_1"]
        assert await repository.unattended(10.0) == []

    async def test_a_provider_that_is_gone_from_the_catalog_holds_up_no_end(
        self, quick: Runtime, dataset: str, server: FakeBatch, tmp_path: Path
    ) -> None:
        server.looks = 1_000
        experiment_id = await start(quick)
        assert await Executor(with_settings(quick, batch_poll_s=60.0), experiment_id).run() is None
        catalog = tmp_path / "models.yaml"
        catalog.write_text(quick.settings.catalog.read_text().replace("batch_api: openai", "batch_api: null"))
        await cancel(quick, experiment_id)
        changed = with_settings(quick, catalog=catalog)
        assert await asyncio.wait_for(Executor(changed, experiment_id).run(), 30) == "CANCELLED"
        async with quick.sessions() as session:
            assert "takes no batch jobs any more" in (await session.scalar(select(BatchJob.last_error)) or "")

    async def test_cancelling_before_anything_was_uploaded(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.refuse["upload"] = [500]
        experiment_id = await start(quick)
        assert await Executor(with_settings(quick, batch_poll_s=60.0), experiment_id).run() is None
        await cancel(quick, experiment_id)
        assert await Executor(quick, experiment_id).run() is ExperimentStatus.CANCELLED
        assert not server.batches

    async def test_cancelling_while_an_executor_looks(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.looks = 1_000
        experiment_id = await start(quick)
        work = asyncio.create_task(Executor(quick, experiment_id).run())
        await until(lambda: server.asked["look"] > 2, "looks at the job")
        await cancel(quick, experiment_id)
        assert await work is ExperimentStatus.CANCELLED
        assert len(await runs_of(quick, experiment_id)) == 10

    async def test_a_job_that_has_expired_is_made_again(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.ends = ["expired"]
        experiment_id, status = await run(quick)
        assert status is ExperimentStatus.COMPLETED
        assert [len(batch.requests) for batch in server.batches.values()] == [20, 10]
        assert (await metrics_of(quick, experiment_id))["counts"]["ok"] == 20

    async def test_a_shutdown_leaves_the_job_to_the_next_start(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        server.looks = 1_000
        experiment_id = await start(quick)
        executor = Executor(quick, experiment_id)
        work = asyncio.create_task(executor.run())
        await until(lambda: server.asked["look"] > 2, "looks at the job")
        executor.stop()
        assert await work is None
        assert not server.cancelled
        server.looks = 1
        assert await Executor(quick, experiment_id).run() is ExperimentStatus.COMPLETED
        assert (len(server.uploads), len(server.batches)) == (1, 1)

    async def test_nothing_of_the_lines_is_left(
        self, quick: Runtime, dataset: str, server: FakeBatch
    ) -> None:
        await run(quick)
        async with quick.sessions() as session:
            assert await session.scalar(select(func.count()).select_from(BatchLine)) == 0
            assert await session.scalar(select(BatchJob.state)) == "done"


async def forget_executors(runtime: Runtime) -> None:
    """Take the lease of a process that was killed, as others do when its heartbeat is stale."""
    async with runtime.sessions() as session:
        await session.execute(delete(ExecutorRow))
        await session.commit()


def _wait_for_end_of(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.005)


# Imports once, and works on an experiment in a child of its own, as a worker does.
_WORK = """
import os, sys
os.environ |= {"LLMFORGE_BATCH_POLL_S": "0.02", "LLMFORGE_BATCH_POLL_LONGEST_S": "0.05"}
from app.tasks.jobs import run_experiment
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr
        run_experiment(line.strip())
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("gone", flush=True)
"""
