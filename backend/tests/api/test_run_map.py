"""Tests of the map of runs."""

import uuid
from typing import Any

import pytest

from tests.api.conftest import RESULTS, Steps, problem

FAILING = "mock/gold?accuracy=0.5&fail_rate=0.3&fail_kind=refused"


async def change(steps: Steps, sql: str) -> None:
    async with steps.runtime.engine.begin() as connection:
        await connection.exec_driver_sql(sql)


async def run_map(steps: Steps, experiment_id: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await steps.get(f"{RESULTS}/{experiment_id}/map", **params)
    return found


class TestMap:
    async def test_agrees_with_the_runs(self, steps: Steps) -> None:
        await steps.run(model=FAILING, max_failed_share=1, dataset={"name": "quiz", "n": 4})
        experiment_id = await steps.run(model=FAILING, max_failed_share=1, repeats=2)
        runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs", limit=500))["items"]
        runs.sort(key=lambda run: (run["example_id"], run["repeat"]))
        found = await run_map(steps, experiment_id)
        letters = [
            "f" if run["status"] == "failed" else "wc"[int(run["scores"]["exact_match"]["value"])]
            for run in runs
        ]
        assert found["states"] == "".join(letters)
        assert set(letters) == {"c", "w", "f"}
        assert found["run_ids"] == [run["id"] for run in runs]
        assert found["total"] == 40
        assert (found["score"], found["scores"]) == ("exact_match", ["contains", "exact_match", "f1"])
        fresh = [None if run["cached"] or run["latency_ms"] is None else run["latency_ms"] for run in runs]
        assert any(run["cached"] for run in runs)
        assert found["latency_ms"] == [None if ms is None else pytest.approx(ms, abs=0.051) for ms in fresh]

    async def test_values_between_and_runs_without_the_score(self, steps: Steps) -> None:
        experiment_id = await steps.run(dataset={"name": "quiz", "n": 4})
        ids = (await run_map(steps, experiment_id))["run_ids"]
        for run_id, value in zip(ids, ("1", "0.5", "0"), strict=False):
            extra = f'{{"extra": {{"value": {value}, "reason": ""}}}}'
            await change(steps, f"update runs set scores = scores || '{extra}' where id = {run_id}")
        assert (await run_map(steps, experiment_id, score="extra"))["states"] == "cpwu"

    async def test_limit(self, steps: Steps) -> None:
        experiment_id = await steps.run()
        found = await run_map(steps, experiment_id, limit=3)
        assert (found["total"], found["states"], len(found["latency_ms"])) == (20, "ccc", 3)

    async def test_before_the_result(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        empty = await run_map(steps, experiment_id, score="whatever")
        assert (empty["total"], empty["states"], empty["run_ids"], empty["scores"]) == (0, "", [], [])
        running = await steps.run()
        await change(steps, "delete from results")
        await change(steps, "update experiments set status = 'RUNNING'")
        assert (await run_map(steps, running))["states"] == "c" * 20

    async def test_refused(self, steps: Steps) -> None:
        path = f"{RESULTS}/{await steps.run()}/map"
        problem(await steps.api.get(f"{RESULTS}/{uuid.uuid4()}/map"), 404)
        scores = ("number_strict", "a'}\"{", "\0", "x" * 101)
        for name, value in [*(("score", one) for one in scores), ("limit", "0"), ("limit", "100001")]:
            error = problem(await steps.api.get(path, params={name: value}), 422)
            assert error["errors"][0]["field"] == name
            assert error["hint"]
