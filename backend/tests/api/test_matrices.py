"""Tests of matrices over HTTP."""

from typing import Any

from tests.api.conftest import Steps, problem
from tests.services.matrices.factories import WAYS, raw

MATRICES = "/api/v1/matrices"


async def make(steps: Steps, *, anew: bool = False, **fields: Any) -> str:
    answer = await steps.api.post(MATRICES, json={"config": raw(**fields), "anew": anew})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def next_of(steps: Steps, matrix: str) -> dict[str, Any]:
    answer = await steps.api.post(f"{MATRICES}/{matrix}/next")
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def run_all(steps: Steps, matrix: str) -> list[str]:
    """Run what is left, and return what was run, in its order."""
    done = []
    while (found := await next_of(steps, matrix))["experiment"] is not None:
        await steps.work(found["experiment"]["id"])
        done.append(f"{found['round']} {found['method']} {found['optimisation']}")
    return done


def cell_of(matrix: dict[str, Any], optimisation: str) -> dict[str, Any]:
    (found,) = [one for one in matrix["cells"] if one["optimisation"] == optimisation]
    return dict(found)


async def test_whole_matrix(steps: Steps) -> None:
    matrix = await make(steps)
    done = await run_all(steps, matrix)
    assert len(set(done)) == 8
    assert [one[0] for one in done] == ["1"] * 4 + ["2"] * 4
    shown = await steps.get(f"{MATRICES}/{matrix}")
    assert (shown["ended"], shown["total"], shown["failed"]) == (8, 8, 0)
    assert [one["state"] for one in shown["cells"]] == ["measured"] * 4
    concurrent, baseline = cell_of(shown, "concurrent"), cell_of(shown, "sequential")
    assert baseline["against"] is None
    assert concurrent["against"]["identical"]["value"] == 1
    assert concurrent["against"]["identical"]["n"] == 12
    assert concurrent["against"]["speed"]["rounds"] == 2
    assert concurrent["against"]["score"]["outcome"] == "cannot_tell"  # of six questions
    assert [one["hit_rate"] for one in shown["cells"]][::3] == [0, 1]
    assert cell_of(shown, "warm")["latency_p50_ms"] is None
    assert "2 rounds" in shown["warnings"][0]


async def test_trials_are_ordinary_experiments_of_one_version(steps: Steps) -> None:
    matrix = await make(steps)
    first = (await next_of(steps, matrix))["experiment"]
    shown = await steps.get(f"/api/v1/experiments/{first['id']}")
    assert shown["config"]["dataset"]["version"] == shown["dataset_version"]
    assert shown["config"]["execution"]["cache_scope"].startswith("matrix ")


async def test_a_providers_prompt_cache_is_left_to_it(steps: Steps) -> None:
    way = {"name": "by prefix", "execution": {"schedule": "by_prefix", "prefix_cache": True}}
    config = raw(optimisations=[WAYS[0], way], rounds=1)
    assert (await steps.api.post(f"{MATRICES}/plan", json={"config": config})).status_code == 200
    matrix = await make(steps, optimisations=config["optimisations"], rounds=1)
    assert len(await run_all(steps, matrix)) == 2
    shown = await steps.get(f"{MATRICES}/{matrix}")
    trial = cell_of(shown, "by prefix")["trials"][0]
    execution = (await steps.get(f"/api/v1/experiments/{trial['experiment_id']}"))["config"]["execution"]
    assert (trial["status"], execution["schedule"], execution["prefix_cache"]) == (
        "completed",
        "by_prefix",
        False,
    )


