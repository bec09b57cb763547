"""Tests of a comparison from Python: its verdict in words, as HTML and as a frame."""

import html
import re

import pytest

from llmforge import Comparison, Lab, LabError
from tests.llmforge.conftest import COMPARISON, InLab
from tests.llmforge.test_experiment import HOSTILE


def compared(lab: Lab, score: str = "exact_match") -> Comparison:
    started = lab.run_comparison(COMPARISON)
    return lab.compare(*(one.follow() for one in started), score=score)


@pytest.fixture
async def found(in_lab: InLab[Comparison], dataset: str, working: None) -> Comparison:
    return await in_lab(compared)


def test_the_verdict_in_words_and_as_html(found: Comparison) -> None:
    assert "all is better than half" in found.verdict[0]
    assert any('family="page"' in line for line in found.verdict)
    head, first, second, *lines = repr(found).splitlines()
    assert head.split()[:3] == ["experiment", "exact", "match"]
    assert first.startswith("half")
    assert "baseline" in first
    assert second.startswith("all")
    assert "100.0 %" in second
    assert lines == found.verdict
    text = html.unescape(re.sub(r"<[^>]+>", " ", found._repr_html_()))
    for line in [*found.verdict, "100.0 %", "baseline"]:
        assert line in text


def test_hostile_texts_are_shown(found: Comparison) -> None:
    labels = [one.model_copy(update={"label": HOSTILE}) for one in found.out.experiments]
    out = found.out.model_copy(update={"experiments": labels, "warnings": [HOSTILE]})
    hostile = Comparison(out, "exact_match")
    for text in (hostile._repr_html_(), repr(hostile)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert text.count("␛") == 3
    assert hostile._repr_html_().count("&lt;script&gt;") == 3
    assert "<script>" not in hostile._repr_html_()


def test_other_scores_and_frames(found: Comparison) -> None:
    assert [one.score for one in found.by("f1").differences] == ["f1"]
    assert repr(found.by("f1")).split()[1] == "f1"
    with pytest.raises(LabError, match="They share: contains, exact_match, f1"):
        found.by("none")
    pandas, polars = found.frame(), found.frame("polars")
    scores = [one.score for one in found.out.differences]
    assert list(pandas["score"]) == polars["score"].to_list() == scores
    row = polars.to_dicts()[scores.index("exact_match")]
    assert (row["experiment"], row["outcome"]) == ("all", "better")
    assert row["low"] < row["difference"] < row["high"] <= 1
    assert row["mean"] - row["baseline_mean"] == pytest.approx(row["difference"])
