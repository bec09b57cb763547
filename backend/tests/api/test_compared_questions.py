"""Tests of questions side by side: the runs of several experiments."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import RESULTS, Steps, problem

EXAMPLES = f"{RESULTS}/compare/examples"
OUTCOMES = ("differ", "same", "both", "only_first", "only_second", "neither")
FAILING = "mock/gold?accuracy=0.5&fail_rate=0.3&fail_kind=refused"


@pytest.fixture
async def three(steps: Steps) -> list[str]:
    """Experiments that differ: all right, half right on fewer questions, half right with failures."""
    return [
        await steps.run(name="first"),
        await steps.run(name="second", model="mock/gold?accuracy=0.5", dataset={"name": "quiz", "n": 12}),
        await steps.run(name="third", model=FAILING, max_failed_share=1),
    ]


async def examples(steps: Steps, ids: list[str], **params: Any) -> list[dict[str, Any]]:
    """Follow the cursors to the end."""
    items: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = await steps.get(EXAMPLES, ids=ids, **params, **more)
        items += page["items"]
        if page["next"] is None:
            assert page["total"] == len(items)
            return items
        more = {"cursor": page["next"]}


def exact(run: dict[str, Any] | None) -> float | str | None:
    if run is None:
        return "missing"
    return None if run["status"] == "failed" else run["scores"]["exact_match"]["value"]


class TestCompareExamples:
    async def test_each_outcome_by_its_meaning(self, steps: Steps, three: list[str]) -> None:
        everything = await examples(steps, three, outcome="all")
        assert [one["question"] for one in everything] == [f"What is item {i} of quiz?" for i in range(20)]
        lines = {one["content_hash"]: [exact(run) for run in one["runs"]] for one in everything}
        meaning: dict[str, Callable[..., bool]] = {
            "differ": lambda *values: len({*values} - {"missing"}) > 1,
            "same": lambda *values: len({*values} - {"missing"}) == 1,
            "both": lambda a, b, _: (a, b) == (1, 1),
            "only_first": lambda a, b, _: (a, b) == (1, 0),
            "only_second": lambda a, b, _: (a, b) == (0, 1),
            "neither": lambda a, b, _: (a, b) == (0, 0),
        }
        for order in ((0, 1, 2), (1, 0, 2)):
            for outcome in OUTCOMES:
                wanted = {
                    key for key, line in lines.items() if meaning[outcome](*(line[place] for place in order))
                }
                found = await examples(steps, [three[place] for place in order], outcome=outcome, limit=3)
                assert {one["content_hash"] for one in found} == wanted, (order, outcome)
        table = await steps.get(f"{RESULTS}/compare", ids=three)
        second = next(d for d in table["differences"] if d["score"] == "exact_match")
        assert len(await examples(steps, three, outcome="only_first")) == second["only_baseline"]

    async def test_runs_in_the_order_of_the_ids(self, steps: Steps, three: list[str]) -> None:
        for one in await examples(steps, three[:2], outcome="all"):
            assert one["runs"][0]["answer"] == one["gold"][0]
            assert all(run["question"] == one["question"] for run in one["runs"] if run)
        counted = await examples(steps, three[:2], outcome="all")
        assert sum(one["runs"][1] is None for one in counted) == 8

    async def test_what_one_lacks_is_no_difference(self, steps: Steps, three: list[str]) -> None:
        """Of two experiments, the first with 20 questions and the second with 12 of them."""
        shared = [
            one for where in ("differ", "same") for one in await examples(steps, three[:2], outcome=where)
        ]
        assert len(shared) == 12
        assert all(run is not None for one in shared for run in one["runs"])

    async def test_what_the_first_lacks_comes_last(self, steps: Steps, three: list[str]) -> None:
        found = await examples(steps, [three[1], three[0]], outcome="all")
        assert [one["runs"][0] is None for one in found] == [False] * 12 + [True] * 8

    async def test_repeats_are_paired(self, steps: Steps) -> None:
        ids = [await steps.run(repeats=2, seed=seed, dataset={"name": "quiz", "n": 20}) for seed in (1, 2)]
        found = await examples(steps, ids, outcome="same")
        assert [one["repeat"] for one in found] == [0, 1] * 20
        assert all(run["repeat"] == one["repeat"] for one in found for run in one["runs"])

    async def test_refused(self, steps: Steps, three: list[str]) -> None:
        pending = await steps.create()
        table: list[tuple[dict[str, Any], int, str]] = [
            ({}, 422, "ids"),
            ({"ids": three[:1]}, 422, "ids"),
            ({"ids": [three[0], three[0]]}, 422, "ids"),
            ({"ids": [three[0], pending]}, 404, ""),
            ({"ids": [three[0], str(uuid.uuid4())]}, 404, ""),
            ({"ids": three, "score": "number_strict"}, 422, "score"),
            ({"ids": three, "outcome": "some"}, 422, "outcome"),
            ({"ids": three, "limit": 0}, 422, "limit"),
            ({"ids": three, "cursor": "nonsense"}, 422, "cursor"),
        ]
        for params, status, where in table:
            error = problem(await steps.api.get(EXAMPLES, params=params), status)
            assert [one["field"] for one in error["errors"]] == ([where] if where else []), params

    async def test_cursor_of_another_list(self, steps: Steps, three: list[str]) -> None:
        cursor = (await steps.get(EXAMPLES, ids=three, outcome="all", limit=1))["next"]
        for params in ({"outcome": "differ"}, {"outcome": "all", "score": "f1"}):
            answer = await steps.api.get(EXAMPLES, params={"ids": three, "cursor": cursor, **params})
            assert problem(answer, 422)["errors"][0]["field"] == "cursor"

    async def test_is_not_taken_for_an_experiment(self, api: httpx.AsyncClient) -> None:
        assert problem(await api.get(EXAMPLES), 422)["errors"][0]["field"] == "ids"
