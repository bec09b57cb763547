"""Tests of the route of bundles."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from app.services.bundles.verify import Verified, verify
from tests.api.conftest import Steps, problem

BUNDLES = "/api/v1/bundles"


async def verified(steps: Steps, folder: Path, ids: list[str], **params: Any) -> list[Verified]:
    response = await steps.api.get(BUNDLES, params={"ids": ids, **params})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/zip"
    assert f"bundle-{ids[0][:8]}.zip" in response.headers["content-disposition"]
    (folder / "bundle.zip").write_bytes(response.content)
    return await verify(folder / "bundle.zip")


@pytest.fixture
async def two(steps: Steps) -> list[str]:
    """Two experiments on the same 20 questions: half of them right, and all."""
    return [await steps.run(name="half", model="mock/gold?accuracy=0.5"), await steps.run(name="all")]


async def test_of_one_and_of_a_comparison(steps: Steps, two: list[str], tmp_path: Path) -> None:
    assert [one.name for one in await verified(steps, tmp_path, two[:1])] == ["files", "half"]
    parts = await verified(steps, tmp_path, two, margin=0.1, family="page")
    assert [one.name for one in parts] == ["files", "half", "all", "comparison"]
    assert not any(one.differences for one in parts)
    without = await verified(steps, tmp_path, two, dataset="false")
    assert [one.scores for one in without] == [0, 0, 0, 0]


async def test_the_scores_of_a_scoring(steps: Steps, two: list[str], tmp_path: Path) -> None:
    version = await steps.correct("thing 4")
    for one in two:
        await steps.rescore(one, name="corrected", dataset_version=version)
    parts = await verified(steps, tmp_path, two, scoring="corrected")
    assert not any(one.differences for one in parts)
    assert parts[1].scores == 3 * 20


async def test_what_is_refused(steps: Steps, two: list[str]) -> None:
    draft = await steps.create(name="a draft")
    refused = [
        ([], 422, "ids"),
        ([two[0], two[0]], 422, "different"),
        ([str(uuid.uuid4())], 404, "no experiment"),
        ([draft], 404, "no result"),
        ([two[0], draft], 404, "no result"),
    ]
    for ids, status, word in refused:
        found = problem(await steps.api.get(BUNDLES, params={"ids": ids}), status)
        assert word in str(found), found
