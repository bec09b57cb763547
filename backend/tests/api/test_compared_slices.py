"""Tests of comparisons by slices of the questions, over HTTP."""

import uuid
from typing import Any

import orjson
import pytest

from app.services.datasets.service import DatasetService
from app.services.report.figures.base import Multiples
from app.services.report.service import ReportService, Wanted
from tests.api.conftest import RESULTS, Steps, problem

SLICES = f"{RESULTS}/compare/slices"


@pytest.fixture
async def two(steps: Steps) -> list[str]:
    """Two experiments on questions of two topics: one right, one right in half of them."""
    rows = [
        {
            "question": f"What is item {i}{' really' * (i % 5)}?",
            "answer": f"thing {i}",
            "topic": ("art", "music")[i % 2],
            "title": f"title {i}",
            "year": 1900 + i,
            "tags": ["a", "b"],
        }
        for i in range(40)
    ]
    async with steps.runtime.sessions() as session:
        await DatasetService(session).add_file("topics", "f.jsonl", b"\n".join(map(orjson.dumps, rows)))
    dataset = {"name": "topics"}
    return [
        await steps.run(name="Two: right", dataset=dataset),
        await steps.run(name="Two: half", dataset=dataset, model="mock/gold?accuracy=0.5"),
    ]


async def test_by_a_key_of_the_metadata(steps: Steps, two: list[str]) -> None:
    found = await steps.get(SLICES, ids=two, by="topic")
    assert [(one["value"], one["questions"]) for one in found["slices"]] == [("art", 20), ("music", 20)]
    assert (found["by"], found["family"], found["baseline_id"]) == ("topic", 2, two[0])
    assert [one["label"] for one in found["experiments"]] == ["right", "half"]
    whole = await steps.get(f"{RESULTS}/compare", ids=two)
    (exact,) = [one for one in whole["differences"] if one["score"] == "exact_match"]
    (art,), (music,) = (one["differences"] for one in found["slices"])
    assert (art["difference"] + music["difference"]) / 2 == pytest.approx(exact["difference"])
    for one in (art, music):
        assert one["baseline"] == 1
        assert one["adjusted_p"] >= one["p"]
        assert one["low"] <= one["plain_low"] <= one["difference"] <= one["plain_high"] <= one["high"]
        assert one["verdict"] == "worse"
        assert one["message"].startswith("right is better than half by")
    scores = [score["estimate"]["value"] for score in found["slices"][0]["scores"]]
    assert scores == [1, art["this"]]


async def test_the_fields_are_named_with_why_not(steps: Steps, two: list[str]) -> None:
    found = await steps.get(SLICES, ids=two)
    assert found["by"] == "topic"
    fields = {one["name"]: one for one in found["fields"]}
    assert list(fields) == ["tags", "title", "topic", "year", "question_length"]
    assert {name for name, one in fields.items() if one["why_not"]} == {"tags", "title"}
    assert {name for name, one in fields.items() if one["in_quantiles"]} == {"year", "question_length"}


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("year", ["1900 to 1909", "1910 to 1919", "1920 to 1929", "1930 to 1939"]),
        (
            "question_length",
            ["15 to 22 characters", "23 to 30 characters", "36 to 37 characters", "43 to 44 characters"],
        ),
    ],
)
async def test_numbers_are_put_into_quarters(
    steps: Steps, two: list[str], by: str, values: list[str]
) -> None:
    found = await steps.get(SLICES, ids=two, by=by, score="f1")
    assert [one["value"] for one in found["slices"]] == values
    assert sum(one["questions"] for one in found["slices"]) == 40


async def test_a_report_has_a_table_of_each_field(steps: Steps, two: list[str]) -> None:
    ids = [uuid.UUID(one) for one in two]
    async with steps.runtime.sessions() as session:
        service = ReportService(session, steps.runtime)
        report = await service.report(Wanted(ids, by=("topic", "question_length")))
    sections = {one.title: one.markdown for one in report.sections}
    lines = sections["By topic"].splitlines()
    assert lines[0] == "| topic | questions | right | half | difference | p | verdict |"
    assert lines[2].startswith("| art | 20 | 100.0 % [83.9, 100.0] | ")
    assert lines[2].endswith("| worse |")
    assert sections["By question length"].count("characters") == 4
    assert "--by topic --by question_length --out" in sections["Make it again"]
    topic, length = (one for section in report.sections for one in section.figures if "slices" in one.name)
    assert (topic.name, length.name) == ("slices-1", "slices-2")
    assert topic.alt.startswith("Exact match by topic. art: right 100.0 % [83.9, 100.0]; half ")
    assert isinstance(topic.chart, Multiples)
    assert topic.chart.names == ("right", "half")
    assert [row and row.emphasis for row in topic.chart.panels[0].rows] == ["none", "worse"]


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"by": "title"}, "by", "title has 40 values for 40 questions: too many"),
        ({"by": "tags"}, "by", "tags has lists or objects as values"),
        ({"by": "none"}, "by", "no field 'none'"),
        ({"score": "none"}, "score", "no score 'none'"),
    ],
)
async def test_refused(steps: Steps, two: list[str], params: dict[str, Any], field: str, words: str) -> None:
    found = problem(await steps.api.get(SLICES, params={"ids": two, **params}), 422)
    assert words in found["message"]
    assert found["errors"][0]["field"] == field
    if field == "by":
        assert "topic, year, question_length" in found["hint"]