class TestContinue:
    async def test_the_same_content_finds_its_matrix(self, steps: Steps) -> None:
        matrix = await make(steps)
        assert await make(steps, name="another name") == matrix
        assert await make(steps, rounds=1) != matrix
        assert await make(steps, anew=True) != matrix

    async def test_one_trial_at_a_time(self, steps: Steps) -> None:
        matrix = await make(steps)
        first, again = await next_of(steps, matrix), await next_of(steps, matrix)
        assert first["experiment"]["id"] == again["experiment"]["id"]
        assert again["ended"] == 0
        await steps.work(first["experiment"]["id"])
        second = await next_of(steps, matrix)
        assert (second["ended"], second["total"]) == (1, 8)
        assert second["experiment"]["id"] != first["experiment"]["id"]

    async def test_deleted_trials_are_run_again(self, steps: Steps) -> None:
        matrix = await make(steps, optimisations=WAYS[:2], rounds=1)
        await run_all(steps, matrix)
        shown = await steps.get(f"{MATRICES}/{matrix}")
        deleted = cell_of(shown, "concurrent")["trials"][0]["experiment_id"]
        assert (await steps.api.delete(f"/api/v1/experiments/{deleted}")).status_code == 204
        assert await run_all(steps, matrix) == ["1 naive concurrent"]


BROKEN: dict[str, Any] = {
    "name": "broken",
    "method": {"name": "naive"},
    "model": "mock/hash?fail_rate=1&fail_kind=refused",
}


class TestFailure:
    async def test_is_shown_with_its_reason(self, steps: Steps) -> None:
        matrix = await make(steps, methods=[BROKEN], rounds=1)
        await run_all(steps, matrix)
        shown = await steps.get(f"{MATRICES}/{matrix}")
        assert (shown["ended"], shown["failed"]) == (4, 4)
        assert [one["state"] for one in shown["cells"]] == ["failed"] * 4
        assert "failed" in cell_of(shown, "cold")["reasons"][0]
        assert "did not complete" in cell_of(shown, "warm")["reasons"][0]
        assert cell_of(shown, "warm")["trials"][0]["status"] == "refused"

    async def test_is_retried_when_asked_to(self, steps: Steps) -> None:
        matrix = await make(steps, methods=[BROKEN], rounds=1)
        await run_all(steps, matrix)
        assert await run_all(steps, matrix) == []
        answer = await steps.api.post(f"{MATRICES}/{matrix}/retry")
        assert answer.json()["ended"] == 0
        assert len(await run_all(steps, matrix)) == 3


class TestPlan:
    async def test_counts_calls_of_all_rounds(self, steps: Steps) -> None:
        answer = await steps.api.post(f"{MATRICES}/plan", json={"config": raw()})
        plan = answer.json()
        assert answer.status_code == 200, answer.text
        assert [one["calls"] for one in plan["cells"]] == [12, 12, 12, 0]
        assert (plan["calls"], plan["trials"], plan["questions"], plan["existing"]) == (36, 8, 6, None)
        assert (await steps.get(MATRICES))["total"] == 0

    async def test_tells_what_is_done(self, steps: Steps) -> None:
        matrix = await make(steps)
        await steps.work((await next_of(steps, matrix))["experiment"]["id"])
        plan = (await steps.api.post(f"{MATRICES}/plan", json={"config": raw()})).json()
        assert (plan["existing"], plan["ended"]) == (matrix, 1)


async def test_list_and_delete(steps: Steps) -> None:
    matrix = await make(steps)
    page = await steps.get(MATRICES)
    assert [one["id"] for one in page["items"]] == [matrix]
    assert (page["items"][0]["model"], page["items"][0]["questions"]) == ("mock/hash", 6)
    assert (await steps.api.delete(f"{MATRICES}/{matrix}")).status_code == 204
    assert (await steps.get(MATRICES))["total"] == 0
    problem(await steps.api.get(f"{MATRICES}/{matrix}"), 404)
    assert await make(steps) != matrix


async def test_what_cannot_be_is_refused(steps: Steps) -> None:
    base = {"model": "nobody/nothing", "dataset": {"name": "quiz"}}
    error = problem(await steps.api.post(MATRICES, json={"config": raw(base=base)}), 422)
    assert error["errors"][0]["field"] == "model"
    error = problem(await steps.api.post(MATRICES, json={"config": raw(baseline="x")}), 422)
    assert error["errors"][0]["field"] == "config.baseline"
