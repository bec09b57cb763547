"""Tests of making comparisons."""

import uuid
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


class TestBudget:
    async def started(self, steps: Steps, **fields: Any) -> list[str]:
        config = {**CONFIG, "budget": {"calls": 5}, **fields}
        ids: list[str] = (await steps.api.post(COMPARISONS, json={"config": config})).json()["ids"]
        for one in ids:
            await steps.work(one)
        return ids

    async def test_is_shared_and_a_larger_one_goes_on(self, steps: Steps) -> None:
        first, second = await self.started(steps)
        states = [await steps.get(f"/api/v1/experiments/{one}") for one in (first, second)]
        assert [one["status"] for one in states] == ["COMPLETED", "CANCELLED"]
        assert states[1]["reason"].startswith("The comparison's budget of 5 calls is spent (5).")
        budget_id = states[0]["budget_id"]
        assert budget_id == states[1]["budget_id"]
        (budget,) = await steps.get(f"/api/v1/experiments/{second}/budgets")
        assert (budget["kind"], budget["name"], budget["limits"]["calls"]) == ("comparison", "Two models", 5)
        assert budget["spent"]["calls"] == 5
        assert budget["reason"] == "The comparison's budget of 5 calls is spent (5)."

        path = f"{COMPARISONS}/budgets/{budget_id}/resume"
        refused = problem(await steps.api.post(path, json={}), 409)
        assert refused["message"] == budget["reason"]
        answer = await steps.api.post(path, json={"budget": {"calls": 8}})
        assert answer.status_code == 202
        kept, child = answer.json()["ids"]
        assert kept == first
        assert child != second
        await steps.work(child)
        (budget,) = await steps.get(f"/api/v1/experiments/{child}/budgets")
        assert budget["spent"]["calls"] == 8  # none is paid twice
        assert (await steps.get(f"/api/v1/experiments/{child}"))["status"] == "COMPLETED"
        assert problem(await steps.api.post(path, json={}), 409)["message"].startswith("All experiments")

    async def test_what_is_settled_goes_on_side_by_side(self, steps: Steps) -> None:
        first, second = await self.started(steps, stop="settled", budget={"calls": 3})
        before = await steps.get(f"/api/v1/experiments/{first}")
        path = f"{COMPARISONS}/budgets/{before['budget_id']}/resume"
        answer = await steps.api.post(path, json={"budget": {"calls": 100}})
        ids = answer.json()["ids"]
        assert not {first, second} & set(ids)
        rows = [await steps.get(f"/api/v1/experiments/{one}") for one in ids]
        assert rows[0]["sequential_id"] == rows[1]["sequential_id"] not in (None, before["sequential_id"])

    async def test_others_have_none(self, steps: Steps) -> None:
        answer = await steps.api.post(f"{COMPARISONS}/budgets/{uuid.uuid4()}/resume", json={})
        assert problem(answer, 404)
