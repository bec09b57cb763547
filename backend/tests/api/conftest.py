"""Fixtures of the API's tests: no built-in datasets, and experiments in every state."""

import asyncio
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

import tests.conftest
from app.core.config import Settings, get_settings
from app.main import create_app
from app.services.experiments.runner import Execution
from app.services.runtime import Runtime

EXPERIMENTS = "/api/v1/experiments"
RESULTS = "/api/v1/results"
DATASETS = "/api/v1/datasets"


@pytest.fixture
def settings(settings: Settings, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As for all tests, without the datasets that ship with the project, and equal in every test."""
    monkeypatch.setenv("LLMFORGE_DATASETS_DIR", str(state_dir / "no datasets"))
    monkeypatch.setenv("LLMFORGE_HOME", str(state_dir / "api"))
    monkeypatch.setenv("LLMFORGE_QUEUE", "api-tests")
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture(autouse=True)
def _one_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build the application once for equal settings: building it takes longer than most tests."""
    monkeypatch.setattr(tests.conftest, "create_app", _app)
    monkeypatch.setattr(uvicorn.Server, "main_loop", _main_loop)


async def _main_loop(server: uvicorn.Server) -> None:
    """Do as uvicorn does, but look more often than each tenth of a second whether to end."""
    await server.on_tick(0)
    while not server.should_exit:
        await asyncio.sleep(0.01)


_app = lru_cache(maxsize=4)(create_app)


def body(**fields: Any) -> dict[str, Any]:
    """Return the body of a create request that is right but for ``fields``."""
    return {"config": {"name": "a name", "model": "mock/gold", "dataset": {"name": "quiz"}, **fields}}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Return the error of a refused request, after a look at its form."""
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()
    assert set(error) == {"code", "message", "hint", "errors"}
    assert error["message"]
    return error


@dataclass(frozen=True, slots=True)
class Steps:
    """What a user does, over HTTP; the work is done in the test's process, as a worker would."""

    api: httpx.AsyncClient
    runtime: Runtime

    async def create(self, **fields: Any) -> str:
        response = await self.api.post(EXPERIMENTS, json=body(**fields))
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def start(self, experiment_id: str) -> None:
        response = await self.api.post(f"{EXPERIMENTS}/{experiment_id}/run")
        assert response.status_code == 202, response.text

    async def work(self, experiment_id: str) -> str | None:
        return await Execution(self.runtime, uuid.UUID(experiment_id)).run()

    async def run(self, **fields: Any) -> str:
        """Create, start and finish an experiment; return its id."""
        experiment_id = await self.create(**fields)
        await self.start(experiment_id)
        assert await self.work(experiment_id) is not None
        return experiment_id

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.api.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def steps(api: httpx.AsyncClient, runtime: Runtime, dataset: str) -> Steps:
    """What a user does, on a dataset called ``quiz`` of 20 questions."""
    return Steps(api, runtime)
