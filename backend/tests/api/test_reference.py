"""The page on the API: complete, without scripts, and with nothing from another server."""

import re

import httpx

from app.core.config import Settings
from app.main import create_app
from tests.api.conftest import Steps, problem


async def test_names_every_operation_and_object(steps: Steps) -> None:
    document = create_app(Settings(_env_file=None)).openapi()
    shown = (await steps.api.get("/docs")).text
    for path, operations in document["paths"].items():
        for method in operations:
            assert f"{method.upper()} {path}" in shown
    names = set(document["components"]["schemas"])
    assert set(re.findall(r'<h3 id="(\w+)">', shown)) == names
    assert set(re.findall(r'href="#(\w+)"', shown)) <= names
    assert "Independent answers to each question. (default: 1; minimum: 1; maximum: 100)" in shown


async def test_loads_nothing(steps: Steps) -> None:
    response = await steps.api.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert not re.search(
        r"<script|<link|<img|<iframe|src=|javascript:|https?://(?!127\.0\.0\.1)", response.text
    )


async def test_there_is_no_other_page(steps: Steps) -> None:
    for path in ("/redoc", "/docs/oauth2-redirect"):
        problem(await steps.api.get(path), 404)


async def test_a_name_in_the_request_is_no_html(steps: Steps) -> None:
    request = httpx.Request("GET", f"{steps.api.base_url}/docs", headers={"host": '127.0.0.1:80"><b>x'})
    response = await steps.api.send(request)
    assert "<b>x" not in response.text
