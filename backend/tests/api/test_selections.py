"""Tests of datasets that are made of what a filter selects, over HTTP."""

from itertools import product
from typing import Any, ClassVar

import pytest
from sqlalchemy import text

from app.domain.examples import Example
from app.services.evaluation.metrics.attribution import attribution
from app.services.selections.service import distinct_keys
from tests.api.conftest import DATASETS, RESULTS, Steps, problem

SELECTIONS = f"{DATASETS}/selections"
_VERDICTS = {"r": "right", "w": "wrong", "-": "unclear"}
FAILING = "mock/gold?accuracy=0.5&fail_rate=0.3&fail_kind=refused"


@pytest.fixture
async def half(steps: Steps) -> str:
    """An experiment with right, wrong and failed runs, of 20 questions asked twice."""
    return await steps.run(name="Half", model=FAILING, max_failed_share=1, repeats=2)


async def selected(steps: Steps, name: str, **selection: Any) -> dict[str, Any]:
    response = await steps.api.post(SELECTIONS, json={"name": name, "selection": selection})
    assert response.status_code == 201, response.text
    added: dict[str, Any] = response.json()
    return added


async def questions_of(steps: Steps, name: str) -> list[str]:
    return [one["question"] for one in (await steps.get(f"{DATASETS}/{name}/examples", limit=500))["items"]]


class TestFromRuns:
    @pytest.mark.parametrize("outcome", ["wrong", "failed", "correct"])
    async def test_has_each_question_of_the_filter_once(self, steps: Steps, half: str, outcome: str) -> None:
        runs = (await steps.get(f"{RESULTS}/{half}/runs", filter=outcome, limit=500))["items"]
        wanted = {run["question"] for run in runs}
        filters = {"filter": outcome}
        added = await selected(steps, "some", kind="runs", experiment_id=half, filters=filters)
        everything = await questions_of(steps, "quiz")
        assert await questions_of(steps, "some") == [one for one in everything if one in wanted]
        assert (added["size"], added["created"]) == (len(wanted), True)
        assert 0 < len(wanted) < len(everything)
        whole = await steps.get(f"{DATASETS}/quiz")
        assert (added["scoring"], added["licence"]) == (whole["scoring"], whole["licence"])

    async def test_says_where_it_is_from(self, steps: Steps, half: str) -> None:
        filters = {"filter": "wrong", "text": "item", "score_to": 0.5}
        added = await selected(steps, "mistakes", kind="runs", experiment_id=half, filters=filters)
        source = await steps.get(f"{DATASETS}/quiz")
        assert added["origin"] == {
            "kind": "runs",
            "experiments": [{"id": half, "name": "Half"}],
            "filters": filters,
            "sentence": "exact match is 0, with the words “item”, exact match up to 0.5, in Half",
            "dataset": "quiz",
            "version": source["version"],
        }
        assert added["description"] == f"Of quiz: {added['origin']['sentence']}."
        assert (await steps.get(f"{DATASETS}/mistakes"))["origin"] == added["origin"]
        assert source["origin"] is None

    async def test_the_same_questions_are_stored_once(self, steps: Steps, half: str) -> None:
        wanted = {"kind": "runs", "experiment_id": half, "filters": {"filter": "wrong"}}
        first, second = [await selected(steps, "mistakes", **wanted) for _ in range(2)]
        assert (first["version"], second["created"]) == (second["version"], False)

    async def test_experiments_run_on_it(self, steps: Steps, half: str) -> None:
        added = await selected(
            steps, "mistakes", kind="runs", experiment_id=half, filters={"filter": "wrong"}
        )
        again = await steps.run(dataset={"name": "mistakes"})
        assert (await steps.get(f"{RESULTS}/{again}"))["metrics"]["counts"]["ok"] == added["size"]

    @pytest.mark.parametrize(
        ("name", "filters", "field"),
        [
            ("quiz", {}, "name"),
            ("No Name", {}, "name"),
            ("nothing", {"text": "no such word"}, "selection"),
            ("nothing", {"filter": "other"}, "selection.runs.filters.filter"),
        ],
    )
    async def test_refused(
        self, steps: Steps, half: str, name: str, filters: dict[str, Any], field: str
    ) -> None:
        selection = {"kind": "runs", "experiment_id": half, "filters": filters}
        response = await steps.api.post(SELECTIONS, json={"name": name, "selection": selection})
        assert problem(response, 422)["errors"][0]["field"] == field


