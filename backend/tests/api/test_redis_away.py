"""Redis away: the API says so, and runs experiments in its own process."""

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.services.runtime import Runtime
from tests.support import until, with_settings


@pytest.fixture(params=["redis://127.0.0.1:1/0", ""], ids=["away", "none"])
def runtime(runtime: Runtime, request: pytest.FixtureRequest) -> Runtime:
    """The means of an API without a Redis that answers."""
    return with_settings(runtime, redis_url=SecretStr(request.param))


async def create(api: httpx.AsyncClient, **fields: Any) -> str:
    config = {"name": "n", "model": "mock/gold", "dataset": {"name": "quiz"}, **fields}
    return str((await api.post("/api/v1/experiments", json={"config": config})).json()["id"])


async def test_health_says_degraded(api: httpx.AsyncClient) -> None:
    response = await api.get("/health")
    health = response.json()
    assert (health["status"], health["queue"]["state"]) == ("degraded", "degraded")
    assert "run in the API's process" in health["queue"]["message"]
    assert "REDIS_URL" in health["queue"]["message"]
    assert health["database"]["state"] == "ok"


async def test_an_experiment_runs_in_process(api: httpx.AsyncClient, dataset: str) -> None:
    experiment_id = await create(api)
    started = await api.post(f"/api/v1/experiments/{experiment_id}/run")
    assert started.status_code == 202

    async def ended() -> Any:
        experiment = (await api.get(f"/api/v1/experiments/{experiment_id}")).json()
        return experiment if experiment["finished_at"] else None

    experiment = await until(ended, "the experiment to end")
    assert (experiment["status"], experiment["progress"]["mode"]) == ("COMPLETED", "in_process")
    metrics = (await api.get(f"/api/v1/results/{experiment_id}/metrics")).json()
    assert metrics["counts"]["ok"] == 20


async def test_events_and_cancel(api: httpx.AsyncClient, dataset: str) -> None:
    experiment_id = await create(api, model="mock/echo?latency_ms=60000")
    path = f"/api/v1/experiments/{experiment_id}"
    starting = asyncio.create_task(api.post(f"{path}/run"))
    seen = []
    async with api.stream("GET", f"{path}/events") as response:
        async for line in response.aiter_lines():
            if line.startswith("data:"):
                seen.append(line)
                if '"RUNNING"' in line:
                    break
    assert seen
    assert (await api.post(f"{path}/cancel")).status_code == 202
    assert (await starting).status_code == 202

    async def cancelled() -> bool:
        return bool((await api.get(path)).json()["status"] == "CANCELLED")

    await until(cancelled, "the experiment to be cancelled")


async def test_of_two_starts_one_is_refused(api: httpx.AsyncClient, dataset: str) -> None:
    experiment_id = await create(api)
    path = f"/api/v1/experiments/{experiment_id}/run"
    answers = await asyncio.gather(*(api.post(path) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
