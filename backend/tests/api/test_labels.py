"""Tests of people's labels, over HTTP: the queue, storing, and what they say."""

import uuid
from typing import Any

import pytest

from app.services.report.figures.base import IntervalChart
from app.services.report.service import ReportService, Wanted
from tests.api.conftest import EXPERIMENTS, RESULTS, Steps, problem

LABELS = "/api/v1/labels"
HALF = "mock/gold?accuracy=0.5"


@pytest.fixture
async def two(steps: Steps) -> list[str]:
    """Two experiments on the same 20 questions: all right, and half of them."""
    return [await steps.run(name="all right"), await steps.run(name="half right", model=HALF)]


async def queue(steps: Steps, ids: list[str], labeller: str = "ada", **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await steps.get(f"{LABELS}/queue", ids=ids, labeller=labeller, **params)
    return found


async def put(steps: Steps, *labels: dict[str, Any]) -> None:
    response = await steps.api.put(LABELS, json=list(labels))
    assert response.status_code == 204, response.text


def label(run: dict[str, Any], labeller: str = "ada", **fields: Any) -> dict[str, Any]:
    """Return the right label of a queued run."""
    verdict = "right" if run["answer"] == run["gold"][0] else "wrong"
    return {"run_id": run["run_id"], "labeller": labeller, "verdict": verdict, **fields}


class TestQueue:
    async def test_random_order_is_the_same_for_everybody_and_for_each_experiment(
        self, steps: Steps, two: list[str]
    ) -> None:
        both = (await queue(steps, two, limit=100))["waiting"]
        assert len(both) == 40
        questions = [one["question"] for one in both]
        # The answers to one question follow each other, and the questions are not in the file's order.
        assert questions[::2] == questions[1::2]
        assert questions[::2] != sorted(questions[::2], key=lambda text: int(text.split()[3]))
        for one in two:
            alone = (await queue(steps, [one], "bob", limit=100))["waiting"]
            assert [run["question"] for run in alone] == questions[::2]
            assert all(run["reasons"] == [] for run in alone)

    async def test_it_does_not_tell_whose_an_answer_is(self, steps: Steps, two: list[str]) -> None:
        run = (await queue(steps, two))["waiting"][0]
        assert set(run) == {"run_id", "question", "gold", "output", "answer", "reasons"}

    async def test_what_a_person_has_labelled_is_done_for_that_person(
        self, steps: Steps, two: list[str]
    ) -> None:
        before = await queue(steps, two)
        assert (before["total"], before["labelled"]) == (40, 0)
        await put(steps, *[label(one) for one in before["waiting"][:5]])
        after = await queue(steps, two)
        assert (after["total"], after["labelled"]) == (40, 5)
        assert after["waiting"][0] == before["waiting"][5]
        assert (await queue(steps, two, "bob"))["waiting"] == before["waiting"]

    async def test_the_doubtful_are_those_on_which_experiments_differ(
        self, steps: Steps, two: list[str]
    ) -> None:
        found = await queue(steps, two, order="doubtful", limit=100)
        differing = await steps.get(f"{RESULTS}/compare/examples", ids=two, outcome="differ")
        assert found["total"] == 2 * differing["total"] > 0
        assert {one["question"] for one in found["waiting"]} == {
            one["question"] for one in differing["items"]
        }
        assert all("the experiments differ in exact_match" in one["reasons"] for one in found["waiting"])

    async def test_failed_runs_are_not_in_it(self, steps: Steps) -> None:
        failing = await steps.run(model="mock/gold?fail_rate=0.4&fail_kind=refused", max_failed_share=1)
        metrics = await steps.get(f"{RESULTS}/{failing}/metrics")
        assert 0 < metrics["counts"]["ok"] < 20
        assert (await queue(steps, [failing]))["total"] == metrics["counts"]["ok"]

    async def test_unknown(self, steps: Steps, two: list[str]) -> None:
        nobody = "00000000-0000-0000-0000-000000000000"
        problem(await steps.api.get(f"{LABELS}/queue", params={"ids": nobody, "labeller": "ada"}), 404)
        refused = {"ids": two, "labeller": "ada", "score": "beauty"}
        assert "beauty" in problem(await steps.api.get(f"{LABELS}/queue", params=refused), 422)["message"]
        problem(await steps.api.get(f"{LABELS}/queue", params={"ids": two, "labeller": "  "}), 422)


class TestStoring:
    async def test_a_label_is_stored_changed_and_removed(self, steps: Steps, two: list[str]) -> None:
        run = (await queue(steps, two))["waiting"][0]
        await put(steps, label(run, failure="wrong fact", note="see the <b>source</b>"))
        (stored,) = await steps.get(LABELS, ids=two)
        assert (stored["failure"], stored["note"]) == ("wrong fact", "see the <b>source</b>")
        assert stored["experiment_id"] in two
        await put(steps, label(run, verdict="unclear"))
        (stored,) = await steps.get(LABELS, ids=two)
        assert (stored["verdict"], stored["failure"], stored["note"]) == ("unclear", None, "")
        address = f"{LABELS}/{run['run_id']}"
        problem(await steps.api.delete(address, params={"labeller": "bob"}), 404)
        assert (await steps.api.delete(address, params={"labeller": "ada"})).status_code == 204
        assert await steps.get(LABELS, ids=two) == []

    async def test_all_or_none_are_stored(self, steps: Steps, two: list[str]) -> None:
        run = (await queue(steps, two))["waiting"][0]
        unknown = {"run_id": 10**9, "labeller": "ada", "verdict": "right"}
        refused = problem(await steps.api.put(LABELS, json=[label(run), unknown]), 422)
        assert "1 of 2 labels" in refused["message"]
        assert refused["errors"][0]["field"] == "1.run_id"
        assert await steps.get(LABELS, ids=two) == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"verdict": "maybe"},
            {"labeller": " "},
            {"labeller": "x" * 61},
            {"failure": ""},
            {"note": "x" * 2_001},
            {"note": "\0"},
            {"run_id": "1"},
            {"run_id": 0},
            {"stars": 5},
        ],
    )
    async def test_bad_input_is_refused(self, steps: Steps, wrong: dict[str, Any]) -> None:
        sent = {"run_id": 1, "labeller": "ada", "verdict": "right", **wrong}
        problem(await steps.api.put(LABELS, json=[sent]), 422)

    async def test_labels_go_with_their_experiment(self, steps: Steps, two: list[str]) -> None:
        run = (await queue(steps, two[:1]))["waiting"][0]
        await put(steps, label(run))
        response = await steps.api.delete(f"{EXPERIMENTS}/{two[0]}")
        assert response.status_code < 300
        problem(await steps.api.get(LABELS, params={"ids": two[0]}), 404)


