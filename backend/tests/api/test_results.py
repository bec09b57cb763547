"""Tests of the routes of results and runs."""

import uuid
from collections import Counter
from typing import Any

import httpx
import pytest

from app.services.comparisons.report import labels
from app.services.datasets.service import DatasetService
from tests.api.conftest import RESULTS, Steps, problem
from tests.factories import questions_jsonl

FILTERS = ("all", "correct", "wrong", "failed", "cached", "unscored")
SORTS = ("order", "-order", "latency_ms", "-latency_ms", "f1", "-f1")
MIXED: dict[str, Any] = {
    "model": "mock/gold?accuracy=0.5&fail_rate=0.3&fail_kind=context_length&jitter_ms=3",
    "max_failed_share": 1,
}


@pytest.fixture
async def mixed(steps: Steps) -> str:
    """An experiment with right, wrong, failed and cached runs; returns its id."""
    await steps.run(**MIXED, dataset={"name": "quiz", "n": 8})
    return await steps.run(**MIXED, repeats=2)


async def all_runs(steps: Steps, experiment_id: str, limit: int, **params: Any) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    items: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await steps.get(f"{RESULTS}/{experiment_id}/runs", limit=limit, **params, **more)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            assert page["total"] == len(items)
            return items
        assert len(page["items"]) == limit
        more = {"cursor": page["next"]}


class TestResult:
    async def test_complete(self, steps: Steps, mixed: str) -> None:
        result = await steps.get(f"{RESULTS}/{mixed}")
        counts = result["metrics"]["counts"]
        assert (result["experiment_id"], result["status"]) == (mixed, "COMPLETED")
        assert counts["planned"] == counts["stored"] == 40
        assert counts["ok"] + counts["failed"] == 40
        assert counts["failures"] == {"context_length": counts["failed"]}
        assert counts["cached"] > 0
        assert result["config"]["repeats"] == 2
        assert result["provenance"]["dataset"]["name"] == "quiz"
        assert await steps.get(f"{RESULTS}/{mixed}/metrics") == result["metrics"]

    async def test_stored_before_there_were_agents(self, steps: Steps, mixed: str) -> None:
        later = ("attribution", "hallucination_rate", "agent")
        async with steps.runtime.engine.begin() as connection:
            await connection.exec_driver_sql(f"update results set metrics = metrics - array{list(later)}")
        metrics = await steps.get(f"{RESULTS}/{mixed}/metrics")
        assert [metrics[name] for name in later] == [None, None, None]
        assert (await steps.get(f"{RESULTS}/{mixed}"))["metrics"] == metrics
        compared = await steps.get(f"{RESULTS}/compare", ids=[mixed, await steps.run()])
        assert compared["experiments"][0]["metrics"] == metrics

    async def test_agrees_with_the_runs(self, steps: Steps, mixed: str) -> None:
        metrics = await steps.get(f"{RESULTS}/{mixed}/metrics")
        runs = await all_runs(steps, mixed, 500)
        answered = [run for run in runs if run["status"] == "ok"]
        exact = [run["scores"]["exact_match"]["value"] for run in answered]
        assert metrics["counts"]["ok"] == len(answered)
        assert metrics["counts"]["cached"] == sum(run["cached"] for run in runs)
        assert metrics["scores"]["exact_match"]["value"] == pytest.approx(sum(exact) / len(exact))
        uncached = [run["latency_ms"] for run in answered if not run["cached"]]
        assert metrics["latency_ms"]["n"] == len(uncached)
        assert metrics["latency_ms"]["max"] == pytest.approx(max(uncached))

    @pytest.mark.parametrize("path", ["", "/metrics"])
    async def test_not_ended(self, steps: Steps, path: str) -> None:
        experiment_id = await steps.create()
        error = problem(await steps.api.get(f"{RESULTS}/{experiment_id}{path}"), 404)
        assert "PENDING" in error["message"]

    @pytest.mark.parametrize("path", ["", "/metrics", "/runs", "/runs/1", "/export"])
    async def test_not_there(self, api: httpx.AsyncClient, path: str) -> None:
        problem(await api.get(f"{RESULTS}/{uuid.uuid4()}{path}"), 404)


