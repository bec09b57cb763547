"""Worker processes that send traces: what they have stored is sent before they end."""

from collections.abc import Iterator

import pytest

from app.domain.status import ExperimentStatus
from app.services.runtime import Runtime
from tests.fixtures.collector import Collector, collector
from tests.support import create, log_of, runs_of, stored, until
from tests.tasks.conftest import Start


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that worker processes send to, when an experiment or they end."""
    with collector() as found:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", found.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
        yield found


class TestWorker:
    async def test_sends_all_runs_at_the_end_of_an_experiment(
        self, runtime: Runtime, dataset: str, start_worker: Start, receiver: Collector
    ) -> None:
        start_worker()
        experiment_id = await create(runtime)
        await until(lambda: len(receiver.traces()) == 20, "the traces of all runs")
        assert (await stored(runtime, experiment_id)).status == ExperimentStatus.COMPLETED

    async def test_that_is_told_to_stop_sends_what_it_has_stored(
        self, runtime: Runtime, dataset: str, start_worker: Start, receiver: Collector
    ) -> None:
        worker = start_worker()
        experiment_id = await create(runtime, model="mock/gold?latency_ms=200", concurrency=1)

        async def has_runs() -> bool:
            return len(await runs_of(runtime, experiment_id)) >= 2

        await until(has_runs, "some runs")
        assert worker.process is not None
        worker.process.terminate()
        await until(lambda: worker.process is None or worker.process.poll() is not None, "the worker's end")
        runs = await runs_of(runtime, experiment_id)
        assert 2 <= len(runs) < 20
        assert len(receiver.traces()) == len(runs), log_of(worker)
