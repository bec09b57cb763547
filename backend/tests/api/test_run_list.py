"""Tests of lists of runs: search, filters, order, how much of long texts they carry; and of slices."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from app.services.datasets.service import DatasetService
from app.services.evaluation.statistics.intervals import wilson
from app.services.results.slices import slices_of
from app.services.runs.slices_repository import SlicedRun
from tests.api.conftest import RESULTS, Steps, problem

MIXED = "mock/gold?accuracy=0.5&fail_rate=0.3&fail_kind=context_length&jitter_ms=3"
TOPICS = ("music", "art")
LONG = 50_000


async def add(steps: Steps, name: str, rows: list[dict[str, Any]]) -> None:
    async with steps.runtime.sessions() as session:
        await DatasetService(session).add_file(name, "f.jsonl", b"\n".join(map(orjson.dumps, rows)))


@pytest.fixture
async def mixed(steps: Steps) -> str:
    """An experiment with right, wrong and failed runs of questions on two topics; returns its id."""
    rows = [
        {
            "question": f"What is item {i}?",
            "answer": f"thing {i}",
            "topic": TOPICS[i % 2],
            "level": i % 3,
            "note": f"n{i}" * 30,
            "page": i // 1.5,
        }
        for i in range(30)
    ]
    await add(steps, "topics", rows)
    return await steps.run(model=MIXED, max_failed_share=1, dataset={"name": "topics"})


async def listed(steps: Steps, experiment_id: str, **params: Any) -> list[dict[str, Any]]:
    """Return all runs of a list, read two pages at a time as a client would."""
    items: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await steps.get(f"{RESULTS}/{experiment_id}/runs", limit=7, **params, **more)
        items += page["items"]
        if page["next"] is None:
            assert len(items) == page["total"]
            return items
        more = {"cursor": page["next"]}


def value(run: dict[str, Any], score: str) -> float | None:
    found: float | None = run["scores"].get(score, {}).get("value")
    return found


class TestFilters:
    async def test_each_by_its_plain_meaning(self, steps: Steps, mixed: str) -> None:
        runs = await listed(steps, mixed)
        slow = sorted(run["latency_ms"] for run in runs if run["latency_ms"] is not None)[3]

        def tokens(run: dict[str, Any]) -> int:
            return (run["prompt_tokens"] or 0) + (run["completion_tokens"] or 0)

        meaning: list[tuple[dict[str, Any], Any]] = [
            ({"text": "ITEM 27"}, lambda run: "27" in run["question"] + (run["output"] or "")),
            ({"text": "thing"}, lambda _: True),
            ({"text": "100%"}, lambda _: False),
            ({"text": "context"}, lambda run: "context" in (run["failure_message"] or "")),
            ({"failure_kind": "context_length"}, lambda run: run["status"] == "failed"),
            ({"failure_kind": "timeout"}, lambda _: False),
            ({"slice": "topic=music"}, lambda run: int(run["example_key"]) % 2 == 0),
            ({"slice": ["topic=art", "level=2"]}, lambda run: int(run["example_key"]) % 6 == 5),
            ({"slice": "topic=none"}, lambda _: False),
            ({"filter": "correct", "score": "f1"}, lambda run: value(run, "f1") == 1),
            ({"filter": "partial", "score": "f1"}, lambda run: 0 < (value(run, "f1") or 0) < 1),
            ({"filter": "wrong", "score": "f1"}, lambda run: value(run, "f1") == 0),
            ({"score": "f1", "score_from": 0.2}, lambda run: (value(run, "f1") or 0) >= 0.2),
            ({"score_to": 0}, lambda run: value(run, "exact_match") == 0),
            (
                {"latency_to_ms": slow},
                lambda run: run["latency_ms"] is not None and run["latency_ms"] <= slow,
            ),
            (
                {"tokens_from": 1, "filter": "wrong"},
                lambda run: tokens(run) and value(run, "exact_match") == 0,
            ),
        ]
        keys = [run["example_key"] for run in runs]
        assert len(set(keys)) == len(keys) == 30
        for params, holds in meaning:
            found = [run["example_key"] for run in await listed(steps, mixed, **params)]
            assert found == [run["example_key"] for run in runs if holds(run)], params

    @pytest.mark.parametrize(
        "sort", ["score", "-score", "tokens", "-tokens", "cost_usd", "output_length", "-output_length"]
    )
    async def test_sorted_without_loss(self, steps: Steps, mixed: str, sort: str) -> None:
        runs = await listed(steps, mixed, sort=sort, score="f1")
        keys: dict[str, Callable[[dict[str, Any]], float | None]] = {
            "score": lambda run: value(run, "f1"),
            "tokens": lambda run: run["prompt_tokens"] and run["prompt_tokens"] + run["completion_tokens"],
            "cost_usd": lambda run: run["cost_usd"],
            "output_length": lambda run: run["output_length"],
        }
        key = keys[sort.removeprefix("-")]
        known = [number for run in runs if (number := key(run)) is not None]
        assert len({run["id"] for run in runs}) == 30
        assert known == sorted(known, reverse=sort.startswith("-"))
        assert all(key(run) is None for run in runs[len(known) :])

    @pytest.mark.parametrize(
        "params",
        [
            {"failure_kind": "no"},
            {"score_from": "x"},
            {"unknown": "1"},
            {"sort": "answer"},
            {"text": "a " * 30},
        ],
    )
    async def test_refused(self, steps: Steps, mixed: str, params: dict[str, str]) -> None:
        problem(await steps.api.get(f"{RESULTS}/{mixed}/runs", params=params), 422)


class TestLongTexts:
    async def test_lists_carry_beginnings_and_runs_all(self, steps: Steps) -> None:
        answer = "word " * (LONG // 5)
        await add(steps, "long", [{"question": "Long?", "answer": answer}])
        ids = [await steps.run(dataset={"name": "long"}, seed=seed) for seed in (1, 2)]
        path = f"{RESULTS}/{ids[0]}/runs"
        response = await steps.api.get(path)
        assert len(response.content) < 10_000
        (run,) = response.json()["items"]
        assert (len(run["output"]), run["output_length"]) == (1_000, LONG - 1)
        assert len(run["answer"]) == 300 < run["answer_length"]
        whole = await steps.get(f"{path}/{run['id']}")
        assert whole["output"] == whole["gold"][0] == answer.strip()
        assert whole["output_length"] == LONG - 1
        assert all(len(score["reason"]) < 600 for score in whole["scores"].values())
        compared = await steps.api.get(f"{RESULTS}/compare/examples", params={"ids": ids, "outcome": "all"})
        assert len(compared.content) < 20_000

    async def test_reasons_of_earlier_versions(self, steps: Steps) -> None:
        experiment_id = await steps.run(dataset={"name": "quiz", "n": 1})
        async with steps.runtime.engine.begin() as connection:
            await connection.exec_driver_sql(
                "update runs set scores = jsonb_set(scores, '{f1,reason}', to_jsonb(repeat('long ', 9999)))"
            )
        response = await steps.api.get(f"{RESULTS}/{experiment_id}/runs")
        assert len(response.content) < 5_000
        (run,) = response.json()["items"]
        assert run["scores"]["f1"]["value"] == 1
        whole = await steps.get(f"{RESULTS}/{experiment_id}/runs/{run['id']}")
        assert len(whole["scores"]["f1"]["reason"]) == 501


class TestSlices:
    async def test_by_what_groups_the_questions(self, steps: Steps, mixed: str) -> None:
        runs = await listed(steps, mixed)
        found = await steps.get(f"{RESULTS}/{mixed}/slices")
        assert [(one["key"], [of["value"] for of in one["values"]]) for one in found["slices"]] == [
            ("level", ["0", "1", "2"]),
            ("topic", ["art", "music"]),
        ]
        for of in found["slices"][1]["values"]:
            mine = await listed(steps, mixed, slice=f"topic={of['value']}")
            scored = [value(run, "exact_match") for run in mine if run["status"] == "ok"]
            right = wilson(scored.count(1.0), len(scored))
            assert (of["runs"], of["failed"]) == (15, 15 - len(scored))
            assert of["estimate"]["value"] == pytest.approx(right.value)
            assert (of["estimate"]["low"], of["estimate"]["high"]) == pytest.approx((right.low, right.high))
        assert sum(of["runs"] for of in found["slices"][0]["values"]) == len(runs)

    async def test_nothing_to_group_by(self, steps: Steps) -> None:
        experiment_id = await steps.run(dataset={"name": "quiz", "n": 3})
        assert (await steps.get(f"{RESULTS}/{experiment_id}/slices"))["slices"] == []
        problem(await steps.api.get(f"{RESULTS}/{experiment_id}/slices", params={"score": "none"}), 422)

    def test_numbers_stand_in_their_order(self) -> None:
        runs = [SlicedRun("level", of, False, 1.0, of, None) for of in ("10", "9", "b", "a")]
        (slices,) = slices_of(runs, "exact_match", 1)
        assert [one.value for one in slices.values] == ["9", "10", "a", "b"]

    def test_runs_of_one_question_are_one_unit(self) -> None:
        runs = [SlicedRun("topic", "art", False, float(i % 2), f"q{i // 4}", None) for i in range(40)]
        (slices,) = slices_of(runs, "exact_match", 1)
        estimate = slices.values[0].estimate
        assert estimate is not None
        assert estimate.method != "wilson"
