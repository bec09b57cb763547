"""A real worker process: takes jobs, hands over when asked to end, and is survived when killed."""

import asyncio
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr
from rq import Callback, Queue
from rq.serializers import JSONSerializer

from app.core.embedded.valkey import EmbeddedValkey
from app.core.processes import ManagedProcess, free_port
from app.core.queue import connect, make_queue
from app.models import Run
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.execution.recovery import requeue_lost
from app.services.runtime import Runtime
from app.tasks.experiment_job import ExperimentJob, ForeignJob
from tests.factories import questions_jsonl
from tests.fixtures.fake_llm import FakeLLM
from tests.support import create, leases_of, log_of, metrics_of, pairs, runs_of, stored, until, with_settings
from tests.tasks.conftest import Start, kill_tree

SIZE, CONCURRENCY = 40, 4


@pytest.fixture
async def quiz(runtime: Runtime) -> None:
    async with runtime.sessions() as session:
        await DatasetService(session).add_file("quiz", "quiz.jsonl", questions_jsonl(SIZE))


async def start_experiment(runtime: Runtime) -> uuid.UUID:
    return await create(
        runtime, model="openai/fake", concurrency=CONCURRENCY, cache=False, max_failed_share=0
    )


async def in_the_middle(runtime: Runtime, endpoint: FakeLLM, experiment_id: uuid.UUID, done: int) -> None:
    """Return when ``done`` runs are stored and the next calls are in flight."""

    async def reached() -> bool:
        return endpoint.stats.in_flight == CONCURRENCY and len(await runs_of(runtime, experiment_id)) == done

    await until(reached, f"{done} stored runs, {CONCURRENCY} calls in flight")


async def completed(runtime: Runtime, experiment_id: uuid.UUID) -> None:
    async def has_ended() -> bool:
        experiment = await stored(runtime, experiment_id)
        assert experiment.status in {"PENDING", "RUNNING", "COMPLETED"}, experiment.reason
        return experiment.status == "COMPLETED"

    await until(has_ended, "the experiment to complete")


def what_counts(rows: list[Run]) -> list[tuple[Any, ...]]:
    columns = ("example_id", "repeat", "status", "output", "answer", "scores", "prompt_tokens")
    return [tuple(getattr(row, column) for column in columns) for row in rows]


async def uninterrupted(runtime: Runtime, endpoint: FakeLLM) -> uuid.UUID:
    """Run the same experiment in one go, here."""
    endpoint.release()
    experiment_id = await start_experiment(runtime)
    await Executor(runtime, experiment_id).run()
    return experiment_id


async def ended(worker: ManagedProcess) -> int:
    assert worker.process is not None
    return await asyncio.to_thread(worker.process.wait, 60)