class TestRuns:
    async def test_pages_lose_and_double_nothing(self, steps: Steps, mixed: str) -> None:
        whole = {run["id"]: run for run in await all_runs(steps, mixed, 500)}
        assert len(whole) == 40
        seen = Counter[str]()
        for where in FILTERS:
            expected = {run_id for run_id, run in whole.items() if passes(run, where)}
            for sort in SORTS:
                for limit in (7, 40) if where != "all" else (1, 40):
                    runs = await all_runs(steps, mixed, limit, filter=where, sort=sort)
                    ids = [run["id"] for run in runs]
                    assert len(ids) == len(set(ids)), (where, sort, limit)
                    assert set(ids) == expected, (where, sort, limit)
                    assert is_sorted(runs, sort), (where, sort, limit)
            seen[where] = len(expected)
        assert all(seen[where] for where in FILTERS if where != "unscored")
        assert seen["correct"] + seen["wrong"] + seen["failed"] + seen["unscored"] == seen["all"]

    async def test_none_yet(self, steps: Steps) -> None:
        page = await steps.get(f"{RESULTS}/{await steps.create()}/runs")
        assert page == {"items": [], "total": 0, "next": None}

    async def test_cursor_of_another_list(self, steps: Steps, mixed: str) -> None:
        other = await steps.run(dataset={"name": "quiz", "n": 3})
        path = f"{RESULTS}/{mixed}/runs"
        cursor = (await steps.get(path, limit=1, sort="f1"))["next"]
        foreign = [
            (path, {"sort": "-f1"}),
            (path, {"sort": "latency_ms"}),
            (path, {"sort": "f1", "filter": "correct"}),
            (f"{RESULTS}/{other}/runs", {"sort": "f1"}),
        ]
        for target, params in foreign:
            error = problem(await steps.api.get(target, params={**params, "cursor": cursor}), 422)
            assert error["errors"][0]["field"] == "cursor"
            assert "next" in error["hint"]

    async def test_lists_carry_no_calls(self, steps: Steps, mixed: str) -> None:
        run = (await steps.get(f"{RESULTS}/{mixed}/runs", limit=1))["items"][0]
        assert "calls" not in run
        assert {"question", "gold", "output", "answer", "scores"} <= run.keys()


def passes(run: dict[str, Any], where: str) -> bool:
    """Return whether a run belongs to a filter, by the filter's plain meaning."""
    ok = run["status"] == "ok"
    exact = run["scores"].get("exact_match", {}).get("value")
    meaning: dict[str, bool] = {
        "all": True,
        "correct": exact == 1.0,
        "wrong": ok and exact is not None and exact < 1.0,
        "failed": not ok,
        "cached": run["cached"],
        "unscored": ok and exact is None,
    }
    return meaning[where]


def is_sorted(runs: list[dict[str, Any]], sort: str) -> bool:
    """Return whether runs are in order: by the key, then by id; those without a value at the end."""
    key = sort.removeprefix("-")
    sign = -1 if sort.startswith("-") else 1

    def rank(run: dict[str, Any]) -> tuple[bool, float, int]:
        value = {
            "order": 0,
            "latency_ms": run["latency_ms"],
            "f1": run["scores"].get("f1", {}).get("value"),
        }[key]
        return value is None, sign * (value or 0), sign * run["id"]

    return runs == sorted(runs, key=rank)


