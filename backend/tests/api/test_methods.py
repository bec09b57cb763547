"""What a path has no method for is answered with 405, and with the methods that it has."""

import re
from typing import Any

import pytest

from app.core.config import Settings
from app.main import create_app
from tests.api.conftest import Steps, problem

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"}
PATHS: dict[str, dict[str, Any]] = create_app(Settings(_env_file=None)).openapi()["paths"]


def concrete(path: str) -> str:
    """Return the path with values that no literal path has."""
    return re.sub(r"\{\w+_id\}", "00000000-0000-4000-8000-000000000000", path).replace("{name}", "quiz")


async def test_every_path_and_method_of_the_document(steps: Steps) -> None:
    for path, operations in PATHS.items():
        has = {method.upper() for method in operations}
        for method in METHODS - has:
            response = await steps.api.request(method, concrete(path))
            assert response.status_code == 405, (method, path)
            assert set(response.headers["allow"].split(", ")) == has, (method, path)
            if method != "HEAD":
                assert problem(response, 405)["hint"] == f"It has {response.headers['allow']}."


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/api/v1/experiments/preview", "POST"),
        ("DELETE", "/api/v1/experiments/facets", "GET"),
        ("POST", "/api/v1/results/compare", "GET"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("PUT", "/api/v1/datasets/preview", "GET"),  # a name, not the path of experiments
    ],
)
async def test_paths_that_look_like_an_id(steps: Steps, method: str, path: str, allow: str) -> None:
    response = await steps.api.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allow)
