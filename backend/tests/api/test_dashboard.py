"""The dashboard's files: what is served, to whom, and with which headers."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.config import PROJECT_ROOT, Settings, get_settings
from app.main import create_app
from tests.api.conftest import EXPERIMENTS, body, problem

KEY = "a-key-of-this-platform"
PAGE = f"""<!DOCTYPE html><html><head><script src="/_next/static/chunk.js" async=""></script></head>
<body><p>{{name}}</p>{"<br>" * 500}</body></html>"""
SECRET = "not for the world"


@pytest.fixture
def folder(state_dir: Path) -> Path:
    """An export of three pages, with secrets beside it and a way out of it."""
    folder = state_dir / "an export" / "out"
    if not folder.exists():
        for name in ("index.html", "404.html", "experiments/view/index.html"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(PAGE.replace("{name}", name), encoding="utf-8")
        (folder / "_next" / "static").mkdir(parents=True)
        (folder / "_next" / "static" / "chunk.js").write_text("run();" * 1000)
        (folder / "empty").mkdir()
        (folder.parent / "secret.txt").write_text(SECRET)
        (folder.parent / "out-secret.txt").write_text(SECRET)
        (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
        (folder / "linked").symlink_to(folder.parent)
    return folder


@pytest.fixture
def settings(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LLMFORGE_DASHBOARD_DIR", str(folder))
    get_settings.cache_clear()
    return get_settings()


class TestFiles:
    @pytest.mark.parametrize(
        ("path", "page"),
        [
            ("/", "index.html"),
            ("/index.html", "index.html"),
            ("/?tab=1", "index.html"),
            ("/experiments/view/?id=7&x=%2F", "experiments/view/index.html"),
            ("/experiments/view?id=7", "experiments/view/index.html"),
        ],
    )
    async def test_pages(self, api: httpx.AsyncClient, path: str, page: str) -> None:
        response = await api.get(path)
        assert response.status_code == 200
        assert f"<p>{page}</p>" in response.text
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["cache-control"] == "no-cache"

    async def test_head(self, api: httpx.AsyncClient) -> None:
        for path in ("/", "/experiments/view/?id=7", "/_next/static/chunk.js"):
            response = await api.head(path, headers={"accept-encoding": "identity"})
            assert (response.status_code, response.content) == (200, b"")
            whole = await api.get(path, headers={"accept-encoding": "identity"})
            assert response.headers["content-length"] == str(len(whole.content))

    @pytest.mark.parametrize(
        "path",
        ["/nothing", "/nothing/", "/empty/", "/empty", "/_next/static/", "/_next/static/old.js", "/apidocs"],
    )
    async def test_unknown(self, api: httpx.AsyncClient, path: str) -> None:
        response = await api.get(path)
        assert (response.status_code, "<p>404.html</p>" in response.text) == (404, True)
        assert response.headers["cache-control"] == "no-cache"
        assert "default-src 'self'" in response.headers["content-security-policy"]

    @pytest.mark.parametrize(
        "path", ["/api", "/api/", "/api/v1/nothing", "/health/no", "/docs/no", "//api/x"]
    )
    async def test_unknown_of_the_api(self, api: httpx.AsyncClient, path: str) -> None:
        response = await api.get(str(api.base_url).rstrip("/") + path)
        assert problem(response, 404)["code"] == "not_found"

    async def test_api_still_answers(self, api: httpx.AsyncClient) -> None:
        assert (await api.get("/health/live")).json() == {"status": "ok"}
        assert "swagger" in (await api.get("/docs")).text
        redirect = await api.get(f"{EXPERIMENTS}/")
        assert redirect.status_code == 307
        assert redirect.headers["location"].endswith(EXPERIMENTS)

    async def test_files_cannot_be_changed(self, api: httpx.AsyncClient) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            problem(await api.request(method, "/"), 404)

    @pytest.mark.parametrize(
        "path",
        [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/%2e%2e%2fsecret.txt",
            "/experiments/../../secret.txt",
            "/_next/static/..%2f..%2f..%2fsecret.txt",
            "/../out-secret.txt",
            "/..%5csecret.txt",
            "/link.txt",
            "/linked/secret.txt",
            "//etc/passwd",
            "/%2fetc%2fpasswd",
            "/%00",
            "/index.html%00.js",
            f"/{'a' * 5000}",
        ],
    )
    async def test_no_way_out(self, api: httpx.AsyncClient, path: str) -> None:
        url = httpx.URL(str(api.base_url)).copy_with(raw_path=path.encode())
        response = await api.get(url)
        assert response.status_code == 404
        assert SECRET not in response.text
        assert "root:" not in response.text


class TestHeaders:
    async def test_hashed_files_are_kept_for_good(self, api: httpx.AsyncClient) -> None:
        response = await api.get("/_next/static/chunk.js")
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"

    async def test_pages_are_asked_for_again(self, api: httpx.AsyncClient) -> None:
        etag = (await api.get("/")).headers["etag"]
        response = await api.get("/", headers={"if-none-match": etag})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("path", ["/", "/nothing", "/_next/static/chunk.js"])
    async def test_policy(self, api: httpx.AsyncClient, path: str) -> None:
        policy = (await api.get(path)).headers["content-security-policy"].split("; ")
        assert policy == [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "object-src 'none'",
        ]

    async def test_every_answer_has_the_simple_ones(self, api: httpx.AsyncClient) -> None:
        for path in ("/", "/nothing", "/health/live", "/api/v1/nothing", "/_next/static/chunk.js"):
            response = await api.get(path)
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"


class TestVercel:
    """Another host serves the same files with the same headers, but for the API, which is elsewhere there."""

    CONFIG: dict[str, Any] = json.loads((PROJECT_ROOT / "deploy" / "vercel" / "vercel.json").read_text())
    ELSEWHERE = "https: http://localhost:* http://127.0.0.1:*"

    def headers(self, source: str) -> dict[str, str]:
        (rule,) = [rule for rule in self.CONFIG["headers"] if rule["source"] == source]
        return {header["key"].lower(): header["value"] for header in rule["headers"]}

    async def test_headers_are_the_same(self, api: httpx.AsyncClient) -> None:
        ours = (await api.get("/")).headers
        theirs = self.headers("/(.*)")
        policy = theirs.pop("content-security-policy")
        for directive in ("img-src 'self' data: blob:", "connect-src 'self'"):
            assert f"{directive} {self.ELSEWHERE};" in policy
        assert policy.replace(f" {self.ELSEWHERE}", "") == ours["content-security-policy"]
        assert theirs == {name: ours[name] for name in theirs}
        assert theirs.keys() == {"x-content-type-options", "referrer-policy", "x-frame-options"}

    async def test_files_are_kept_as_long(self, api: httpx.AsyncClient) -> None:
        for path, source in (
            ("/", "/((?!_next/static/).*)"),
            ("/_next/static/chunk.js", "/_next/static/(.*)"),
        ):
            assert self.headers(source)["cache-control"] == (await api.get(path)).headers["cache-control"]

    def test_addresses_are_those_of_the_export(self) -> None:
        assert "trailingSlash: true" in (PROJECT_ROOT / "frontend" / "next.config.ts").read_text()
        assert self.CONFIG["trailingSlash"] is True

    def test_it_is_built_as_elsewhere(self) -> None:
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        assert "ci --omit=dev" in makefile
        assert "ci --prefix ../../frontend --omit=dev" in self.CONFIG["installCommand"]
        assert self.CONFIG["buildCommand"].startswith("npm run --prefix ../../frontend build")


class TestNotBuilt:
    async def test_until_it_is(self, settings: Settings, tmp_path: Path) -> None:
        folder = tmp_path / "out"
        app = create_app(settings.model_copy(update={"dashboard_dir": folder}))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            response = await api.get("/")
            assert response.status_code == 200
            assert "make up" in response.text
            assert 'href="/docs"' in response.text
            assert "default-src 'self'" in response.headers["content-security-policy"]
            assert response.headers["cache-control"] == "no-cache"
            problem(await api.get("/experiments/"), 404)
            folder.mkdir()
            assert "make up" in (await api.get("/")).text
            (folder / "index.html").write_text("built")
            assert (await api.get("/")).text == "built"


class TestKey:
    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("LLMFORGE_API_KEY", KEY)
        get_settings.cache_clear()
        return get_settings()

    async def test_files_need_none_and_data_does(self, api: httpx.AsyncClient) -> None:
        for path in ("/", "/experiments/view/?id=7", "/_next/static/chunk.js"):
            assert (await api.get(path)).status_code == 200
            assert (await api.head(path)).status_code == 200
        assert (await api.get("/nothing")).status_code == 404
        for path in ("/api", "/api/", EXPERIMENTS, f"{EXPERIMENTS}/", "/health", "/health/no"):
            problem(await api.get(path), 401)
        for path in ("/redoc", "/docs/", "/openapi.json", "/%61pi/v1/models", "/docs/oauth2-redirect"):
            problem(await api.get(path), 401)
        problem(await api.post("/"), 401)
        assert (await api.get(EXPERIMENTS, headers={"x-api-key": KEY})).status_code == 200

    async def test_a_prefix_of_the_server_opens_nothing(self, settings: Settings) -> None:
        transport = httpx.ASGITransport(app=create_app(settings), root_path="/lab")
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            assert (await api.get("/lab/")).status_code == 200
            for path in ("/lab/api/v1/models", "/lab//api/v1/models", "/api/v1/models", "/lab/docs/x"):
                problem(await api.get(path), 401)


class TestForeignHost:
    async def test_is_refused(self, api: httpx.AsyncClient) -> None:
        problem(await api.get("/", headers={"host": "evil.example"}), 403)


class TestCompression:
    async def test_when_accepted(self, api: httpx.AsyncClient) -> None:
        for path in ("/", "/_next/static/chunk.js", "/openapi.json"):
            packed = await api.get(path, headers={"accept-encoding": "gzip"})
            assert packed.headers["content-encoding"] == "gzip"
            assert "Accept-Encoding" in packed.headers["vary"]
            plain = await api.get(path, headers={"accept-encoding": "identity"})
            assert "content-encoding" not in plain.headers
            assert packed.content == plain.content

    async def test_small_answers_stay(self, api: httpx.AsyncClient) -> None:
        response = await api.get("/health/live", headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in response.headers

    async def test_exports_are_whole(self, api: httpx.AsyncClient, dataset: str) -> None:
        experiment_id = (await api.post(EXPERIMENTS, json=body())).json()["id"]
        for fmt in ("jsonl", "csv", "parquet"):
            path = f"/api/v1/results/{experiment_id}/export?format={fmt}"
            packed = await api.get(path, headers={"accept-encoding": "gzip"})
            plain = await api.get(path, headers={"accept-encoding": "identity"})
            assert (packed.status_code, packed.content) == (200, plain.content)

    async def test_events_come_one_by_one(self, api: httpx.AsyncClient, dataset: str) -> None:
        experiment_id = (await api.post(EXPERIMENTS, json=body())).json()["id"]
        path = f"{EXPERIMENTS}/{experiment_id}"
        async with api.stream("GET", f"{path}/events", headers={"accept-encoding": "gzip"}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in response.headers
            lines = response.aiter_lines()
            while "PENDING" not in await anext(lines):  # here while the stream is still open
                pass
            await api.post(f"{path}/cancel")
            rest = [line async for line in lines]
        assert any("CANCELLED" in line for line in rest)