class TestSummary:
    async def test_nothing_is_labelled(self, steps: Steps, two: list[str]) -> None:
        found = await steps.get(f"{LABELS}/summary", ids=two)
        assert found["labellers"] == {}
        assert found["people"] is None
        assert found["experiments"][0]["labels_alone"] is None
        assert found["experiments"][0]["scores"][0]["corrected"] is None
        assert found["notes"] == []

    async def test_labels_in_random_order_estimate_the_accuracy_and_the_difference(
        self, steps: Steps, two: list[str]
    ) -> None:
        waiting = (await queue(steps, two, limit=24))["waiting"]
        await put(steps, *[label(one) for one in waiting])
        found = await steps.get(f"{LABELS}/summary", ids=two)
        first, second = found["experiments"]
        assert [first["sampled"], second["sampled"]] == [12, 12]
        assert first["verdicts"] == {"right": 12}
        named = {one["score"]: one for one in second["scores"]}
        half = named["exact_match"]
        assert half["naive"] == pytest.approx(half["corrected"]["value"], abs=0.1)
        assert half["corrected"]["low"] < half["naive"] < half["corrected"]["high"]
        assert half["corrected"]["labelled"] == 12
        assert half["corrected"]["judged"] == 20
        (difference,) = found["differences"]
        assert difference["questions"] == 20
        of_match = next(one for one in difference["scores"] if one["score"] == "exact_match")
        assert of_match["corrected"]["value"] == pytest.approx(half["naive"] - 1, abs=0.15)
        agreement = next(one for one in found["agreements"] if one["score"] == "exact_match")
        assert agreement["only_score"] == agreement["only_people"] == 0
        assert agreement["alpha"]["value"] == 1
        assert any("label 30 or more" in note for note in found["notes"])

    async def test_labels_that_were_chosen_are_no_sample(self, steps: Steps, two: list[str]) -> None:
        waiting = (await queue(steps, two[1:], limit=100))["waiting"]
        await put(steps, *[label(one) for one in (waiting[0], waiting[1], waiting[5], waiting[9])])
        (half,) = (await steps.get(f"{LABELS}/summary", ids=two[1:]))["experiments"]
        assert (half["labelled"], half["sampled"]) == (4, 2)
        found = await steps.get(f"{LABELS}/summary", ids=two[1:])
        assert any("2 of 4 labelled answers are not part of the estimates" in one for one in found["notes"])
        # What was chosen becomes part of the sample once those before it are labelled.
        await put(steps, *[label(one) for one in waiting[2:5]])
        (half,) = (await steps.get(f"{LABELS}/summary", ids=two[1:]))["experiments"]
        assert half["sampled"] == 6

    async def test_people_agree_or_not(self, steps: Steps, two: list[str]) -> None:
        waiting = (await queue(steps, two[1:], limit=10))["waiting"]
        await put(steps, *[label(one) for one in waiting], *[label(one, "bob") for one in waiting])
        found = await steps.get(f"{LABELS}/summary", ids=two[1:])
        assert found["labellers"] == {"ada": 10, "bob": 10}
        assert found["people"]["value"] == 1
        opposite = {"right": "wrong", "wrong": "right"}
        for one in waiting[:4]:
            await put(steps, label(one, "bob", verdict=opposite[label(one)["verdict"]]))
        found = await steps.get(f"{LABELS}/summary", ids=two[1:])
        assert found["people"]["value"] < 0.5
        # One says right and one says wrong: nobody knows.
        assert found["experiments"][0]["verdicts"]["unclear"] == 4

    async def test_labels_are_held_against_the_scoring_that_is_looked_at(self, steps: Steps) -> None:
        ids = [await steps.run(model="mock/fixed?text=thing+7"), await steps.run(seed=2)]
        await put(steps, *[label(one) for one in (await queue(steps, ids, limit=24))["waiting"]])
        # Item 3 has other content by this scoring; the answers that were labelled stay the same.
        await steps.rescore(ids[0], name="fixed", dataset_version=await steps.correct("thing 7"))
        asked: dict[str, Any] = {"ids": ids}
        original = await steps.get(f"{LABELS}/summary", **asked)
        found = await steps.get(f"{LABELS}/summary", **asked, scoring=["fixed", "original"])
        assert [one["sampled"] for one in found["experiments"]] == [12, 12]
        assert [_naive(one["experiments"][0]) for one in (original, found)] == [0.05, 0.1]
        assert found["experiments"][1] == original["experiments"][1]
        # Only the question whose content differs now has no partner.
        assert (original["differences"][0]["questions"], found["differences"][0]["questions"]) == (20, 19)
        problem(await steps.api.get(f"{LABELS}/summary", params={**asked, "scoring": "none"}), 404)
        three = {**asked, "scoring": ["fixed", "original", "original"]}
        problem(await steps.api.get(f"{LABELS}/summary", params=three), 422)

    async def test_a_scoring_pairs_what_was_asked_in_another_version(self, steps: Steps) -> None:
        first = await steps.run(model="mock/fixed?text=thing+7")
        await steps.rescore(first, name="fixed", dataset_version=await steps.correct("thing 7"))
        second = await steps.run()
        found = await steps.get(f"{LABELS}/summary", ids=[first, second], scoring=["fixed", "original"])
        assert found["differences"][0]["questions"] == 20


