"""Tests of what repeats say of an experiment."""

from typing import Any

import pytest

from app.domain.scoring import scoring_rule
from app.services.evaluation.scorers.registry import SCORERS
from app.services.results.repeats import repeats_of
from app.services.runs.repeats_repository import RepeatedRun
from tests.api.conftest import RESULTS, Steps, problem

RULE = scoring_rule("triviaqa")


def run(key: str, answer: str | None, score: float | None, *, failed: bool = False) -> RepeatedRun:
    return RepeatedRun(key, f"What is {key}?", f"hash {key}", None, failed, answer, score)


class TestOf:
    def test_answers_are_compared_after_normalisation(self) -> None:
        runs = [
            *(run("one", text, 1.0) for text in ("The Thames", "thames.", "Thames")),
            *(run("two", text, score) for text, score in (("Rhine", 1.0), ("Elbe", 0.0), ("Elbe", 0.0))),
            *(run("three", text, 0.0) for text in ("Oder", None, "Don")),
            run("four", "Po", 1.0),
            run("four", None, None, failed=True),
        ]
        found = repeats_of(runs, "exact_match", RULE, 3, 0)
        assert (found.questions, found.failed) == (3, 1)
        assert found.answers is not None
        assert found.answers.value == pytest.approx(2 / 3)
        assert found.scores is not None
        assert found.scores.value == pytest.approx(1 / 3)
        assert [one.key for one in found.flickering] == ["three", "two"]
        assert [(one.answer, one.count) for one in found.flickering[1].answers] == [("Elbe", 2), ("Rhine", 1)]
        assert [one.k for one in found.passes] == [1, 2, 3]
        assert found.passes[-1].questions == 3
        assert found.passes[-1].any_right.value == pytest.approx(2 / 3)
        assert found.passes[-1].all_right.value == pytest.approx(1 / 3)

    def test_a_graded_score_has_no_right_and_wrong(self) -> None:
        found = repeats_of([run("one", "a", 0.4), run("one", "b", 0.6)], "f1", RULE, 2, 0)
        assert SCORERS.describe("f1").kind != "binary"
        assert (found.passes, found.variance) == ([], None)

    @pytest.mark.parametrize("runs", [[], [run("one", None, None, failed=True)], [run("one", "a", 1.0)]])
    def test_nothing_to_say(self, runs: list[RepeatedRun]) -> None:
        found = repeats_of(runs, "exact_match", RULE, 1, 0)
        assert (found.questions, found.answers, found.variance, found.passes) == (0, None, None, [])
        assert "answered once" in found.message[0]


async def test_of_an_experiment(steps: Steps) -> None:
    experiment_id = await steps.run(model="mock/gold?accuracy=0.6", dataset={"name": "quiz"}, repeats=4)
    found: dict[str, Any] = await steps.get(f"{RESULTS}/{experiment_id}/repeats")
    assert (found["repeats"], found["questions"], found["failed"]) == (4, 20, 0)
    first, *_, last = found["passes"]
    metrics = (await steps.get(f"{RESULTS}/{experiment_id}"))["metrics"]
    assert first["any_right"]["value"] == pytest.approx(metrics["scores"]["exact_match"]["value"])
    assert last["all_right"]["value"] < first["any_right"]["value"] < last["any_right"]["value"]
    assert 0 <= found["variance"]["between"]["low"] < found["variance"]["between"]["high"] <= 1
    assert found["answers"]["value"] > 0.5
    assert found["flickering"][0]["disagreement"] >= found["flickering"][-1]["disagreement"] > 0
    assert any("pass@4" in line for line in found["message"])


async def test_an_unknown_score_is_refused(steps: Steps) -> None:
    experiment_id = await steps.run(dataset={"name": "quiz", "n": 2})
    answer = await steps.api.get(f"{RESULTS}/{experiment_id}/repeats", params={"score": "beauty"})
    assert "beauty" in problem(answer, 422)["message"]
