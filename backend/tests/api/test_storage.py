"""What takes space, and pruning, over HTTP."""

import pytest
from sqlalchemy import text

from tests.api.conftest import EXPERIMENTS, Steps, problem

STORAGE = "/api/v1/storage"


async def test_sizes(steps: Steps) -> None:
    await steps.run()
    found = await steps.get(STORAGE)
    parts = {part["name"]: part for part in found["parts"]}
    assert parts["runs"]["label"] == "Runs"
    assert found["total_bytes"] == sum(part["bytes"] for part in found["parts"]) > 0


async def test_prune(steps: Steps) -> None:
    kept, gone = [await steps.run() for _ in range(2)]
    await steps.api.delete(f"{EXPERIMENTS}/{gone}")
    async with steps.runtime.engine.begin() as connection:
        await connection.execute(text("update experiments set deleted_at = deleted_at - interval '2 days'"))
    asked = {"older_than_days": 1, "what": ["deleted"]}
    planned = (await steps.api.post(f"{STORAGE}/prune", json=asked)).json()
    assert (planned["dry_run"], planned["parts"][0]["count"]) == (True, 1)
    done = (await steps.api.post(f"{STORAGE}/prune", json={**asked, "dry_run": False})).json()
    assert (done["dry_run"], done["parts"][0]["count"]) == (False, 1)
    problem(await steps.api.post(f"{EXPERIMENTS}/{gone}/restore"), 404)
    assert (await steps.get(f"/api/v1/results/{kept}"))["metrics"]["counts"]["ok"] == 20


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "older_than_days"),
        ({"older_than_days": -1}, "older_than_days"),
        ({"older_than_days": 1, "what": ["everything"]}, "what.0"),
        ({"older_than_days": 1, "force": True}, "force"),
    ],
)
async def test_refused(steps: Steps, body: dict[str, object], field: str) -> None:
    error = problem(await steps.api.post(f"{STORAGE}/prune", json=body), 422)
    assert error["errors"][0]["field"] == field
