"""Fixtures of the API's tests: no built-in datasets, no dashboard, and experiments in every state."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from app.core.config import Settings, get_settings
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.embedded.valkey import EmbeddedValkey
from app.main import create_app
from app.services.datasets.service import DatasetService
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from app.services.scorings.work import ScoringWork
from tests.factories import questions_jsonl

EXPERIMENTS = "/api/v1/experiments"
RESULTS = "/api/v1/results"
DATASETS = "/api/v1/datasets"


@pytest.fixture
def settings(settings: Settings, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As for all tests, without datasets and dashboard of the project, and equal in every test."""
    monkeypatch.setenv("LLMFORGE_DATASETS_DIR", str(state_dir / "no datasets"))
    monkeypatch.setenv("LLMFORGE_KNOWLEDGE_DIR", str(state_dir / "no knowledge"))
    monkeypatch.setenv("LLMFORGE_INDEX_DIR", str(state_dir / "indexes of the API"))
    monkeypatch.setenv("LLMFORGE_DASHBOARD_DIR", str(state_dir / "no dashboard"))
    monkeypatch.setenv("LLMFORGE_GUIDE_DIR", str(state_dir / "no guide"))
    monkeypatch.setenv("LLMFORGE_HOME", str(state_dir / "api"))
    monkeypatch.setenv("LLMFORGE_QUEUE", "api-tests")
    get_settings.cache_clear()
    return get_settings()


cached_app = lru_cache(maxsize=8)(create_app)
"""The application for some settings; building it takes longer than most tests."""


class Servers:
    """APIs that serve real HTTP from threads of this process, one for each settings."""

    def __init__(self) -> None:
        self._running: dict[Settings, tuple[uvicorn.Server, Thread]] = {}

    def url(self, settings: Settings) -> str:
        """Return the address of the API with these settings; start it if need be."""
        if settings not in self._running:
            config = uvicorn.Config(
                cached_app(settings), port=0, log_config=None, lifespan="on", timeout_graceful_shutdown=2
            )
            server = uvicorn.Server(config)
            thread = Thread(target=server.run)
            thread.start()
            self._running[settings] = server, thread
            while not server.started:
                assert thread.is_alive(), "the API did not start"
                thread.join(0.01)
        server = self._running[settings][0]
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    def stop(self, settings: Settings) -> None:
        """Stop the API with these settings."""
        server, thread = self._running.pop(settings)
        server.should_exit = True
        thread.join()

    def stop_all(self) -> None:
        """Stop every API."""
        for settings in list(self._running):
            self.stop(settings)


@pytest.fixture(scope="package")
def servers(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> Iterator[Servers]:
    """The APIs of all tests of this folder: starting one for each test would take a minute in all."""
    running = Servers()
    yield running
    running.stop_all()


@pytest.fixture
def api_url(runtime: Runtime, servers: Servers, postgres: EmbeddedPostgres) -> Iterator[str]:
    """The address of an API, on empty tables."""
    settings = runtime.settings
    yield servers.url(settings)
    if settings.database_url.get_secret_value() != postgres.url:
        servers.stop(settings)


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
        return await Executor(self.runtime, uuid.UUID(experiment_id)).run()

    async def run(self, **fields: Any) -> str:
        """Create, start and finish an experiment; return its id."""
        experiment_id = await self.create(**fields)
        await self.start(experiment_id)
        assert await self.work(experiment_id) is not None
        return experiment_id

    async def rescore(self, experiment_id: str, **request: Any) -> dict[str, Any]:
        """Ask for a scoring, do its work, and return it."""
        response = await self.api.post(f"{EXPERIMENTS}/{experiment_id}/scorings", json=request)
        assert response.status_code == 202, response.text
        asked = response.json()
        await ScoringWork(self.runtime, uuid.UUID(asked["id"])).run()
        found: dict[str, Any] = await self.get(f"{EXPERIMENTS}/{experiment_id}/scorings/{asked['name']}")
        return found

    async def correct(self, answer: str) -> str:
        """Store a version of the dataset in which this is the answer to item 3, too; return the version."""
        rows = [orjson.loads(line) for line in questions_jsonl(20).splitlines()]
        rows[3]["answer"] = [rows[3]["answer"], answer]
        data = b"\n".join(orjson.dumps(row) for row in rows)
        async with self.runtime.sessions() as session:
            return (await DatasetService(session).add_file("quiz", "quiz.jsonl", data)).dataset.version

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.api.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def steps(api: httpx.AsyncClient, runtime: Runtime, dataset: str) -> Steps:
    """What a user does, on a dataset called ``quiz`` of 20 questions."""
    return Steps(api, runtime)


async def events(response: httpx.Response) -> Any:
    """Yield the data of each event, after a look at the stream's form."""
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            assert name == "progress"
            yield orjson.loads(value)
