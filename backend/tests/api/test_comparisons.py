"""Tests of making comparisons."""

from typing import Any

import httpx

from tests.api.conftest import Steps, problem

COMPARISONS = "/api/v1/comparisons"
CONFIG: dict[str, Any] = {
    "name": "Two models",
    "base": {"dataset": {"name": "quiz", "n": 4}, "seed": 3},
    "variants": [{"name": "hash", "model": "mock/hash"}, {"name": "gold", "model": "mock/gold"}],
}


def fields(answer: httpx.Response) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


class TestCreate:
    async def test_queues_all_in_their_order(self, steps: Steps) -> None:
        answer = await steps.api.post(COMPARISONS, json={"config": CONFIG})
        assert answer.status_code == 201
        body = answer.json()
        assert [row["id"] for row in body["experiments"]] == body["ids"]
        assert [row["name"] for row in body["experiments"]] == ["Two models: hash", "Two models: gold"]
        assert all(row["queued_at"] for row in body["experiments"])

    async def test_not_started(self, steps: Steps) -> None:
        body = (await steps.api.post(COMPARISONS, json={"config": CONFIG, "run": False})).json()
        assert [row["queued_at"] for row in body["experiments"]] == [None, None]

    async def test_all_or_none(self, steps: Steps) -> None:
        before = (await steps.get("/api/v1/experiments"))["total"]
        variants = [CONFIG["variants"][0], {"name": "other", "model": "nobody/nothing"}]
        answer = await steps.api.post(COMPARISONS, json={"config": {**CONFIG, "variants": variants}})
        assert fields(answer) == ["model"]
        assert (await steps.get("/api/v1/experiments"))["total"] == before

    async def test_wrong_fields_are_named(self, steps: Steps) -> None:
        variants = [CONFIG["variants"][0], {"name": "other", "model": "mock/hash", "seed": 4}]
        answer = await steps.api.post(COMPARISONS, json={"config": {**CONFIG, "variants": variants}})
        assert fields(answer) == ["variants.1.seed"]


async def test_many_wrong_fields_of_the_base_are_found_once(steps: Steps) -> None:
    config = {
        "name": "n",
        "base": {f"field{number}": 1 for number in range(2_000)},
        "variants": [{"name": f"v{number}"} for number in range(12)],
    }
    error = problem(await steps.api.post("/api/v1/comparisons", json={"config": config}), 422)
    assert len(error["errors"]) == 20
    assert "the first 20" in error["hint"]
    assert int(error["message"].split()[0]) < 2_100
