"""Tests of the life of experiments, as users steer it."""

import uuid

import pytest

from app.core.errors import AppError, Conflict, InvalidInput, NotFound
from app.core.queue import waiting_experiments
from app.domain.generation import GenerationRequest, GenerationResult
from app.domain.status import FailureKind
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.inference.base import EngineError
from app.services.runtime import Runtime
from tests.engines import ScriptedEngine, answered, question
from tests.factories import config
from tests.support import create, metrics_of, runs_of, scripted, stored


def on_quiz(**fields: object) -> dict[str, object]:
    return {"dataset": {"name": "quiz"}, **fields}


async def set_experiments(runtime: Runtime, assignments: str) -> None:
    async with runtime.engine.begin() as database:
        await database.exec_driver_sql(f"update experiments set {assignments}")


def waiting(runtime: Runtime) -> set[str]:
    return waiting_experiments(runtime.redis_url, runtime.settings.queue)


class TestCreate:
    async def test_stores_what_decides_the_result(self, experiments: ExperimentService, dataset: str) -> None:
        experiment = await experiments.create(config(**on_quiz(repeats=3)))
        assert (experiment.status, experiment.total, experiment.queued_at) == ("PENDING", 60, None)
        provenance = experiment.provenance
        assert provenance["dataset"]["name"] == "quiz"
        assert provenance["dataset"]["size"] == 20
        for name in ("config_hash", "prompt_hash", "model_fingerprint", "code", "packages", "python"):
            assert provenance[name], name

    @pytest.mark.parametrize(("n", "total"), [(None, 20), (1, 1), (20, 20)])
    async def test_sample_size(
        self, experiments: ExperimentService, dataset: str, n: int | None, total: int
    ) -> None:
        experiment = await experiments.create(config(dataset={"name": "quiz", "n": n}))
        assert experiment.total == total

    @pytest.mark.parametrize(
        ("fields", "field", "said"),
        [
            ({"dataset": {"name": "quiz", "n": 21}}, "dataset.n", "has 20 examples, not 21"),
            ({"dataset": {"name": "nothing"}}, "dataset.name", "no dataset 'nothing'"),
            ({"dataset": {"name": "quiz", "version": "0123"}}, "dataset.name", "with version 0123"),
            ({**on_quiz(), "model": "nobody/x"}, "model", "Unknown model 'nobody/x'"),
            ({**on_quiz(), "model": "local/none"}, "model", "Unknown model 'local/none'"),
            ({**on_quiz(), "model": "mock/sing"}, "model", "Unknown mock model 'sing'"),
        ],
    )
    async def test_what_cannot_be(
        self, experiments: ExperimentService, dataset: str, fields: dict[str, object], field: str, said: str
    ) -> None:
        with pytest.raises(InvalidInput) as refused:
            await experiments.create(config(**fields))
        assert said in refused.value.message
        assert [error.field for error in refused.value.errors] == [field]

    async def test_a_parent_that_does_not_exist(self, experiments: ExperimentService, dataset: str) -> None:
        with pytest.raises(NotFound):
            await experiments.create(config(**on_quiz()), uuid.uuid4())


class TestStart:
    async def test_queues_once(self, runtime: Runtime, experiments: ExperimentService, dataset: str) -> None:
        experiment = await experiments.create(config(**on_quiz()))
        started, queued = await experiments.start(experiment.id)
        assert queued
        assert started.queued_at is not None
        assert waiting(runtime) == {str(experiment.id)}
        with pytest.raises(Conflict, match="queued already"):
            await experiments.start(experiment.id)

    @pytest.mark.parametrize(
        ("status", "said"), [("RUNNING", "is running already"), ("COMPLETED", "it is COMPLETED")]
    )
    async def test_one_that_was_started(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str, status: str, said: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, f"status = '{status}'")
        with pytest.raises(Conflict, match=said):
            await experiments.start(experiment_id)

    async def test_a_missing_key_is_named_before_anything_runs(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str
    ) -> None:
        experiment = await experiments.create(config(**on_quiz(model="openai/gpt-4o-mini")))
        with pytest.raises(InvalidInput, match="set OPENAI_API_KEY") as refused:
            await experiments.start(experiment.id)
        assert [error.field for error in refused.value.errors] == ["model"]
        assert (await stored(runtime, experiment.id)).queued_at is None
        assert waiting(runtime) == set()


class TestResume:
    async def test_a_failed_one_as_a_child_that_asks_for_the_rest(
        self, runtime: Runtime, dataset: str
    ) -> None:
        broken = True

        async def script(request: GenerationRequest) -> GenerationResult:
            asked = question(request)
            if broken and int(asked.split()[3]) >= 12:
                raise EngineError(FailureKind.BAD_REQUEST, "not now")
            return answered(asked)

        engine = ScriptedEngine(script)
        means = scripted(runtime, engine)
        parent_id = await create(means, concurrency=1)
        await Executor(means, parent_id).run()
        rows = [row for row in await runs_of(runtime, parent_id) if row.status == "ok"]
        assert len(rows) == 12
        broken = False
        async with runtime.sessions() as session:
            child, queued = await ExperimentService(session, means).resume(parent_id)
        assert queued
        assert child.id != parent_id
        assert child.parent_id == parent_id
        assert child.config == (await stored(runtime, parent_id)).config
        engine.calls.clear()
        await Executor(means, child.id).run()
        assert len(engine.calls) == 8
        counts = (await metrics_of(runtime, child.id))["counts"]
        assert (counts["ok"], counts["cached"]) == (20, 12)
        assert (await stored(runtime, parent_id)).status == "FAILED"

    async def test_one_that_nobody_works_on(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, "status = 'RUNNING', heartbeat_at = null")
        same, queued = await experiments.resume(experiment_id)
        assert (same.id, queued) == (experiment_id, True)

    async def test_one_that_was_never_started(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str
    ) -> None:
        experiment = await experiments.create(config(**on_quiz()))
        same, queued = await experiments.resume(experiment.id)
        assert (same.id, queued) == (experiment.id, True)
        assert waiting(runtime) == {str(experiment.id)}

    @pytest.mark.parametrize(
        ("assignments", "said"),
        [
            ("status = 'COMPLETED'", "complete"),
            ("status = 'RUNNING', heartbeat_at = now() + interval '1 hour'", "needs no help"),
        ],
    )
    async def test_one_that_needs_none(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str, assignments: str, said: str
    ) -> None:
        experiment_id = await create(runtime)
        await set_experiments(runtime, assignments)
        with pytest.raises(Conflict, match=said):
            await experiments.resume(experiment_id)


class TestCancelAndDelete:
    async def test_one_that_has_ended(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        await Executor(runtime, experiment_id).run()
        with pytest.raises(Conflict, match="it is COMPLETED"):
            await experiments.cancel(experiment_id)

    async def test_a_deleted_one_is_gone_until_restored(
        self, runtime: Runtime, experiments: ExperimentService, dataset: str
    ) -> None:
        experiment_id = await create(runtime)
        await experiments.delete(experiment_id)
        for call in (experiments.get, experiments.start, experiments.cancel, experiments.resume):
            with pytest.raises(NotFound):
                await call(experiment_id)
        assert (await experiments.restore(experiment_id)).id == experiment_id

    async def test_nothing_at_all(self, experiments: ExperimentService) -> None:
        calls = (experiments.get, experiments.start, experiments.cancel, experiments.delete)
        for call in (*calls, experiments.resume, experiments.restore):
            with pytest.raises(AppError) as refused:
                await call(uuid.uuid4())
            assert isinstance(refused.value, NotFound)
