"""Every stored result is what the stored runs give."""

import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.domain.generation import GenerationRequest, GenerationResult, Usage
from app.domain.metrics import RunContext
from app.domain.status import ExperimentStatus, FailureKind
from app.models import Experiment, Result
from app.services.evaluation.metrics.compute import compute_metrics
from app.services.execution import executor as runner_module
from app.services.execution.executor import Executor
from app.services.experiments.aggregation import aggregate
from app.services.experiments.service import ExperimentService
from app.services.inference.base import EngineError
from app.services.runs.repository import RunRepository
from app.services.runs.result_repository import ResultRepository
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, question
from tests.factories import config
from tests.support import create, dispatcher, result_of, runs_of, scripted, stored


async def mixed_answers(request: GenerationRequest) -> GenerationResult:
    """Answer by the question's number: right, wrong, empty, refusing, without counts, or not at all."""
    number = int(question(request).split()[3])
    texts = {
        0: f"thing {number}",
        1: "another thing",
        2: "",
        3: "I cannot answer that.",
        4: f"thing {number}",
    }
    if number % 6 == 5:
        raise EngineError(FailureKind.BAD_REQUEST, "refused")
    usage = Usage() if number % 6 == 4 else Usage(10 + number, number)
    return GenerationResult(text=texts[number % 6], usage=usage, latency_s=0.01 * (number + 1))


@pytest.fixture
async def mixed(runtime: Runtime, dataset: str) -> uuid.UUID:
    """An ended experiment with runs of all kinds, some of them from the cache."""
    means = scripted(runtime, ScriptedEngine(mixed_answers))
    fields: dict[str, Any] = {"model": "openai/gpt-4o-mini", "max_failed_share": 1, "seed": 4}
    warm = await create(means, **fields, sample={"n": 7})
    await Executor(means, warm).run()
    experiment_id = await create(means, **fields)
    await Executor(means, experiment_id).run()
    return experiment_id


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key, for the price of a priced model")


async def recomputed(runtime: Runtime, experiment_id: uuid.UUID) -> dict[str, Any]:
    """Compute the metrics from the runs, with the stored result giving nothing but the wall time."""
    experiment = await stored(runtime, experiment_id)
    result = await result_of(runtime, experiment_id)
    assert result is not None
    async with runtime.sessions() as session:
        facts = await RunRepository(session).facts(experiment_id)
    wall_s, seed = result.metrics["wall_s"], experiment.config["seed"]
    parameters = experiment.provenance["model_parameters"]
    return compute_metrics(facts, RunContext(experiment.total, wall_s, parameters, seed)).as_dict()


class TestStoredResult:
    async def test_equals_what_the_runs_give(self, runtime: Runtime, mixed: uuid.UUID) -> None:
        result = await result_of(runtime, mixed)
        assert result is not None
        assert result.metrics == await recomputed(runtime, mixed)

    async def test_counts_what_the_rows_are(self, runtime: Runtime, mixed: uuid.UUID) -> None:
        rows = await runs_of(runtime, mixed)
        result = await result_of(runtime, mixed)
        assert result is not None
        counts = result.metrics["counts"]
        answered = [row for row in rows if row.status == "ok"]
        assert (counts["stored"], counts["ok"], counts["failed"]) == (20, len(answered), 20 - len(answered))
        assert counts["failures"] == {"bad_request": 3}
        assert counts["cached"] == sum(row.cached for row in rows) > 0
        outcomes = Counter(row.parse_outcome for row in answered)
        assert counts["parse_outcomes"] == outcomes
        assert {"answered", "empty", "refusal"} <= set(outcomes)
        fresh = [row.latency_ms for row in answered if not row.cached]
        assert result.metrics["latency_ms"]["n"] == len(fresh)
        assert result.metrics["latency_ms"]["max"] == max(filter(None, fresh))
        right = [row.exact_match for row in answered if row.exact_match is not None]
        assert result.metrics["scores"]["exact_match"]["value"] == pytest.approx(sum(right) / len(right))
        assert result.metrics["cost_usd"]["total"] is None  # some calls came without token counts

    async def test_carries_the_experiments_provenance(self, runtime: Runtime, mixed: uuid.UUID) -> None:
        result = await result_of(runtime, mixed)
        experiment = await stored(runtime, mixed)
        assert result is not None
        assert result.provenance == experiment.provenance
        expected = {
            "config_hash",
            "dataset",
            "prompt_hash",
            "model_fingerprint",
            "packages",
            "code",
            "scorers",
        }
        assert expected <= set(result.provenance)


class TestAggregate:
    async def test_again_replaces_and_changes_nothing(self, runtime: Runtime, mixed: uuid.UUID) -> None:
        before = await result_of(runtime, mixed)
        assert before is not None
        async with runtime.sessions() as session:
            again = await aggregate(session, mixed, wall_s=before.metrics["wall_s"])
            await session.commit()
        assert again is not None
        assert again.metrics == before.metrics

    async def test_without_runs_stores_nothing(self, runtime: Runtime, dataset: str) -> None:
        experiment_id = await create(runtime, model="mock/echo")
        async with runtime.sessions() as session:
            assert await aggregate(session, experiment_id, wall_s=1.0) is None
            assert await aggregate(session, uuid.uuid4(), wall_s=1.0) is None
            await session.commit()
        assert await result_of(runtime, experiment_id) is None


class TestCannotAggregate:
    async def test_fails_with_the_reason_and_keeps_the_runs(
        self, runtime: Runtime, dataset: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("no runs at all")

        monkeypatch.setattr(runner_module, "aggregate", broken)
        async with runtime.sessions() as session:
            service = ExperimentService(session, runtime)
            experiment = await service.create(config(model="mock/hash", dataset={"name": dataset}))
            await dispatcher(session, runtime).start(experiment.id)
        assert await Executor(runtime, experiment.id).run() is ExperimentStatus.FAILED
        async with runtime.sessions() as session:
            ended = await ExperimentService(session, runtime).get(experiment.id)
        assert "cannot be aggregated: ZeroDivisionError" in (ended.reason or "")
        assert len(await runs_of(runtime, experiment.id)) == 20


class TestCancelAbandoned:
    async def test_what_is_stored_has_a_result(self, runtime: Runtime, dataset: str) -> None:
        async with runtime.sessions() as session:
            service = ExperimentService(session, runtime)
            created = await service.create(config(model="mock/hash", dataset={"name": dataset}))
            await dispatcher(session, runtime).start(created.id)
        await Executor(runtime, created.id).run()
        async with runtime.sessions() as session:  # as if its executor had died before the end
            await session.execute(
                update(Experiment).values(status="RUNNING", heartbeat_at=None, finished_at=None)
            )
            await session.execute(delete(Result))
            await session.commit()
        async with runtime.sessions() as session:
            cancelled = await ExperimentService(session, runtime).cancel(created.id)
            result = await ResultRepository(session).get(created.id)
        assert cancelled.status == ExperimentStatus.CANCELLED
        assert result is not None
        assert result.metrics["counts"]["stored"] == 20
