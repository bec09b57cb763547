"""Tests of who may work on an experiment: claim, heartbeat, take-over, hand-over, cancel."""

import asyncio
import uuid

import pytest

from app.domain.progress import Gauges
from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.execution.lease import Joined, Lease
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine, question
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
)


async def begin(
    runtime: Runtime, free: int, concurrency: int = 4
) -> tuple[uuid.UUID, Gate, ScriptedEngine, Executor, "asyncio.Task[ExperimentStatus | None]"]:
    """Start an execution that gets ``free`` answers and then waits; return when these are stored."""
    gate = Gate(free)
    engine = ScriptedEngine(gate)
    experiment_id = await create(runtime, concurrency=concurrency)
    execution = Executor(scripted(runtime, engine), experiment_id)
    task = asyncio.create_task(execution.run())

    async def so_far() -> bool:
        assert not task.done(), task
        return gate.waiting == concurrency and len(await runs_of(runtime, experiment_id)) == free

    await until(so_far, f"{free} runs stored, the next calls in flight")
    return experiment_id, gate, engine, execution, task


def lease_of(runtime: Runtime, experiment_id: uuid.UUID, stale_after_s: float = 10) -> Lease:
    return Lease(runtime.sessions, runtime.autocommit, experiment_id, stale_after_s, lambda: False)


async def set_experiment(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments}")


