"""Tests of the runner on the mock engine: outcomes, failures, determinism."""

import uuid
from typing import Any

from app.domain.status import ExperimentStatus
from app.services.experiments.results import ResultService
from app.services.experiments.runner import Execution
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime
from tests.factories import config


async def run(runtime: Runtime, **fields: Any) -> tuple[uuid.UUID, ExperimentStatus | None]:
    """Create and start an experiment, and work on it here."""
    async with runtime.sessions() as session:
        service = ExperimentService(session, runtime)
        experiment = await service.create(config(**fields))
        await service.start(experiment.id)
    return experiment.id, await Execution(runtime, experiment.id).run()


class TestRun:
    async def test_completes_and_scores(self, runtime: Runtime, dataset: str) -> None:
        experiment_id, status = await run(
            runtime, model="mock/gold?accuracy=1", dataset={"name": dataset}, seed=3
        )
        assert status is ExperimentStatus.COMPLETED
        async with runtime.sessions() as session:
            _, result = await ResultService(session).result(experiment_id)
        assert result.metrics["counts"]["ok"] == 20
        assert result.metrics["scores"]["exact_match"]["value"] == 1.0
