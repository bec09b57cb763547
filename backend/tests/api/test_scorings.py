"""Stored outputs that are scored again."""

from typing import Any

import orjson
import pytest

from app.services.datasets.service import DatasetService
from tests.api.conftest import DATASETS, EXPERIMENTS, RESULTS, Steps, problem

# Ten of twenty questions have "thing 7" nowhere; one has it.
ALWAYS_7 = "mock/fixed?text=Well.%0Athing+7"


async def test_a_parser_reads_stored_outputs_anew(steps: Steps) -> None:
    experiment_id = await steps.run(model="mock/fixed?text=thing+7%0Abut+who+knows", dataset={"name": "quiz"})
    original = await steps.get(f"{RESULTS}/{experiment_id}")
    made = await steps.rescore(experiment_id, parser="last_line")
    assert (made["name"], made["status"], made["done"], made["total"], made["missing"]) == (
        "parser-last_line",
        "COMPLETED",
        20,
        20,
        0,
    )
    (change,) = [one for one in made["changes"] if one["score"] == "exact_match"]
    assert (change["before"], change["after"], change["raised"], change["lowered"]) == (0.05, 0.0, 0, 1)
    assert await steps.get(f"{RESULTS}/{experiment_id}") == original
    again = await steps.get(f"{RESULTS}/{experiment_id}", scoring="parser-last_line")
    assert again["metrics"]["scores"]["exact_match"]["value"] == 0.0
    assert again["provenance"]["scoring"]["request"] == {"parser": "last_line"}
    rows = [
        orjson.loads(line)
        for line in (
            await steps.api.get(f"{RESULTS}/{experiment_id}/export", params={"scoring": "parser-last_line"})
        ).text.splitlines()
    ]
    assert {row["answer"] for row in rows} == {"but who knows"}
    assert {row["exact_match"] for row in rows} == {0.0}


async def test_a_corrected_answer_is_offered_and_compared(steps: Steps) -> None:
    first = await steps.run(model=ALWAYS_7, dataset={"name": "quiz"})
    version = await steps.correct("thing 7")
    offered = await steps.get(f"{EXPERIMENTS}/{first}/scorings")
    assert offered["newer_dataset"] == {"version": version, "changed": 1}
    made = await steps.rescore(first, name="fixed", dataset_version=version)
    assert made["dataset_version"] == version
    (change,) = [one for one in made["changes"] if one["score"] == "exact_match"]
    assert (change["after"], change["raised"], change["lowered"]) == (0.1, 1, 0)
    # An experiment on the corrected version, against the old one: all questions are paired.
    second = await steps.run(dataset={"name": "quiz"})
    compared = await steps.get(f"{RESULTS}/compare", ids=[first, second], scoring=["fixed", "original"])
    (difference,) = [one for one in compared["differences"] if one["score"] == "exact_match"]
    assert (difference["n_paired"], difference["baseline"], difference["this"]) == (20, 0.1, 1.0)
    assert compared["unpaired"][0]["n_changed"] == 0
    assert [one["scoring"] for one in compared["experiments"]] == ["fixed", "original"]
    assert "Scorings differ: fixed, original." in compared["warnings"]
    sliced = await steps.get(
        f"{RESULTS}/compare/slices", ids=[first, second], scoring=["fixed", "original"], by="question_length"
    )
    assert sum(one["questions"] for one in sliced["slices"]) == 20
    by_original = await steps.get(f"{RESULTS}/compare", ids=[first, second])
    assert by_original["unpaired"][0]["n_changed"] == 1
    page = await steps.get(
        f"{RESULTS}/compare/examples", ids=[first, second], scoring=["fixed", "original"], outcome="both"
    )
    assert page["total"] == 2
    corrected_one = page["items"][0]
    assert corrected_one["gold"] == ["thing 3", "thing 7"]
    assert [run["scores"]["exact_match"]["value"] for run in corrected_one["runs"]] == [1.0, 1.0]


async def test_the_same_scoring_goes_on_and_another_is_refused(steps: Steps) -> None:
    experiment_id = await steps.run(dataset={"name": "quiz"})
    first = await steps.rescore(experiment_id, name="mine", parser="current")
    assert (await steps.rescore(experiment_id, name="mine", parser="current"))["id"] == first["id"]
    path = f"{EXPERIMENTS}/{experiment_id}/scorings"
    other = await steps.api.post(path, json={"name": "mine", "parser": "last_line"})
    assert "scores otherwise" in problem(other, 409)["message"]
    assert (await steps.api.delete(f"{path}/mine")).status_code == 204
    assert "original" in problem(await steps.api.get(f"{path}/mine"), 404)["hint"]


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"scorers": {"nobody": {}}}, "scorers.nobody"),
        ({"scorers": {"reader_model": {}}}, "scorers.reader_model.model"),
        ({"parser": "tea_leaves"}, "parser"),
        ({"name": "original"}, "name"),
        ({"name": "a b"}, "name"),
        ({"faithfulness": {}}, "faithfulness"),
        ({"dataset_version": "nothing"}, "dataset_version"),
    ],
)
async def test_what_cannot_be_is_refused(steps: Steps, request_body: dict[str, Any], field: str) -> None:
    experiment_id = await steps.run(dataset={"name": "quiz", "n": 1})
    response = await steps.api.post(f"{EXPERIMENTS}/{experiment_id}/scorings", json=request_body)
    assert problem(response, 422)["errors"][0]["field"] == field