class TestClaim:
    async def test_of_two_executors_one_works(self, runtime: Runtime, dataset: str) -> None:
        engine = ScriptedEngine(Gate(1000))
        means = scripted(runtime, engine)
        experiment_id = await create(runtime)
        ends = await asyncio.gather(*(Executor(means, experiment_id).run() for _ in range(5)))
        assert sorted(ends, key=str) == [ExperimentStatus.COMPLETED, *[None] * 4]
        assert len(engine.calls) == 20

    @pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELLED"])
    async def test_an_ended_one_stays_as_it_is(self, runtime: Runtime, dataset: str, status: str) -> None:
        experiment_id = await create(runtime)
        await set_experiment(runtime, f"status = '{status}'")
        assert await Executor(runtime, experiment_id).run() is None
        assert (await stored(runtime, experiment_id)).status == status
        assert await runs_of(runtime, experiment_id) == []

    async def test_one_that_nobody_started(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await set_experiment(runtime, "queued_at = null")
        assert await Executor(runtime, experiment_id).run() is None
        assert (await stored(runtime, experiment_id)).status == "PENDING"

    async def test_a_deleted_one(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        async with runtime.sessions() as session:
            await ExperimentService(session, runtime).delete(experiment_id)
        assert await Executor(runtime, experiment_id).run() is None

    async def test_none_at_all(self, runtime: Runtime) -> None:
        assert await Executor(runtime, uuid.uuid4()).run() is None

    async def test_a_living_one_is_not_taken_over(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, gate, _, _, task = await begin(runtime, 3)
        first_sign = (await stored(runtime, experiment_id)).heartbeat_at

        async def later_sign() -> bool:
            return (await stored(runtime, experiment_id)).heartbeat_at != first_sign

        await until(later_sign, "a heartbeat")
        assert await Executor(runtime, experiment_id).run() is None
        gate.opened.set()
        assert await task is ExperimentStatus.COMPLETED


class TestTakeOver:
    async def test_only_what_is_missing_is_asked(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, _, task = await begin(runtime, 7)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        before = await runs_of(runtime, experiment_id)
        engine = ScriptedEngine(Gate(1000))
        # Without the cache, what had been answered would be asked again if it were not skipped.
        await set_experiment(runtime, "config = jsonb_set(config, '{cache}', 'false')")
        assert await Executor(scripted(runtime, engine), experiment_id).run() is ExperimentStatus.COMPLETED
        rows = await runs_of(runtime, experiment_id)
        assert len(set(pairs(rows))) == len(rows) == 20
        assert len(engine.calls) == 13
        kept = {row.id for row in before}
        assert len(kept) == 7
        assert kept <= {row.id for row in rows}
        answered = {row.output for row in before}
        assert answered.isdisjoint({question(call) for call in engine.calls})

    async def test_the_loser_writes_no_end(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, first, _, loser = await begin(runtime, 5)
        other = lease_of(runtime, experiment_id, stale_after_s=-10)
        assert await other.join(Gauges(), lambda _: 1) is not None
        assert await loser is None
        assert (await stored(runtime, experiment_id)).status == "RUNNING"
        assert await leases_of(runtime, experiment_id) == [other.id]
        assert await result_of(runtime, experiment_id) is None
        assert first.closed == 1

    async def test_a_stale_one_is_taken_over_and_completed(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, _, loser = await begin(runtime, 5)
        await set_experiment(runtime, "heartbeat_at = now() - interval '1 hour'")
        # The loser may give a sign of life before the other claims: who is in time keeps it.
        winner = Executor(scripted(runtime, ScriptedEngine(Gate(1000)), stale_after_s=-10), experiment_id)
        assert await winner.run() is ExperimentStatus.COMPLETED
        assert await loser is None
        rows = await runs_of(runtime, experiment_id)
        assert len(set(pairs(rows))) == len(rows) == 20
        assert (await metrics_of(runtime, experiment_id))["counts"]["stored"] == 20

    async def test_time_and_counts_go_on(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, execution, task = await begin(runtime, 6)
        execution.stop()
        assert await task is None
        await set_experiment(runtime, "progress = jsonb_set(progress, '{active_s}', '100')")
        async with runtime.engine.begin() as database:
            await database.exec_driver_sql("update runs set cached = true")
        await Executor(scripted(runtime, ScriptedEngine(Gate(1000))), experiment_id).run()
        progress = (await stored(runtime, experiment_id)).progress or {}
        assert (progress["done"], progress["total"]) == (20, 20)
        assert progress["active_s"] >= 100
        assert progress["cached"] == 6
        metrics = await metrics_of(runtime, experiment_id)
        assert metrics["wall_s"] >= 100
        assert metrics["throughput_per_s"] <= 20 / 100


class TestHandOver:
    async def test_a_stop_lets_calls_in_flight_finish(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, gate, engine, execution, task = await begin(runtime, 5, concurrency=1)
        execution.stop()
        gate.opened.set()
        assert await task is None
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.heartbeat_at) == ("RUNNING", None)
        assert await leases_of(runtime, experiment_id) == []
        assert experiment.finished_at is None
        rows = await runs_of(runtime, experiment_id)
        # Consumers finish what they have taken, the call in flight and those that wait for a slot.
        assert 6 <= len(rows) == len(engine.calls) <= 9
        assert await result_of(runtime, experiment_id) is None

    async def test_a_stop_does_not_wait_for_long(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, execution, task = await begin(runtime, 5)
        execution.stop()
        assert await task is None
        assert len(await runs_of(runtime, experiment_id)) == 5
        assert await leases_of(runtime, experiment_id) == []

    async def test_a_stop_when_all_is_done_completes(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, gate, _, execution, task = await begin(runtime, 16)
        execution.stop()
        gate.opened.set()
        assert await task is ExperimentStatus.COMPLETED
        assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == 20

    async def test_the_end_of_the_process_releases(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, _, task = await begin(runtime, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        experiment = await stored(runtime, experiment_id)
        assert experiment.status == "RUNNING"
        assert await leases_of(runtime, experiment_id) == []
        assert len(await runs_of(runtime, experiment_id)) == 5


class TestCancel:
    async def test_keeps_and_aggregates_what_is_done(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, engine, _, task = await begin(runtime, 6)
        asked = len(engine.calls)
        await cancel(runtime, experiment_id)
        assert await task is ExperimentStatus.CANCELLED
        assert len(engine.calls) == asked
        experiment = await stored(runtime, experiment_id)
        assert (experiment.status, experiment.reason) == ("CANCELLED", "Cancelled on request.")
        counts = (await metrics_of(runtime, experiment_id))["counts"]
        assert (counts["ok"], counts["missing"]) == (6, 14)
        assert engine.closed == 1

    async def test_before_the_first_answer(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, _, task = await begin(runtime, 0)
        await cancel(runtime, experiment_id)
        assert await task is ExperimentStatus.CANCELLED
        assert await result_of(runtime, experiment_id) is None

    async def test_a_queued_one_never_begins(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        await cancel(runtime, experiment_id)
        assert await Executor(runtime, experiment_id).run() is None
        assert (await stored(runtime, experiment_id)).status == "CANCELLED"

    async def test_a_deletion_cancels(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, _, _, _, task = await begin(runtime, 6)
        async with runtime.sessions() as session:
            await ExperimentService(session, runtime).delete(experiment_id)
        assert await task is ExperimentStatus.CANCELLED
        assert (await metrics_of(runtime, experiment_id))["counts"]["ok"] == 6

    async def test_a_deletion_when_it_has_just_joined(self, runtime: Runtime, dataset: str) -> None:
        class Overtaken(Executor):
            async def _run_joined(self, joined: Joined) -> ExperimentStatus | None:
                async with runtime.sessions() as session:
                    await ExperimentService(session, runtime).delete(experiment_id)
                return await super()._run_joined(joined)

        experiment_id = await create(runtime)
        means = scripted(runtime, ScriptedEngine(Gate()))
        assert await Overtaken(means, experiment_id).run() is ExperimentStatus.CANCELLED


class TestDatabaseAway:
    async def test_a_stop_meanwhile_does_not_fail_the_experiment(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment_id, _, _, execution, task = await begin(runtime, 5)

        async def away(*_: object) -> None:
            raise TimeoutError

        monkeypatch.setattr("app.services.execution.writer.GroupCommitWriter.flush", away)
        execution.stop()
        assert await task is None
        experiment = await stored(runtime, experiment_id)
        assert experiment.status == "RUNNING"
        assert await leases_of(runtime, experiment_id) == []
