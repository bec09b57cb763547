"""Tests of the life of experiments, as users steer it."""

import uuid

import pytest

from app.core.errors import AppError, Conflict, InvalidInput, NotFound
from app.services.execution.executor import Executor
from app.services.experiments.service import ExperimentService
from app.services.runtime import Runtime
from tests.factories import config
from tests.support import create


def on_quiz(**fields: object) -> dict[str, object]:
    return {"dataset": {"name": "quiz"}, **fields}


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
        for call in (experiments.get, experiments.cancel):
            with pytest.raises(NotFound):
                await call(experiment_id)
        assert (await experiments.restore(experiment_id)).id == experiment_id

    async def test_nothing_at_all(self, experiments: ExperimentService) -> None:
        for call in (experiments.get, experiments.cancel, experiments.delete, experiments.restore):
            with pytest.raises(AppError) as refused:
                await call(uuid.uuid4())
            assert isinstance(refused.value, NotFound)