class TestRunsByAScoring:
    """Lists, maps, slices and single runs show the scoring that is asked for."""

    @pytest.fixture
    async def scored(self, steps: Steps) -> str:
        """An experiment that says "thing 7" in its first line, and "thing 3" in its last."""
        experiment_id = await steps.run(model="mock/fixed?text=thing+7%0Athing+3")
        await steps.rescore(experiment_id, name="last", parser="last_line")
        return experiment_id

    @pytest.mark.parametrize(("scoring", "item"), [("original", 7), ("last", 3)])
    async def test_list_map_and_run(self, steps: Steps, scored: str, scoring: str, item: int) -> None:
        page = await steps.get(f"{RESULTS}/{scored}/runs", filter="correct", scoring=scoring)
        (run,) = page["items"]
        assert (page["total"], run["answer"], run["gold"]) == (1, f"thing {item}", [f"thing {item}"])
        assert run["scores"]["exact_match"]["value"] == 1
        states = await steps.get(f"{RESULTS}/{scored}/map", scoring=scoring)
        assert states["run_ids"][states["states"].index("c")] == run["id"]
        assert states["states"].count("c") == 1
        whole = await steps.get(f"{RESULTS}/{scored}/runs/{run['id']}", scoring=scoring)
        assert (whole["answer"], whole["scores"]) == (run["answer"], run["scores"])
        best = await steps.get(f"{RESULTS}/{scored}/runs", sort="-score", scoring=scoring, limit=1)
        assert best["items"][0]["id"] == run["id"]
        more = await steps.get(
            f"{RESULTS}/{scored}/runs", sort="-score", scoring=scoring, limit=19, cursor=best["next"]
        )
        assert run["id"] not in {one["id"] for one in more["items"]}
        assert len(more["items"]) == 19

    async def test_stored_runs_stay_as_they_are(self, steps: Steps, scored: str) -> None:
        before = await steps.get(f"{RESULTS}/{scored}/runs")
        await steps.get(f"{RESULTS}/{scored}/runs", scoring="last")
        assert await steps.get(f"{RESULTS}/{scored}/runs") == before

    async def test_a_dataset_of_them(self, steps: Steps, scored: str) -> None:
        filters = {"filter": "correct", "scoring": "last"}
        selection = {"kind": "runs", "experiment_id": scored, "filters": filters}
        response = await steps.api.post(
            f"{DATASETS}/selections", json={"name": "right", "selection": selection}
        )
        added = response.json()
        assert added["size"] == 1
        assert added["origin"]["sentence"] == "exact match is 1, in a name by the scoring last"
        (example,) = (await steps.get(f"{DATASETS}/right/examples"))["items"]
        assert example["answers"] == ["thing 3"]

    async def test_slices(self, steps: Steps) -> None:
        lines = [
            {
                "question": f"Item {place}?",
                "answer": f"thing {place}",
                "topic": "even" if place % 2 == 0 else "odd",
            }
            for place in range(8)
        ]
        async with steps.runtime.sessions() as session:
            data = b"\n".join(map(orjson.dumps, lines))
            await DatasetService(session).add_file("topics", "topics.jsonl", data)
        experiment_id = await steps.run(model="mock/fixed?text=thing+7%0Athing+2", dataset={"name": "topics"})
        await steps.rescore(experiment_id, name="last", parser="last_line")
        for scoring, right in (("original", "odd"), ("last", "even")):
            found = await steps.get(f"{RESULTS}/{experiment_id}/slices", scoring=scoring)
            values = {one["value"]: one["estimate"]["value"] for one in found["slices"][0]["values"]}
            assert values == {"even": 0.0, "odd": 0.0} | {right: 0.25}

    @pytest.mark.parametrize("path", ["runs", "map", "slices", "repeats", "history"])
    async def test_of_no_such_scoring(self, steps: Steps, scored: str, path: str) -> None:
        found = await steps.api.get(f"{RESULTS}/{scored}/{path}", params={"scoring": "none"})
        assert "last" in problem(found, 404)["hint"]