def _naive(of: dict[str, Any]) -> float:
    named: dict[str, float] = {one["score"]: one["naive"] for one in of["scores"]}
    return named["exact_match"]


async def test_a_report_has_what_people_say(steps: Steps, two: list[str]) -> None:
    hostile = "<img src=x> | `a`"
    waiting = (await queue(steps, two, limit=24))["waiting"]
    of = [label(one) for one in waiting]
    await put(steps, *[one | ({"failure": hostile} if one["verdict"] == "wrong" else {}) for one in of])
    async with steps.runtime.sessions() as session:
        service = ReportService(session, steps.runtime)
        report = await service.report(Wanted([uuid.UUID(one) for one in two]))
    (section,) = [one for one in report.sections if one.title == "People's labels"]
    assert "| half right | 12 of 20 |" in section.markdown
    wrong = sum(one["verdict"] == "wrong" for one in of)
    assert f"| \\<img src=x\\> \\| \\`a\\` | 0 | {wrong} |" in section.markdown
    assert "label 30 or more" in section.markdown
    (figure,) = section.figures
    assert isinstance(figure.chart, IntervalChart)
    assert [row.label for row in figure.chart.rows][-3:] == [
        "half right: labels alone",
        "half right: exact match",
        "half right: corrected",
    ]


async def test_a_report_of_what_nobody_has_labelled(steps: Steps, two: list[str]) -> None:
    async with steps.runtime.sessions() as session:
        service = ReportService(session, steps.runtime)
        report = await service.report(Wanted([uuid.UUID(one) for one in two]))
    assert "People's labels" not in [one.title for one in report.sections]
