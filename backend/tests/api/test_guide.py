"""The guide's files: what is served at ``/guide/``, to whom, and with which headers."""

from pathlib import Path

import httpx
import pytest

from app.core.config import Settings, get_settings
from app.main import create_app
from tests.api.conftest import problem

KEY = "a-key-of-this-platform"
SECRET = "not for the world"


@pytest.fixture
def folder(state_dir: Path) -> Path:
    """A built site of two pages, with a secret beside it and ways out of it."""
    folder = state_dir / "a guide" / "site"
    if not folder.exists():
        for name in ("index.html", "404.html", "how-to/deploy/index.html", "assets/inline/a.js"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name, encoding="utf-8")
        (folder.parent / "secret.txt").write_text(SECRET)
        (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.fixture
def settings(settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LLMFORGE_GUIDE_DIR", str(folder))
    monkeypatch.setenv("LLMFORGE_API_KEY", KEY)
    get_settings.cache_clear()
    return get_settings()


@pytest.mark.parametrize(
    ("path", "status", "shown"),
    [
        ("/guide/", 200, "index.html"),
        ("/guide/?q=judge", 200, "index.html"),
        ("/guide/how-to/deploy/", 200, "how-to/deploy/index.html"),
        ("/guide/assets/inline/a.js", 200, "assets/inline/a.js"),
        ("/guide/nothing/", 404, "404.html"),
    ],
)
async def test_pages_need_no_key(api: httpx.AsyncClient, path: str, status: int, shown: str) -> None:
    response = await api.get(path)
    assert (response.status_code, response.text) == (status, shown)
    assert "script-src 'self';" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-cache"


async def test_a_page_without_a_slash_is_redirected_since_its_links_are_relative(
    api: httpx.AsyncClient,
) -> None:
    for path in ("/guide", "/guide/how-to/deploy"):
        response = await api.get(path)
        assert response.status_code == 307
        assert httpx.URL(response.headers["location"]).path == f"{path}/"


async def test_other_paths_are_not_the_guides(api: httpx.AsyncClient) -> None:
    for path in ("/guided", "/guidelines/"):
        assert (await api.get(path)).status_code == 404
    problem(await api.post("/guide/"), 401)
    problem(await api.post("/guide/", headers={"x-api-key": KEY}), 404)


@pytest.mark.parametrize(
    "path",
    [
        "/guide/../secret.txt",
        "/guide/%2e%2e/secret.txt",
        "/guide/..%2fsecret.txt",
        "/guide//etc/passwd",
        "/guide/%2fetc%2fpasswd",
        "/guide/link.txt",
        "/guide/%00",
    ],
)
async def test_no_way_out(api: httpx.AsyncClient, path: str) -> None:
    response = await api.get(httpx.URL(str(api.base_url)).copy_with(raw_path=path.encode()))
    assert response.status_code == 404
    assert SECRET not in response.text


async def test_until_it_is_built(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    transport = httpx.ASGITransport(app=create_app(settings.model_copy(update={"guide_dir": folder})))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        for path, status in (("/guide/", 200), ("/guide/how-to/deploy/", 404)):
            response = await api.get(path)
            assert response.status_code == status
            assert "make guide" in response.text
        folder.mkdir()
        (folder / "index.html").write_text("built")
        assert (await api.get("/guide/")).text == "built"


async def test_below_a_prefix_of_the_server(settings: Settings) -> None:
    transport = httpx.ASGITransport(app=create_app(settings), root_path="/lab")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        assert (await api.get("/lab/guide/")).text == "index.html"