class TestRun:
    async def test_answered(self, steps: Steps) -> None:
        experiment_id = await steps.run(dataset={"name": "quiz", "n": 1})
        listed = (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["items"][0]
        run = await steps.get(f"{RESULTS}/{experiment_id}/runs/{listed['id']}")
        assert listed.items() <= run.items()
        call = run["calls"][0]
        assert run["question"] in call["messages"][0]["content"]
        assert call["text"] == run["output"] == run["gold"][0]
        assert call["params"]["max_tokens"] == 64
        assert run["prompt_tokens"] == call["prompt_tokens"] > 0

    async def test_failed(self, steps: Steps) -> None:
        model = "mock/gold?fail_rate=1&fail_kind=refused"
        experiment_id = await steps.run(model=model, max_failed_share=1, dataset={"name": "quiz", "n": 1})
        listed = (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["items"][0]
        run = await steps.get(f"{RESULTS}/{experiment_id}/runs/{listed['id']}")
        assert (run["status"], run["failure_kind"], run["output"]) == ("failed", "refused", None)
        assert run["calls"][0]["error"]["kind"] == "refused"

    async def test_of_another_experiment(self, steps: Steps) -> None:
        first, second = [await steps.run(dataset={"name": "quiz", "n": 1}, seed=seed) for seed in (1, 2)]
        run_id = (await steps.get(f"{RESULTS}/{first}/runs"))["items"][0]["id"]
        problem(await steps.api.get(f"{RESULTS}/{second}/runs/{run_id}"), 404)


class TestCompare:
    async def test_paired_on_the_same_questions(self, steps: Steps) -> None:
        best = await steps.run(name="best")
        half = await steps.run(name="half", model="mock/gold?accuracy=0.5", dataset={"name": "quiz", "n": 12})
        compared = await steps.get(f"{RESULTS}/compare", ids=[best, half])
        assert compared["baseline_id"] == best
        assert [experiment["name"] for experiment in compared["experiments"]] == ["best", "half"]
        assert compared["warnings"] == []
        exact = next(d for d in compared["differences"] if d["score"] == "exact_match")
        right = round(compared["experiments"][1]["metrics"]["scores"]["exact_match"]["value"] * 12)
        assert exact["experiment_id"] == half
        assert exact["n_paired"] == 12
        assert (exact["both"], exact["only_baseline"]) == (right, 12 - right)
        assert (exact["only_this"], exact["neither"]) == (0, 0)
        assert exact["difference"] == pytest.approx((right - 12) / 12)
        assert (exact["baseline"], exact["this"]) == pytest.approx((1, right / 12))
        statistics = exact["statistics"]
        assert statistics["test"] == "mcnemar"
        assert statistics["low"] <= exact["difference"] <= statistics["high"]
        assert statistics["adjusted_p"] == statistics["p"]
        assert statistics["outcome"] in ("worse", "not_distinguishable")
        assert "best" in statistics["verdict"]
        assert {amount["quantity"] for amount in compared["amounts"]} >= {"latency_ms", "tokens"}
        assert compared["unpaired"][0]["n_only_baseline"] == 8
        assert best in compared["tied_for_best"]["exact_match"]

    async def test_warns_of_what_differs(self, steps: Steps) -> None:
        async with steps.runtime.sessions() as session:
            await DatasetService(session).add_file("quiz", "q.jsonl", questions_jsonl(25))
            await DatasetService(session).add_file("other", "o.jsonl", questions_jsonl(3, "other"))
        old = (await steps.get("/api/v1/datasets"))[-1]["version"]
        baseline = await steps.run(dataset={"name": "quiz", "version": old, "n": 3})
        newer = await steps.run(dataset={"name": "quiz", "n": 3}, seed=5)
        other = await steps.run(dataset={"name": "other"})
        warnings = (await steps.get(f"{RESULTS}/compare", ids=[baseline, newer]))["warnings"]
        assert [warning.split(" differ")[0] for warning in warnings] == ["Versions of quiz", "Seeds"]
        compared = await steps.get(f"{RESULTS}/compare", ids=[baseline, other])
        assert compared["warnings"][0].startswith("Datasets differ")
        assert all(difference["n_paired"] == 0 for difference in compared["differences"])

    @pytest.mark.parametrize(
        ("names", "short"),
        [
            (["Two: a", "Two: b"], ["a", "b"]),
            (["Two: a: x", "Two: a: y", "Two: b"], ["a: x", "a: y", "b"]),
            (["alpha", "alphabet"], ["alpha", "alphabet"]),
            (["same: ", "same: b"], ["same: ", "same: b"]),
        ],
    )
    def test_labels(self, names: list[str], short: list[str]) -> None:
        assert labels(names) == short

    async def test_another_baseline(self, steps: Steps) -> None:
        best, half = await steps.run(), await steps.run(model="mock/gold?accuracy=0.5")
        ids, path = [best, half], f"{RESULTS}/compare"
        forward = await steps.get(path, ids=ids)
        back = await steps.get(path, ids=ids, baseline=half)
        assert (back["baseline_id"], back["experiments"][1]["experiment_id"]) == (half, best)
        assert back["differences"][0]["difference"] == pytest.approx(-forward["differences"][0]["difference"])
        assert back["differences"][0]["statistics"]["p"] == forward["differences"][0]["statistics"]["p"]
        error = problem(await steps.api.get(path, params={"ids": ids, "baseline": str(uuid.uuid4())}), 422)
        assert error["errors"][0]["field"] == "baseline"

    async def test_an_edited_gold_answer_is_flagged_by_name(self, steps: Steps) -> None:
        lines = questions_jsonl(20).decode().splitlines()
        edited = "\n".join([*lines[:4], lines[4].replace("thing 4", "thing four"), *lines[5:]])
        before = await steps.run()
        async with steps.runtime.sessions() as session:
            await DatasetService(session).add_file("quiz", "q.jsonl", edited.encode())
        compared = await steps.get(f"{RESULTS}/compare", ids=[before, await steps.run()])
        unpaired = compared["unpaired"][0]
        assert (unpaired["n_changed"], len(unpaired["changed"])) == (1, 1)
        assert (unpaired["n_only_this"], unpaired["n_only_baseline"]) == (0, 0)
        assert compared["differences"][0]["n_paired"] == 19
        assert compared["warnings"][0].startswith("Versions of quiz differ")

    async def test_refused(self, steps: Steps) -> None:
        done, pending = await steps.run(), await steps.create()
        table: list[tuple[list[str], int]] = [
            ([], 422),
            ([done], 422),
            ([done, done], 422),
            ([done, "no-uuid"], 422),
            ([str(uuid.uuid4()) for _ in range(13)], 422),
            ([done, str(uuid.uuid4())], 404),
            ([done, pending], 404),
        ]
        for ids, status in table:
            error = problem(await steps.api.get(f"{RESULTS}/compare", params={"ids": ids}), status)
            if status == 422:
                assert error["errors"][0]["field"].startswith("ids")
