"""Tests of watching an experiment, to the end."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.core.errors import Unavailable
from app.domain.status import ExperimentStatus
from app.services.execution.executor import Executor
from app.services.experiments.events import ExperimentState, ExperimentWatcher, watch_experiment
from app.services.experiments.repository import ExperimentRepository
from app.services.runtime import Runtime
from tests.engines import Gate, ScriptedEngine
from tests.support import PATIENCE_S, cancel, create, scripted, with_settings


async def collect(runtime: Runtime, experiment_id: uuid.UUID) -> list[ExperimentState]:
    async with asyncio.timeout(PATIENCE_S):
        return [event async for event in watch(runtime, experiment_id)]


async def set_experiment(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments}")


async def next_with(events: AsyncIterator[ExperimentState], **progress: Any) -> ExperimentState:
    """Return the next event whose progress has these values."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in events:
            if event.progress and progress.items() <= event.progress.as_dict().items():
                return event
    raise AssertionError("the events have ended")


def watch(runtime: Runtime, experiment_id: uuid.UUID) -> AsyncIterator[ExperimentState]:
    return watch_experiment(runtime, experiment_id, tick_s=0.02)


@pytest.fixture
def means(runtime: Runtime) -> Runtime:
    """The means of a process whose executors tell their progress often."""
    return with_settings(runtime, heartbeat_s=0.05)


class TestToTheEnd:
    async def test_from_pending_over_progress_to_completed(self, means: Runtime, dataset: str) -> None:
        gate = Gate(free=8)
        experiment_id = await create(means, concurrency=4)
        events = watch(means, experiment_id)
        first = await anext(events)
        assert (first.status, first.queued) == ("PENDING", True)
        task = asyncio.create_task(Executor(scripted(means, ScriptedEngine(gate)), experiment_id).run())
        half = await next_with(events, done=8, in_flight=4)
        assert half.progress is not None
        assert (half.status, half.progress.total) == ("RUNNING", 20)
        gate.opened.set()
        rest = [event async for event in events]
        assert rest[-1].status == "COMPLETED"
        assert rest[-1].progress is not None
        assert rest[-1].progress.done == 20
        await task

    async def test_one_that_has_ended(self, means: Runtime, dataset: str) -> None:
        experiment_id = await create(means)
        await set_experiment(means, "status = 'FAILED', reason = 'why'")
        assert await collect(means, experiment_id) == [
            ExperimentState(ExperimentStatus.FAILED, queued=False, reason="why", progress=None)
        ]

    async def test_a_cancelled_one(self, means: Runtime, dataset: str) -> None:
        experiment_id = await create(means)
        events = watch(means, experiment_id)
        await anext(events)
        await cancel(means, experiment_id)
        (last,) = [event async for event in events]
        assert (last.status, last.reason) == ("CANCELLED", "Cancelled on request.")

    async def test_equal_events_are_told_once(self, means: Runtime, dataset: str) -> None:
        experiment_id = await create(means)

        async def end() -> None:
            await asyncio.sleep(0.2)
            await set_experiment(means, "status = 'CANCELLED'")

        ending = asyncio.create_task(end())
        assert [event.status for event in await collect(means, experiment_id)] == ["PENDING", "CANCELLED"]
        await ending


class TestDatabase:
    async def test_waits_for_a_database_that_is_away(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment_id = await create(runtime)
        real, tries = ExperimentRepository.get, 0

        async def get(self: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries < 4:
                raise ConnectionRefusedError
            return await real(self, *args, **kwargs)

        monkeypatch.setattr(ExperimentRepository, "get", get)
        events = watch(runtime, experiment_id)
        assert (await anext(events)).status == "PENDING"
        assert tries == 4

    async def test_any_other_error_ends_the_stream(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def get(*_: Any, **__: Any) -> Any:
            raise KeyError("a defect")

        monkeypatch.setattr(ExperimentRepository, "get", get)
        with pytest.raises(KeyError, match="a defect"):
            await anext(watch(runtime, uuid.uuid4()))


class TestShared:
    async def test_many_streams_ask_as_one(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        experiment_id = await create(runtime)
        real, asked = ExperimentRepository.get, 0

        async def get(self: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal asked
            asked += 1
            return await real(self, *args, **kwargs)

        watcher = ExperimentWatcher(runtime, tick_s=0.02)
        streams = [watcher.watch(experiment_id) for _ in range(100)]
        monkeypatch.setattr(ExperimentRepository, "get", get)
        async with asyncio.timeout(PATIENCE_S):
            first = await asyncio.gather(*(anext(stream) for stream in streams))
            assert {state.status for state in first} == {"PENDING"}
            assert asked <= 3
            late = watcher.watch(experiment_id)
            assert (await anext(late)).status == "PENDING"
            await set_experiment(runtime, "status = 'FAILED', reason = 'why'")
            for stream in [*streams, late]:
                assert [state.reason async for state in stream] == ["why"]
        assert watcher._watched == {}

    async def test_the_poller_ends_with_the_last_stream(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime)
        watcher = ExperimentWatcher(runtime, tick_s=0.02)
        streams = [watcher.watch(experiment_id) for _ in range(2)]
        for stream in streams:
            await anext(stream)
        poller = watcher._watched[experiment_id].poller
        assert poller is not None
        await streams[0].aclose()  # type: ignore[attr-defined]  # a generator
        assert not poller.cancelling()
        await streams[1].aclose()  # type: ignore[attr-defined]
        await asyncio.gather(poller, return_exceptions=True)
        assert watcher._watched == {}

    async def test_an_error_ends_every_stream(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def get(*_: Any, **__: Any) -> Any:
            raise KeyError("a defect")

        monkeypatch.setattr(ExperimentRepository, "get", get)
        watcher = ExperimentWatcher(runtime, tick_s=0.02)
        streams = [watcher.watch(uuid.UUID(int=7)) for _ in range(3)]
        found = await asyncio.gather(*(anext(stream) for stream in streams), return_exceptions=True)
        assert [type(error) for error in found] == [KeyError] * 3

    async def test_there_is_a_most(self, runtime: Runtime) -> None:
        watcher = ExperimentWatcher(runtime, most=2)
        with watcher.place():
            with watcher.place():
                with pytest.raises(Unavailable, match="2 event streams are open"), watcher.place():
                    pass
            with watcher.place():
                pass
