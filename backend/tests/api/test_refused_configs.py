"""Stored configurations that this version refuses: they are shown, not run, and break nothing."""

import uuid
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, body
from tests.support import stored

CHANGES: dict[str, tuple[str, Any, str]] = {
    "a field of a later version": ("surprise", {"level": 3}, "surprise"),
    "a field that has gone": ("dataset", None, "dataset"),
    "another method": ("method", {"name": "telepathy", "samples": "many"}, "method"),
    "a method that is text": ("method", "naive", "method"),
    "a value out of range": ("concurrency", 10**9, "concurrency"),
    "a seed that is text": ("seed", "forty-two", "seed"),
    "a prompt in the error": ("params", {"stop": ["What is the capital?"] * 9}, "params.stop"),
}


async def change(runtime: Runtime, experiment_id: str, field: str, value: Any) -> None:
    """Store another value, as another version may have."""
    changed = "config - cast(:field as text)" if value is None else "config || cast(:new as jsonb)"
    values: dict[str, Any] = {"id": uuid.UUID(experiment_id)}
    values |= {"field": field} if value is None else {"new": orjson.dumps({field: value}).decode()}
    async with runtime.engine.begin() as connection:
        await connection.execute(text(f"update experiments set config = {changed} where id = :id"), values)


@pytest.mark.parametrize("name", CHANGES)
async def test_shown_and_not_run(api: httpx.AsyncClient, runtime: Runtime, dataset: str, name: str) -> None:
    field, value, said = CHANGES[name]
    steps = Steps(api, runtime)
    draft, ended, other = [await steps.create(dataset={"name": "quiz"}) for _ in range(3)]
    for one in (ended, other):
        await steps.start(one)
        assert await steps.work(one) == "COMPLETED"
    for one in (draft, ended):
        await change(runtime, one, field, value)

    shown = await steps.get(f"{EXPERIMENTS}/{ended}")
    assert shown["config"].get(field) == value
    assert shown["config_problem"].startswith(
        f"This version of LlmForge cannot run the experiment's configuration: {said}"
    )
    assert "capital" not in shown["config_problem"]
    listed = (await steps.get(EXPERIMENTS))["items"]
    assert {one["id"] for one in listed} == {draft, ended, other}
    for path in (
        f"{EXPERIMENTS}?sort=-f1",
        f"{EXPERIMENTS}/facets",
        "/api/v1/overview",
        f"{RESULTS}/{ended}",
        f"{RESULTS}/{ended}/runs",
        f"{RESULTS}/{ended}/slices?score=f1",
        f"{RESULTS}/{other}",
    ):
        await steps.get(path)
    assert (await api.get(f"{RESULTS}/{ended}/export")).status_code == 200
    compared = await api.get("/api/v1/results/compare", params={"ids": [other, ended]})
    assert compared.status_code == 200, compared.text
    preview = await api.post(f"{EXPERIMENTS}/preview", json=body(dataset={"name": "quiz"}))
    assert preview.status_code == 200, preview.text

    for path in (f"{EXPERIMENTS}/{draft}/run", f"{EXPERIMENTS}/{draft}/resume"):
        refused = await api.post(path)
        assert refused.status_code == 409
        assert said in refused.json()["message"]
        assert refused.json()["hint"]
    assert (await stored(runtime, uuid.UUID(draft))).queued_at is None
    assert (await api.post(f"{EXPERIMENTS}/{draft}/cancel")).status_code == 202
    assert (await api.delete(f"{EXPERIMENTS}/{ended}")).status_code == 204
    assert (await api.post(f"{EXPERIMENTS}/{ended}/restore")).status_code == 200
    # The copy of a clone is read like any other input.
    copy = await api.post(EXPERIMENTS, json={"config": shown["config"]})
    assert copy.status_code == 422
    assert copy.json()["errors"]


async def test_a_failed_one_is_not_resumed(api: httpx.AsyncClient, runtime: Runtime, dataset: str) -> None:
    steps = Steps(api, runtime)
    experiment_id = await steps.create(dataset={"name": "quiz"})
    assert (await api.post(f"{EXPERIMENTS}/{experiment_id}/cancel")).status_code == 202
    await change(runtime, experiment_id, "surprise", 1)
    assert (await api.post(f"{EXPERIMENTS}/{experiment_id}/resume")).status_code == 409


async def test_a_queued_one_fails_with_the_reason(
    api: httpx.AsyncClient, runtime: Runtime, dataset: str
) -> None:
    steps = Steps(api, runtime)
    experiment_id = await steps.create(dataset={"name": "quiz"})
    await steps.start(experiment_id)
    await change(runtime, experiment_id, "surprise", 1)
    await Executor(runtime, uuid.UUID(experiment_id)).run()
    experiment = await steps.get(f"{EXPERIMENTS}/{experiment_id}")
    assert experiment["status"] == "FAILED"
    assert experiment["reason"].startswith(
        "This version of LlmForge cannot run the experiment's configuration"
    )


async def test_readable_ones_say_nothing(api: httpx.AsyncClient, runtime: Runtime, dataset: str) -> None:
    experiment_id = await Steps(api, runtime).create(dataset={"name": "quiz"})
    shown = (await api.get(f"{EXPERIMENTS}/{experiment_id}")).json()
    assert shown["config_problem"] is None
    assert shown["config"]["dataset"]["name"] == "quiz"
