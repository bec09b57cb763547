"""Tests of what a dashboard opens with: the overview, the facets, and checks of models."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.services.datasets.service import DatasetService
from app.services.monitoring.model_check import check_model
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, Steps, problem
from tests.factories import questions_jsonl
from tests.fixtures.fake_llm import FakeLLM

OVERVIEW = "/api/v1/overview"
CHECK = "/api/v1/models/check"
KEY = "sk-of-the-model-check"


class TestOverview:
    async def test_nothing_yet(self, api: httpx.AsyncClient) -> None:
        found = (await api.get(OVERVIEW)).json()
        assert found["models_ready"] > 0
        assert set(found["by_status"]) == {"PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"}
        assert not any(found["by_status"].values())
        counts = ("experiments", "runs", "failed_runs", "datasets")
        assert [found[name] for name in counts] == [0, 0, 0, 0]

    async def test_counts(self, steps: Steps) -> None:
        await steps.create()
        await steps.run(dataset={"name": "quiz", "n": 3})
        await steps.run(model="mock/gold?fail_rate=1&fail_kind=refused", max_failed_share=1, repeats=2)
        deleted = await steps.run()
        await steps.api.delete(f"{EXPERIMENTS}/{deleted}")
        found = await steps.get(OVERVIEW)
        assert (found["experiments"], found["by_status"]["PENDING"]) == (3, 1)
        assert found["by_status"]["COMPLETED"] == 2
        assert (found["runs"], found["failed_runs"], found["datasets"]) == (43, 40, 1)

    async def test_a_running_experiment_counts_by_its_progress(self, steps: Steps) -> None:
        await steps.run()
        async with steps.runtime.engine.begin() as connection:
            await connection.exec_driver_sql("delete from results")
            await connection.exec_driver_sql("update experiments set status = 'RUNNING'")
        assert (await steps.get(OVERVIEW))["runs"] == 20


class TestFacets:
    async def test_distinct_and_sorted(self, steps: Steps) -> None:
        async with steps.runtime.sessions() as session:
            await DatasetService(session).add_file("other", "o.jsonl", questions_jsonl(3, "other"))
        for model in ("mock/hash", "mock/echo", "mock/hash"):
            await steps.create(model=model)
        deleted = await steps.create(model="mock/gold", dataset={"name": "other"})
        await steps.api.delete(f"{EXPERIMENTS}/{deleted}")
        found = await steps.get(f"{EXPERIMENTS}/facets")
        assert found == {
            "methods": ["naive"],
            "models": ["mock/echo", "mock/hash"],
            "datasets": ["quiz"],
            "tags": [],
        }


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeLLM]:
    """The endpoint of the provider ``openai``, with a key set."""
    async with FakeLLM() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server


class TestChecksOfAll:
    """GET /models with ``check``: each endpoint is asked once, and only what has answered is ready."""

    async def states(self, api: httpx.AsyncClient, **params: Any) -> dict[str, str]:
        found = (await api.get("/api/v1/models", params=params)).json()
        models = {model["name"]: model["state"] for model in found["models"]}
        return models | {provider["name"]: provider["state"] for provider in found["providers"]}

    async def test_before_and_after(
        self, api: httpx.AsyncClient, endpoint: FakeLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GROQ_API_KEY", "gsk-refused")
        for name in ("OLLAMA", "LMSTUDIO", "VLLM", "SGLANG", "LLAMACPP", "LITELLM"):
            monkeypatch.setenv(f"{name}_BASE_URL", "http://127.0.0.1:9")
        before = await self.states(api)
        assert {before[name] for name in ("openai/gpt-4o-mini", "openai", "groq", "ollama")} == {
            "not_checked"
        }
        async with FakeLLM(raw_status=401) as refusing:
            monkeypatch.setenv("GROQ_BASE_URL", refusing.base_url)
            after = await self.states(api, check=True)
        assert (after["openai/gpt-4o-mini"], after["openai"]) == ("ready", "ready")
        assert (after["groq"], after["anthropic"]) == ("key_missing", "key_missing")
        assert {after[name] for name in ("ollama/llama3.2", "ollama", "lmstudio", "vllm")} == {"unreachable"}
        assert after["custom"] == "address_missing"
        assert (after["mock"], after["mock/echo"]) == ("ready", "ready")
        assert endpoint.stats.pages == 1  # however many models it has
        assert await self.states(api) == after
        monkeypatch.setenv("OPENAI_API_KEY", "sk-another")  # which nobody has tried
        assert (await self.states(api))["openai"] == "not_checked"

    async def test_headers_of_the_provider(
        self, api: httpx.AsyncClient, endpoint: FakeLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", endpoint.root)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-test")
        found = (await api.get(CHECK, params={"name": "anthropic/any"})).json()
        assert found["state"] == "ready"
        headers = endpoint.stats.last_headers
        assert headers["x-api-key"] == "sk-ant-of-the-test"
        assert headers["anthropic-version"] == "2023-06-01"


class TestModelCheck:
    @pytest.mark.parametrize("status", [200, 302, 404, 429, 500])
    async def test_an_endpoint_that_answers(
        self, api: httpx.AsyncClient, endpoint: FakeLLM, status: int
    ) -> None:
        endpoint.set(raw_status=status, raw_headers="location: /elsewhere")
        found = (await api.get(CHECK, params={"name": "openai/any"})).json()
        assert (found["name"], found["state"], found["message"]) == ("openai/any", "ready", "")
        assert 0 < found["latency_ms"] < 3000
        assert (endpoint.stats.pages, endpoint.stats.last_path) == (1, "/v1/models")
        assert endpoint.stats.last_headers["authorization"] == f"Bearer {KEY}"

    @pytest.mark.parametrize("status", [401, 403])
    async def test_a_key_that_is_refused(
        self, api: httpx.AsyncClient, endpoint: FakeLLM, status: int
    ) -> None:
        endpoint.set(raw_status=status)
        answer = await api.get(CHECK, params={"name": "openai/any"})
        assert answer.json()["state"] == "key_missing"
        assert "refused the key: check OPENAI_API_KEY" in answer.json()["message"]
        assert KEY not in answer.text

    async def test_nobody_there(self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OLLAMA_BASE_URL", "http://user:planted-secret@127.0.0.1:9")
        answer = await api.get(CHECK, params={"name": "ollama/any"})
        found = answer.json()
        assert (found["state"], found["latency_ms"]) == ("unreachable", None)
        assert "OLLAMA_BASE_URL" in found["message"]
        assert "planted-secret" not in answer.text

    async def test_no_answer_in_time(self, runtime: Runtime, endpoint: FakeLLM) -> None:
        found = await check_model(runtime, "openai/any", timeout_s=1e-4)
        assert found.state == "unreachable"
        assert "did not answer within" in found.message

    async def test_a_missing_key_is_said_without_a_call(
        self, api: httpx.AsyncClient, endpoint: FakeLLM, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        found = (await api.get(CHECK, params={"name": "openai/any"})).json()
        assert found["state"] == "key_missing"
        assert "set OPENAI_API_KEY" in found["message"]
        assert endpoint.stats.pages == 0

    @pytest.mark.parametrize("name", ["mock/echo", "local/smollm2-135m-instruct"])
    async def test_models_without_an_endpoint(self, api: httpx.AsyncClient, name: str) -> None:
        found = (await api.get(CHECK, params={"name": name})).json()
        assert found == {"name": name, "state": "ready", "message": "", "latency_ms": None}

    @pytest.mark.parametrize("name", ["nobody/x", "local/nothing", "http://127.0.0.1:9/x", "x"])
    async def test_unknown(self, runtime: Runtime, api: httpx.AsyncClient, name: str) -> None:
        error = problem(await api.get(CHECK, params={"name": name}), 422)
        assert error["errors"][0]["field"] == "model"
        assert error["hint"]

    async def test_an_address_that_is_none(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OLLAMA_BASE_URL", "file:///etc/passwd")
        error = problem(await api.get(CHECK, params={"name": "ollama/any"}), 422)
        assert "OLLAMA_BASE_URL" in error["message"]