class TestWork:
    async def test_runs_what_is_queued_one_after_the_other(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        ids = [await start_experiment(runtime) for _ in range(2)]
        worker = start_worker()
        for experiment_id in ids:
            await completed(runtime, experiment_id)
            assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == SIZE
            assert ((await stored(runtime, experiment_id)).progress or {})["mode"] == "worker"
        assert set(endpoint.stats.tries.values()) == {2}
        assert worker.running
        worker.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        assert await ended(worker) == 0

    async def test_answers_stay_in_its_memory_for_the_next_experiment(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        start_worker()
        for tier in (None, "memory"):
            experiment_id = await create(runtime, model="openai/fake", concurrency=CONCURRENCY)
            await completed(runtime, experiment_id)
            calls = [call for run in await runs_of(runtime, experiment_id) for call in run.calls]
            assert {call.get("cache") for call in calls} == {tier}
        assert set(endpoint.stats.tries.values()) == {1}

    async def test_says_what_is_not_configured(
        self, start_worker: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DATABASE_URL", "")
        worker = start_worker()
        assert await ended(worker) == 1
        said = log_of(worker)
        assert "DATABASE_URL" in said
        assert "Traceback" not in said


class TestForeignJobs:
    @pytest.fixture
    def queue(self, runtime: Runtime) -> Iterator[Queue]:
        """The queue, as anyone may write to it who can reach the Redis."""
        connection = connect(runtime.redis_url)
        yield make_queue(connection, runtime.settings.queue)
        connection.close()

    async def test_none_is_run(
        self,
        runtime: Runtime,
        quiz: None,
        endpoint: FakeLLM,
        start_worker: Start,
        queue: Queue,
        tmp_path: Path,
    ) -> None:
        mark = tmp_path / "mark"
        own = "app.tasks.jobs.run_experiment"
        calls: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
            ("os.system", (f"touch '{mark}'",), {}),
            ("os.mkdir", (str(mark),), {}),
            (own, (), {}),
            (own, (str(uuid.uuid4()), str(uuid.uuid4())), {}),
            (own, (f"touch {mark}",), {}),
            (own, ([1],), {}),
            (own, (), {"experiment_id": str(uuid.uuid4())}),
        ]
        queued = [queue.enqueue_call(name, args, kwargs) for name, args, kwargs in calls]
        called_back = queue.enqueue_call(
            "os.getcwd", on_failure=Callback("os.mkdir"), on_success=Callback("os.mkdir")
        )
        method_of = queue.enqueue_call("os.getcwd")
        method_of.data = b'["upper", "an instance", [], {}]'
        method_of.save()
        unreadable = queue.enqueue_call("os.getcwd")
        queue.connection.hset(unreadable.key, mapping={"created_at": "never", "timeout": "soon", "data": "["})
        experiment_id = await start_experiment(runtime)
        worker = start_worker()
        await completed(runtime, experiment_id)
        assert worker.running
        assert not mark.exists()
        refused = [*queued, called_back, method_of]
        await until(lambda: {job.get_status() for job in refused} == {"failed"}, "all others to be refused")
        log = log_of(worker)
        assert "job_unreadable" in log

    async def test_the_callback_of_a_job_that_is_given_up_is_not_run(
        self, runtime: Runtime, queue: Queue, tmp_path: Path
    ) -> None:
        job = queue.enqueue_call("os.getcwd", on_failure=Callback("os.mkdir"))
        read = ExperimentJob.fetch(job.id, queue.connection, JSONSerializer)
        assert (read.failure_callback, read.success_callback, read.stopped_callback) == (None, None, None)
        with pytest.raises(ForeignJob):
            read.perform()


class TestEnd:
    async def test_asked_to_end_it_hands_over(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        endpoint.hold_after(10)
        experiment_id = await start_experiment(runtime)
        first = start_worker()
        await in_the_middle(runtime, endpoint, experiment_id, 10)
        first.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        assert await ended(first) == 0
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.heartbeat_at, experiment.finished_at) == ("RUNNING", None, None)
        assert await leases_of(runtime, experiment_id) == []
        assert await requeue_lost(runtime) == 1
        endpoint.release()
        start_worker()
        await completed(runtime, experiment_id)
        rows = await runs_of(runtime, experiment_id)
        assert len(set(pairs(rows))) == len(rows) == SIZE
        repeated = [prompt for prompt, times in endpoint.stats.tries.items() if times > 1]
        assert len(repeated) <= CONCURRENCY

    async def test_killed_it_is_taken_over(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start, caretaker: None
    ) -> None:
        endpoint.hold_after(15)
        experiment_id = await start_experiment(runtime)
        first = start_worker()
        await in_the_middle(runtime, endpoint, experiment_id, 15)
        answered = set(endpoint.stats.answers)
        kill_tree(first)
        experiment = await stored(runtime, experiment_id)
        assert experiment.status == "RUNNING"
        assert len(await leases_of(runtime, experiment_id)) == 1
        endpoint.release()
        start_worker()
        await completed(runtime, experiment_id)
        assert len(answered) == 15
        assert {endpoint.stats.tries[prompt] for prompt in answered} == {1}
        repeated = [prompt for prompt, times in endpoint.stats.tries.items() if times > 1]
        assert len(repeated) <= CONCURRENCY
        assert max(endpoint.stats.tries.values()) == 2
        rows = await runs_of(runtime, experiment_id)
        assert len(set(pairs(rows))) == len(rows) == SIZE
        other = await uninterrupted(runtime, endpoint)
        assert what_counts(rows) == what_counts(await runs_of(runtime, other))
        here, there = await metrics_of(runtime, experiment_id), await metrics_of(runtime, other)
        for name in ("scores", "counts", "tokens", "cost_usd"):
            assert here[name] == there[name]

    async def test_the_child_ends_with_its_killed_worker(
        self, runtime: Runtime, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        endpoint.hold_after(5)
        experiment_id = await start_experiment(runtime)
        worker = start_worker()
        await in_the_middle(runtime, endpoint, experiment_id, 5)
        assert worker.process is not None
        (child,) = psutil.Process(worker.process.pid).children()
        worker.process.kill()
        worker.process.wait()

        async def released() -> bool:
            return not await leases_of(runtime, experiment_id)

        await until(released, "the child to hand the experiment over")
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "its end")


class TestRedisAway:
    @pytest.fixture
    def own_valkey(self, tmp_path: Path) -> Iterator[EmbeddedValkey]:
        """A Valkey that a test may start and stop; not started."""
        server = EmbeddedValkey(tmp_path / "valkey", tmp_path / "valkey.log")
        server.port = free_port()
        yield server
        server.stop()

    @pytest.fixture
    def means(self, runtime: Runtime, own_valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch) -> Runtime:
        """The means of a process on that Valkey; also for child processes."""
        monkeypatch.setenv("REDIS_URL", own_valkey.url)
        return with_settings(runtime, redis_url=SecretStr(own_valkey.url))

    async def test_at_start_the_worker_waits(
        self, means: Runtime, own_valkey: EmbeddedValkey, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        worker = start_worker()
        await until(lambda: "redis_away" in log_of(worker), "the worker to miss Redis")
        assert worker.running
        await asyncio.to_thread(own_valkey.start, own_valkey.port)
        experiment_id = await start_experiment(means)
        await completed(means, experiment_id)

    async def test_asked_to_end_while_it_waits(
        self, means: Runtime, own_valkey: EmbeddedValkey, start_worker: Start
    ) -> None:
        worker = start_worker()
        await until(lambda: "redis_away" in log_of(worker), "the worker to miss Redis")
        worker.process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        assert await ended(worker) == 0

    async def test_during_work_nothing_is_lost(
        self, means: Runtime, own_valkey: EmbeddedValkey, quiz: None, endpoint: FakeLLM, start_worker: Start
    ) -> None:
        await asyncio.to_thread(own_valkey.start, own_valkey.port)
        endpoint.hold_after(5)
        experiment_id = await start_experiment(means)
        start_worker()
        await in_the_middle(means, endpoint, experiment_id, 5)
        await asyncio.to_thread(own_valkey.stop)
        endpoint.release()
        await completed(means, experiment_id)
        assert set(endpoint.stats.tries.values()) == {1}
        await asyncio.to_thread(own_valkey.start, own_valkey.port)
        later = await start_experiment(means)
        await completed(means, later)