class TestAttribution:
    """Where answers from passages went right or wrong, as the metrics count it."""

    CASES: ClassVar = list(
        product((None, 0.0, 1.0), (0.0, 1.0), (0.0, 1.0))
    )  # in the context, exact, contained

    @pytest.fixture
    async def retrieved(self, steps: Steps) -> str:
        """An experiment whose runs have each combination of scores."""
        experiment_id = await steps.run(dataset={"name": "quiz", "n": len(self.CASES)})
        runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs", limit=500))["items"]
        async with steps.runtime.engine.begin() as connection:
            for run, (in_context, exact, contained) in zip(runs, self.CASES, strict=True):
                await connection.execute(
                    text(
                        "update runs set exact_match = :exact, contains = :contained, scores = scores || "
                        "jsonb_build_object('answer_in_context', jsonb_build_object("
                        "'value', cast(:in_context as float8), 'reason', '')) where id = :id"
                    ),
                    {"id": run["id"], "exact": exact, "contained": contained, "in_context": in_context},
                )
        return experiment_id

    @pytest.mark.parametrize("where", ["supported", "unsupported", "misread", "not_retrieved"])
    async def test_filters_runs(self, steps: Steps, retrieved: str, where: str) -> None:
        names = ("answer_in_context", "exact_match", "contains")
        expected = sum(attribution(dict(zip(names, case, strict=True))) == where for case in self.CASES)
        page = await steps.get(f"{RESULTS}/{retrieved}/runs", attribution=where)
        assert page["total"] == expected > 0

    async def test_selects_from_a_comparison(self, steps: Steps, retrieved: str) -> None:
        ids = [await steps.run(seed=2), retrieved]
        wanted = (await steps.get(f"{RESULTS}/{retrieved}/runs", attribution="misread"))["items"]
        added = await selected(steps, "misread", kind="comparison", ids=ids, outcome="misread")
        assert await questions_of(steps, "misread") == [one["question"] for one in wanted]
        assert added["origin"]["sentence"].startswith("retrieved but misread in one of")


class TestLabelled:
    """What people say of answers."""

    @pytest.fixture
    async def labelled(self, steps: Steps) -> tuple[str, dict[str, list[str]]]:
        """An experiment with the keys of its questions by what people say of the answers."""
        experiment_id = await steps.run(name="Read by people")
        runs = (await steps.get(f"{RESULTS}/{experiment_id}/runs"))["items"]
        said = {"right": "rr", "wrong": "ww-", "unclear": "rw"}
        sent = [
            {"run_id": runs[place]["id"], "labeller": f"{number}", "verdict": _VERDICTS[one]}
            for place, word in enumerate(said.values())
            for number, one in enumerate(word)
        ]
        assert (await steps.api.put("/api/v1/labels", json=sent)).status_code == 204
        questions = [run["question"] for run in runs]
        found = {verdict: [questions[place]] for place, verdict in enumerate(said)}
        return experiment_id, {**found, "none": questions[len(said) :]}

    @pytest.mark.parametrize("label", ["right", "wrong", "unclear", "none"])
    async def test_filters_runs(
        self, steps: Steps, labelled: tuple[str, dict[str, list[str]]], label: str
    ) -> None:
        experiment_id, expected = labelled
        page = await steps.get(f"{RESULTS}/{experiment_id}/runs", label=label)
        assert [run["question"] for run in page["items"]] == expected[label]
        assert page["total"] == len(expected[label]) > 0

    async def test_becomes_a_dataset(self, steps: Steps, labelled: tuple[str, dict[str, list[str]]]) -> None:
        experiment_id, expected = labelled
        filters = {"label": ["wrong", "unclear"]}
        added = await selected(steps, "bad", kind="runs", experiment_id=experiment_id, filters=filters)
        assert await questions_of(steps, "bad") == [*expected["wrong"], *expected["unclear"]]
        words = "labelled wrong or labelled, but people cannot tell, in Read by people"
        assert added["origin"]["sentence"] == words
        ids = [await steps.run(name="Other", seed=2), experiment_id]
        added = await selected(steps, "wrong", kind="comparison", ids=ids, outcome="labelled_wrong")
        assert await questions_of(steps, "wrong") == expected["wrong"]
        assert added["origin"]["sentence"] == "labelled wrong in one of Other and Read by people"


class TestFromComparison:
    @pytest.mark.parametrize("outcome", ["only_second", "differ", "failed"])
    async def test_holds_the_questions_of_the_filter(self, steps: Steps, half: str, outcome: str) -> None:
        right = await steps.run(name="Right")
        ids = [half, right]
        page = await steps.get(f"{RESULTS}/compare/examples", ids=ids, outcome=outcome, limit=200)
        expected = dict.fromkeys(one["question"] for one in page["items"])
        added = await selected(steps, "hard", kind="comparison", ids=ids, outcome=outcome)
        assert await questions_of(steps, "hard") == list(expected)
        assert 0 < added["size"] < 20
        assert [one["name"] for one in added["origin"]["experiments"]] == ["Half", "Right"]
        assert added["origin"]["filters"] == {"score": "exact_match", "outcome": outcome}

    async def test_wrong_in_one_right_in_the_other_in_words(self, steps: Steps, half: str) -> None:
        ids = [half, await steps.run(name="Right")]
        added = await selected(steps, "hard", kind="comparison", ids=ids, outcome="only_second")
        assert added["origin"]["sentence"] == "not right in Half, right in Right"

    async def test_without_a_result(self, steps: Steps, half: str) -> None:
        selection = {"kind": "comparison", "ids": [half, await steps.create()]}
        problem(await steps.api.post(SELECTIONS, json={"name": "hard", "selection": selection}), 404)


def test_keys_of_several_datasets_are_told_apart() -> None:
    examples = [Example(key, f"{place}?", ("a",)) for place, key in enumerate(("a", "a", "b", "a", "a (2)"))]
    assert [one.key for one in distinct_keys(examples)] == ["a", "a (2)", "b", "a (3)", "a (2) (2)"]
