"""Tests of experiments in batch jobs, as the API creates, estimates, shows and cancels them."""

from collections.abc import AsyncIterator

import pytest

from tests.api.conftest import EXPERIMENTS, Steps, body
from tests.fixtures.fake_batch import FakeBatch
from tests.support import with_settings

MODEL = "openai/gpt-4o-mini"
QUIZ = {"name": "quiz", "n": 4}
BATCHES = {"mode": "batch_job"}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBatch]:
    """A provider with a batch API, which works for long."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-batches")
    async with FakeBatch(looks=1_000) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.base_url)
        yield fake


async def test_a_model_without_batch_api_is_refused(steps: Steps) -> None:
    config = body(model="mistral/small", execution=BATCHES, dataset=QUIZ)
    response = await steps.api.post(EXPERIMENTS, json=config)
    assert response.status_code == 422
    problem = response.json()
    assert problem["errors"][0]["field"] == "execution.mode"
    assert problem["message"] == "mistral/small is not known to take batch jobs."
    assert "`batch_api: openai`" in problem["hint"]


async def test_first_tokens_cannot_be_measured(steps: Steps) -> None:
    execution = {**BATCHES, "measure_first_token": True}
    response = await steps.api.post(EXPERIMENTS, json=body(model=MODEL, execution=execution, dataset=QUIZ))
    assert response.json()["errors"][0]["field"] == "execution.measure_first_token"


async def test_the_estimate_has_the_discount(steps: Steps) -> None:
    direct, batched = [
        (await steps.api.post(f"{EXPERIMENTS}/preview", json=config)).json()["estimate"]
        for config in (
            body(model=MODEL, dataset=QUIZ),
            body(model=MODEL, dataset=QUIZ, execution=BATCHES),
        )
    ]
    assert batched["cost_usd"] == pytest.approx(direct["cost_usd"] / 2)
    assert batched["seconds"] is None
    assert "cost with the discount of batch jobs, 50 %" in batched["basis"]


async def test_models_tell_their_discount(steps: Steps) -> None:
    models = {one["name"]: one for one in (await steps.get("/api/v1/models"))["models"]}
    assert models[MODEL]["batch_discount"] == 0.5
    assert models["mock/echo"]["batch_discount"] is None


async def test_jobs_are_shown_and_cancelled(steps: Steps, server: FakeBatch) -> None:
    experiment_id = await steps.create(model=MODEL, execution=BATCHES, dataset=QUIZ)
    await steps.start(experiment_id)
    patient = Steps(steps.api, with_settings(steps.runtime, batch_poll_s=60.0))
    assert await patient.work(experiment_id) is None
    path = f"{EXPERIMENTS}/{experiment_id}/batch-jobs"
    (job,) = await steps.get(path)
    assert (job["state"], job["batch_id"], job["file_id"]) == ("submitted", "batch_1", "file-1")
    assert (job["lines"], job["done"], job["discount"], job["ended_at"]) == (4, 0, 0.5, None)
    assert (await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")).json()["status"] == "RUNNING"
    quick = Steps(steps.api, with_settings(steps.runtime, batch_poll_s=0.02, batch_poll_longest_s=0.02))
    assert await quick.work(experiment_id) == "CANCELLED"
    (job,) = await steps.get(path)
    assert (job["state"], job["provider_status"], job["cancel_asked"]) == ("done", "cancelled", True)
