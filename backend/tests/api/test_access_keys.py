"""Keys with names and roles: what each may do, and what is known of who did it."""

import hmac
import logging
import uuid

import httpx
import pytest

from app.api.access import needed_role
from app.core.config import Settings, get_settings
from app.main import create_app
from tests.api.conftest import DATASETS, EXPERIMENTS, body, problem

ALICE, CI, SINGLE = "alice-key-0123456789", "ci-key-0123456789abc", "single-key-0123456789"
UUID = str(uuid.UUID(int=7))
READING_POSTS = {
    "/api/v1/experiments/preview",
    "/api/v1/datasets/columns",
    "/api/v1/knowledge-bases/{name}/index",
}
CALLING_GETS = {"/api/v1/models/check"}


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a key that may write, one that may only read, and the single one."""
    monkeypatch.setenv("LLMFORGE_API_KEYS", f"alice:write:{ALICE},ci:read:{CI}")
    monkeypatch.setenv("LLMFORGE_API_KEY", SINGLE)
    get_settings.cache_clear()
    return get_settings()


def key(of: str) -> dict[str, str]:
    return {"x-api-key": of}


def test_every_route_has_its_role() -> None:
    """A new route that changes nothing is added to the exceptions on purpose, or needs a key that writes."""
    for path, operations in create_app(Settings()).openapi()["paths"].items():
        for method in operations:
            reads = path in READING_POSTS if method != "get" else path not in CALLING_GETS
            needed = needed_role(
                method.upper(),
                path.format(
                    **dict.fromkeys(
                        ("experiment_id", "matrix_id", "comparison_id", "view_id", "budget_id"), UUID
                    ),
                    run_id=1,
                    name="quiz",
                ),
                "",
            )
            assert needed == ("read" if reads else "write"), (method, path)


@pytest.mark.parametrize(
    ("method", "path", "query", "role"),
    [
        ("GET", "/api/v1/models", "check=true", "write"),
        ("GET", "/api/v1/models", "check=1&check=false", "write"),
        ("GET", "/api/v1/models", "check=YES", "write"),
        ("GET", "/api/v1/models", "%63heck=on", "write"),
        ("GET", "/api/v1/models", "check=false", "read"),
        ("GET", "/api/v1/models", "", "read"),
        ("POST", "/api/v1/experiments/preview/", "", "write"),
        ("POST", "/api/v1/experiments/previews", "", "write"),
        ("POST", "/api/v1/knowledge-bases/a/b/index", "", "write"),
        ("PUT", "/api/v1/experiments/preview", "", "write"),
        ("POST", "/api/v1/new", "", "write"),
        ("BREW", "/", "", "write"),
    ],
)
def test_needed_role(method: str, path: str, query: str, role: str) -> None:
    assert needed_role(method, path, query) == role


async def test_a_key_that_may_write(api: httpx.AsyncClient, dataset: str) -> None:
    for one in (ALICE, SINGLE):
        assert (await api.post(EXPERIMENTS, json=body(), headers=key(one))).status_code == 201


async def test_a_key_that_may_only_read(api: httpx.AsyncClient, dataset: str) -> None:
    created = (await api.post(EXPERIMENTS, json=body(), headers=key(ALICE))).json()["id"]
    for path in (EXPERIMENTS, f"{EXPERIMENTS}/{created}", DATASETS, "/health", "/openapi.json"):
        assert (await api.get(path, headers=key(CI))).status_code == 200, path
    preview = await api.post(f"{EXPERIMENTS}/preview", json=body(), headers=key(CI))
    assert preview.status_code == 200
    refused = [
        ("POST", EXPERIMENTS),
        ("POST", f"{EXPERIMENTS}/{created}/run"),
        ("POST", f"{EXPERIMENTS}/{created}/cancel"),
        ("DELETE", f"{EXPERIMENTS}/{created}"),
        ("POST", DATASETS),
        ("POST", "/api/v1/comparisons"),
        ("GET", "/api/v1/models/check?name=mock/gold"),
        ("GET", "/api/v1/models?check=true"),
    ]
    for method, path in refused:
        error = problem(await api.request(method, path, headers=key(CI)), 403)
        assert error["message"] == "The API key 'ci' may only read, and this changes or costs something."
        assert "LLMFORGE_API_KEYS" in error["hint"]
    assert (await api.get(f"{EXPERIMENTS}/{created}", headers=key(ALICE))).json()["status"] == "PENDING"


async def test_who_one_is(api: httpx.AsyncClient) -> None:
    for sent, name, role in ((ALICE, "alice", "write"), (CI, "ci", "read"), (SINGLE, "default", "write")):
        health = (await api.get("/health", headers=key(sent))).json()
        assert health["caller"] == {"name": name, "role": role}
    problem(await api.get("/health", headers=key(f"{CI}x")), 401)


async def test_the_description_needs_no_key(api: httpx.AsyncClient) -> None:
    """A browser that follows a link can send none."""
    assert (await api.get("/docs")).headers["content-type"].startswith("text/html")
    problem(await api.post("/docs"), 401)


async def test_all_keys_are_compared(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    compare = hmac.compare_digest

    def spy(given: bytes, right: bytes) -> bool:
        seen.append(right)
        return compare(given, right)

    monkeypatch.setattr("app.api.security.hmac.compare_digest", spy)
    for sent in ("wrong", SINGLE, ALICE, CI):
        seen.clear()
        await api.get("/health/live", headers=key(sent))
        assert seen == [SINGLE.encode(), ALICE.encode(), CI.encode()]


async def test_what_is_made_names_its_maker(
    api: httpx.AsyncClient, dataset: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        created = (await api.post(EXPERIMENTS, json=body(), headers=key(ALICE))).json()
    assert created["provenance"]["created_by"] == "alice"
    assert ALICE not in str(created)
    logged = [record.message + str(record.msg) for record in caplog.records]
    assert any("experiment_created" in line and "'api_key_name': 'alice'" in line for line in logged)
    assert not any(ALICE in line for line in logged)
