"""Postgres is stopped for real: 503 that says so, and recovery when it is back."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app.core.config import Settings, get_settings
from app.core.embedded.postgres import EmbeddedPostgres
from app.core.migrations import migrate
from app.services.runtime import Runtime, open_runtime
from tests.api.conftest import DATASETS, EXPERIMENTS, RESULTS, Steps, body, problem
from tests.factories import questions_jsonl
from tests.support import until

UUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres of this test's own."""
    server = EmbeddedPostgres(tmp_path / "pg", tmp_path / "pg.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(settings: Settings, own: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", own.url)
    monkeypatch.setenv("LLMFORGE_CORS_ORIGINS", "https://dash.example")
    get_settings.cache_clear()
    return get_settings()


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The means of a process on the empty server."""
    opened = open_runtime(settings)
    await migrate(opened.engine)
    yield opened
    await opened.aclose()


class TestAway:
    async def test_503_then_recovery(
        self, api: httpx.AsyncClient, runtime: Runtime, own: EmbeddedPostgres
    ) -> None:
        steps = Steps(api, runtime)
        file = {"file": ("q.jsonl", questions_jsonl(3))}
        assert (await api.post(DATASETS, data={"name": "quiz"}, files=file)).status_code == 201
        before = await steps.create()
        own.stop()

        requests = [
            ("GET", EXPERIMENTS, {}),
            ("POST", EXPERIMENTS, {"json": body()}),
            ("GET", f"{EXPERIMENTS}/{before}", {}),
            ("POST", f"{EXPERIMENTS}/{before}/run", {}),
            ("GET", f"{EXPERIMENTS}/{before}/events", {}),
            ("GET", f"{RESULTS}/{UUID}", {}),
            ("GET", f"{RESULTS}/{before}/export", {}),
            ("GET", DATASETS, {}),
            ("POST", DATASETS, {"data": {"name": "new"}, "files": file}),
        ]
        for method, path, content in requests:
            response = await api.request(method, path, **content, headers={"origin": "https://dash.example"})  # type: ignore[arg-type]
            error = problem(response, 503)
            assert (error["code"], error["message"]) == ("unavailable", "The database does not answer.")
            assert error["hint"]
            assert int(response.headers["retry-after"]) > 0
            assert response.headers["access-control-allow-origin"] == "https://dash.example"

        response = await api.get("/health")
        assert (response.status_code, response.json()["database"]["state"]) == (503, "down")
        assert "DATABASE_URL" in response.json()["database"]["message"]
        assert (await api.get("/health/live")).status_code == 200
        assert (await api.get("/api/v1/models")).status_code == 200

        own.start(own.port)

        async def answers() -> bool:
            return (await api.get(EXPERIMENTS)).status_code == 200

        await until(answers, "the API to find the database again")
        assert (await api.get("/health")).json()["database"]["state"] == "ok"
        await steps.start(before)
        assert await steps.work(before) == "COMPLETED"
        assert (await steps.get(f"{RESULTS}/{before}/runs"))["total"] == 3
