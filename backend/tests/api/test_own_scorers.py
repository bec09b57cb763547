"""Scorers of one's own, from a folder to what the API says of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.services.evaluation.scorers.registry import SCORERS
from tests.api.conftest import EXPERIMENTS, Steps, body, problem
from tests.services.evaluation.scorers.test_own import GOOD, written


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with a good scorer and one that is wrong, whatever the settings of the shared API say."""
    written(tmp_path, few=GOOD, bad="NAME = 'bad'")
    load = SCORERS.load_own
    monkeypatch.setattr(SCORERS, "load_own", lambda _: load(tmp_path))
    yield
    load(None)


async def test_is_used_where_it_is_named(steps: Steps) -> None:
    described = {score["name"]: score for score in await steps.get("/api/v1/scores")}
    assert described["few_words"]["help"] == "The answer has at most three words."
    experiment_id = await steps.run(scorers={"few_words": {}})
    result = await steps.get(f"/api/v1/results/{experiment_id}")
    figure = next(one for one in result["metrics"]["figures"] if one["name"] == "few_words")
    assert (figure["label"], figure["group"], figure["value"]) == ("Few words", "own", 1.0)
    assert result["provenance"]["scorers"]["few_words"] == 2
    other = await steps.run(scorers={"few_words": {}}, model="mock/fixed?text=one+two+three+four")
    compared = await steps.get("/api/v1/results/compare", ids=[experiment_id, other])
    (difference,) = [one for one in compared["differences"] if one["score"] == "few_words"]
    assert difference["difference"] == -1.0
    assert (
        "few_words" not in (await steps.get(f"/api/v1/results/{await steps.run()}"))["provenance"]["scorers"]
    )


async def test_one_that_cannot_be_loaded_says_why(steps: Steps) -> None:
    response = await steps.api.post(EXPERIMENTS, json=body(scorers={"bad": {}}))
    error = problem(response, 422)
    assert error["errors"][0]["field"] == "scorers.bad"
    assert "bad.py gives none: It needs a VERSION" in error["hint"]


class TestAChangedFile:
    """The function of a scorer has changed, and its VERSION has not."""

    @pytest.fixture
    def change(self, tmp_path: Path) -> Callable[[], None]:
        def change() -> None:
            written(tmp_path, few=GOOD.replace("words <= 3", "words <= 30"))

        return change

    async def test_comparisons_warn(self, steps: Steps, change: Callable[[], None]) -> None:
        before = await steps.run(scorers={"few_words": {}})
        unchanged = await steps.run(scorers={"few_words": {}}, seed=2)
        kept = (await steps.get(f"/api/v1/results/{before}"))["provenance"]["own_scorers"]
        assert list(kept) == ["few_words"]
        change()
        after = await steps.run(scorers={"few_words": {}}, seed=3)
        said = [
            " ".join((await steps.get("/api/v1/results/compare", ids=[before, one]))["warnings"])
            for one in (unchanged, after)
        ]
        assert "few_words" not in said[0]
        assert "The file of the scorer few_words has changed between these experiments" in said[1]
        assert "own_scorers" not in (await steps.get(f"/api/v1/results/{await steps.run()}"))["provenance"]

    async def test_an_experiment_does_not_go_on_with_it(
        self, steps: Steps, change: Callable[[], None]
    ) -> None:
        created = await steps.create(scorers={"few_words": {}})
        change()
        await steps.start(created)
        assert await steps.work(created) == "FAILED"
        reason = (await steps.get(f"{EXPERIMENTS}/{created}"))["reason"]
        assert "The file of the scorer few_words is not what it was" in reason
