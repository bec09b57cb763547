"""Tests of comparisons by what repeats say, over HTTP and in reports."""

import uuid
from typing import Any

import pytest

from app.services.report.service import ReportService, Wanted
from tests.api.conftest import RESULTS, Steps, problem

HALF = "mock/gold?accuracy=0.5"


@pytest.fixture
async def repeated(steps: Steps) -> list[str]:
    """Two experiments on 20 questions asked three times: half of the answers right, and all."""
    half = await steps.run(name="Ways: half", model=HALF, repeats=3)
    return [half, await steps.run(name="Ways: all <b>", repeats=3)]


async def test_differences_of_pass_at_k_and_pass_to_the_k(steps: Steps, repeated: list[str]) -> None:
    found = await steps.get(f"{RESULTS}/compare/repeats", ids=repeated)
    alone = (await steps.get(f"{RESULTS}/{repeated[0]}/repeats"))["passes"]
    assert [(one["measure"], one["k"]) for one in found["differences"]] == [
        ("any", 2),
        ("all", 2),
        ("any", 3),
        ("all", 3),
    ]
    assert [one["label"] for one in found["experiments"]] == ["half", "all <b>"]
    by_k = {one["k"]: one for one in alone}
    for one in found["differences"]:
        name = "any_right" if one["measure"] == "any" else "all_right"
        assert one["baseline"] == pytest.approx(by_k[one["k"]][name]["value"])
        assert one["this"] == 1
        assert one["difference"] == pytest.approx(1 - one["baseline"])
        assert (one["low"] > 0) == (one["outcome"] == "better") == (one["adjusted_p"] < 0.05)
        assert one["questions"] == 20
    assert found["family"] == 4
    assert found["differences"][1]["message"].startswith("pass^2: all <b> is better than half by ")
    other = await steps.get(f"{RESULTS}/compare/repeats", ids=repeated, baseline=repeated[1])
    assert other["differences"][3]["difference"] == -found["differences"][3]["difference"]


async def test_by_a_scoring(steps: Steps, repeated: list[str]) -> None:
    for one in repeated:
        await steps.rescore(one, name="whole", parser="whole_output")
    found = await steps.get(f"{RESULTS}/compare/repeats", ids=repeated, scoring="whole")
    assert len(found["differences"]) == 4
    none = {"ids": repeated, "scoring": "none"}
    problem(await steps.api.get(f"{RESULTS}/compare/repeats", params=none), 404)


async def test_without_repeats(steps: Steps, repeated: list[str]) -> None:
    found = await steps.get(f"{RESULTS}/compare/repeats", ids=[repeated[0], await steps.run()])
    assert (found["differences"], found["family"]) == ([], 0)
    assert "set `repeats`" in found["note"]


@pytest.mark.parametrize("score", ["f1", "beauty"])
async def test_scores_that_are_not_right_or_wrong(steps: Steps, repeated: list[str], score: str) -> None:
    params: dict[str, Any] = {"ids": repeated, "score": score}
    refused = problem(await steps.api.get(f"{RESULTS}/compare/repeats", params=params), 422)
    assert refused["errors"][0]["field"] == "score"


async def test_a_report_has_them(steps: Steps, repeated: list[str]) -> None:
    async with steps.runtime.sessions() as session:
        service = ReportService(session, steps.runtime)
        report = await service.report(Wanted([uuid.UUID(one) for one in repeated]))
    (section,) = [one for one in report.sections if one.title == "Repeats"]
    assert "| all \\<b\\> | pass^3 | 20 |" in section.markdown
    (figure,) = section.figures
    assert figure.name == "repeats-exact_match"
    assert "all <b>: pass@2" in figure.alt
