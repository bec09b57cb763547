"""Tests of comparisons stage by stage."""

from typing import Any

import pytest

from app.services.comparisons import stages
from tests.api.conftest import Steps

STAGES = "/api/v1/results/compare/stages"
FAST, SLOW = "mock/gold?latency_ms=1", "mock/gold?latency_ms=150"


async def compared(steps: Steps, *ids: str) -> dict[str, Any]:
    answer = await steps.api.get(STAGES, params={"ids": ids})
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize("many", [10_000, 5])
async def test_differences_have_intervals(steps: Steps, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(stages, "_MANY_RUNS", many)  # above it questions are drawn in blocks
    ids = [await steps.run(model=model, dataset={"name": "quiz"}, cache=False) for model in (FAST, SLOW)]
    found = await compared(steps, *ids)
    names = [one["name"] for one in found["stages"]]
    assert names[:2] == ["own", "wall"]
    assert "call" in names
    assert found["message"] == ""
    by_stage = {one["stage"]: one for one in found["differences"]}
    assert list(by_stage) == names
    for name in ("call", "own", "wall"):
        call = by_stage[name]
        assert (call["n_paired"], call["outcome"]) == (20, "worse")
        assert call["difference_ms"] == pytest.approx(call["this_ms"] - call["baseline_ms"])
        assert 0 < call["simultaneous_low"] <= call["low"] < call["difference_ms"] < call["high"]
    assert by_stage["own"]["this_ms"] <= by_stage["wall"]["this_ms"]
    assert 50 < by_stage["call"]["difference_ms"] < 1_000


async def test_answers_from_the_cache_have_no_part(steps: Steps) -> None:
    first, again = [
        await steps.run(name=name, model=FAST, dataset={"name": "quiz"}) for name in ("one", "two")
    ]
    found = await compared(steps, first, again)
    assert found["differences"] == []
    assert found["message"].startswith("Without stages to compare: two. All answers came from the cache")


async def test_one_experiment_is_none_to_compare(steps: Steps) -> None:
    answer = await steps.api.get(STAGES, params={"ids": ["00000000-0000-0000-0000-000000000000"]})
    assert answer.status_code == 422
