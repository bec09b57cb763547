"""Pages of other origins: which may use the API, and which may show its pages in a frame."""

import uuid

import httpx
import pytest

from app.core.config import Settings, get_settings
from app.main import create_app
from app.services.runtime import Runtime
from tests.api.conftest import EXPERIMENTS, Steps, body, problem

UUID = uuid.UUID(int=7)


class TestOrigin:
    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_CORS_ORIGINS", "https://dash.example, http://localhost:3000")
        get_settings.cache_clear()
        return get_settings()

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://dash.example",
            "http://localhost:1",
            "null",
            "https://dash.example.evil",
        ],
    )
    async def test_foreign_may_change_nothing(self, steps: Steps, origin: str) -> None:
        response = await steps.api.post(EXPERIMENTS, json=body(), headers={"origin": origin})
        assert "LLMFORGE_CORS_ORIGINS" in problem(response, 403)["hint"]
        assert "access-control-allow-origin" not in response.headers
        assert (await steps.get(EXPERIMENTS))["total"] == 0

    async def test_allowed_by_setting(self, steps: Steps) -> None:
        for origin in ("https://dash.example", "http://localhost:3000"):
            response = await steps.api.post(EXPERIMENTS, json=body(), headers={"origin": origin})
            assert response.status_code == 201
            assert response.headers["access-control-allow-origin"] == origin
            assert "location" in response.headers["access-control-expose-headers"]

    async def test_errors_can_be_read_by_the_dashboard(self, api: httpx.AsyncClient) -> None:
        headers = {"origin": "https://dash.example"}
        for path in (f"{EXPERIMENTS}/{UUID}", f"{EXPERIMENTS}?limit=0", "/nothing"):
            response = await api.get(path, headers=headers)
            assert response.headers["access-control-allow-origin"] == "https://dash.example"

    async def test_crashes_can_be_read_by_the_dashboard(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def crash(self: Runtime) -> None:
            raise RuntimeError

        monkeypatch.setattr(Runtime, "models", crash)
        response = await api.get("/api/v1/models", headers={"origin": "https://dash.example"})
        problem(response, 500)
        assert response.headers["access-control-allow-origin"] == "https://dash.example"
        assert response.headers["x-content-type-options"] == "nosniff"

    async def test_own_page(self, steps: Steps) -> None:
        own = str(steps.api.base_url).rstrip("/")
        response = await steps.api.post(EXPERIMENTS, json=body(), headers={"origin": own})
        assert response.status_code == 201

    async def test_preflight(self, api: httpx.AsyncClient) -> None:
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
        good = await api.options(EXPERIMENTS, headers={"origin": "https://dash.example", **asked})
        assert good.status_code == 200
        assert good.headers["access-control-allow-origin"] == "https://dash.example"
        assert "x-api-key" in good.headers["access-control-allow-headers"]
        bad = await api.options(EXPERIMENTS, headers={"origin": "https://evil.example", **asked})
        assert bad.status_code == 400
        assert "access-control-allow-origin" not in bad.headers


class TestPreviews:
    """A pattern allows what it means and nothing that looks like it."""

    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_CORS_ORIGINS", "https://dash.example,https://llmforge-*-team.vercel.app")
        get_settings.cache_clear()
        return get_settings()

    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            ("https://dash.example", True),
            ("https://llmforge-git-main-team.vercel.app", True),
            ("https://llmforge-x-team.vercel.app.evil.example", False),
            ("https://evil.example/llmforge-x-team.vercel.app", False),
            ("https://llmforge-a.b-team.vercel.app", False),
            ("http://llmforge-x-team.vercel.app", False),
        ],
    )
    async def test_reads_and_changes(self, steps: Steps, origin: str, allowed: bool) -> None:
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key"}
        answers = [
            await steps.api.get("/health/live", headers={"origin": origin}),
            await steps.api.options(EXPERIMENTS, headers={"origin": origin, **asked}),
            await steps.api.post(EXPERIMENTS, json=body(), headers={"origin": origin}),
        ]
        assert [answer.status_code for answer in answers] == ([200, 200, 201] if allowed else [200, 400, 403])
        for answer in answers:
            assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
            assert "Origin" in answer.headers.get("vary", "") or not allowed


class TestFrames:
    @pytest.mark.parametrize(
        ("setting", "sources", "options"),
        [
            ("", "'none'", "DENY"),
            ("self", "'self'", "SAMEORIGIN"),
            ("https://huggingface.co", "https://huggingface.co", None),
            ("self, https://*.lab.example", "'self' https://*.lab.example", None),
        ],
    )
    async def test_who_may_show_the_pages(
        self, settings: Settings, setting: str, sources: str, options: str | None
    ) -> None:
        changed = settings.model_copy(update={"frame_ancestors": setting})
        transport = httpx.ASGITransport(app=create_app(changed))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for path in ("/", "/docs"):
                headers = (await client.get(path)).headers
                assert f"frame-ancestors {sources};" in headers["content-security-policy"]
                assert headers.get("x-frame-options") == options
