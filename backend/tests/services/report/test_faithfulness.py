"""Tests of the figure of faithfulness: it shows how often the judge is right, and what follows."""

from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import Unavailable
from app.schemas.comparison import ComparisonOut
from app.services.datasets.labelled import read_labelled
from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.measured import KEPT_NAME, MeasuredJudge, keep, read_measured
from app.services.evaluation.judges.validation import Labelled, summarise
from app.services.report.figures.base import IntervalChart, Panels
from app.services.report.figures.draw import draw_all
from app.services.report.figures.faithfulness import faithfulness
from app.services.report.judges import SHIPPED, UsedJudge, used_judges
from tools.findings import DATA, comparison_of

LABELS = [Labelled(Claim(f"q{number}", "same", ("same",)), number % 2 == 0) for number in range(20)]


def measured(*, right: bool) -> MeasuredJudge:
    values = [float(one.faithful == right) for one in LABELS]
    return MeasuredJudge("nli", "small", "labels.jsonl", tuple(values), summarise(LABELS, values))


@pytest.fixture
def comparison() -> ComparisonOut:
    """A comparison whose experiments were judged."""
    found = comparison_of("example").model_copy(deep=True)
    for one in found.experiments:
        one.metrics.scores["faithfulness"] = one.metrics.scores["exact_match"]
    return found


@pytest.mark.parametrize(
    ("right", "words"), [(True, "The judge beats word overlap."), (False, "no claim may rest on it")]
)
def test_the_error_of_the_judge_is_a_panel_and_in_the_caption(
    comparison: ComparisonOut, right: bool, words: str
) -> None:
    figure = faithfulness(comparison, "Setting.", [UsedJudge("nli", "small", measured(right=right))])
    assert figure is not None
    assert isinstance(figure.chart, Panels)
    said, itself = figure.chart.charts
    assert len(said.rows) == len(comparison.experiments)
    assert [row.label for row in itself.rows] == [
        "small, right",
        "word overlap, right",
        "small, unfaithful found",
        "small, faithful found",
    ]
    assert itself.rows[0].value == (100 if right else 0)
    assert itself.rows[1].value == 50
    assert "n = 20" in itself.rows[0].text
    assert words in figure.caption
    assert len(draw_all([figure]).files) == 4


def test_a_judge_that_was_not_measured(comparison: ComparisonOut) -> None:
    figure = faithfulness(comparison, "Setting.", [UsedJudge("nli", "small", None)])
    assert figure is not None
    assert isinstance(figure.chart, IntervalChart)
    assert "was not measured: no claim may rest on it" in figure.caption


def test_nothing_was_judged() -> None:
    assert faithfulness(comparison_of("example"), "Setting.", []) is None


def test_judges_are_those_of_the_configurations(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    keep(measured(right=True), tmp_path / KEPT_NAME)
    config = {"faithfulness": {"judge": "nli", "model": "/models/small"}}
    other = {"faithfulness": {"judge": "llm", "model": "mock/hash"}}
    assert used_judges([config, {"faithfulness": None}, config, other], settings) == [
        UsedJudge("nli", "small", measured(right=True)),
        UsedJudge("llm", "mock/hash", None),
    ]
    (tmp_path / KEPT_NAME).write_text("{}")
    assert used_judges([{}], settings) == []
    with pytest.raises(Unavailable, match="not a file of measured judges"):
        used_judges([config], settings)


def test_shipped_measurements_are_those_of_the_labelled_answers() -> None:
    judges = read_measured([SHIPPED])
    assert judges
    for one in judges:
        rows = read_labelled(DATA / one.file)
        assert summarise(rows, one.values) == one.found
