"""Tests of figures: what they show, and that they can be drawn, whatever their texts hold."""

from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from app.services.report.content import Report, Section
from app.services.report.figures.base import (
    BarChart,
    Chart,
    Drawn,
    Figure,
    IntervalChart,
    IntervalRow,
    Multiples,
    Point,
    ScatterChart,
    SmallPanel,
)
from app.services.report.figures.draw import draw_all
from app.services.report.figures.intervals import draw_intervals
from app.services.report.figures.themes import THEMES
from app.services.report.matrix_report import MATRIX_FILE, matrix_report
from app.services.report.written import files_of, html_of
from tests.services.matrices.factories import cell, matrix, matrix_out, not_run

HOSTILE = '$x^{$ <script>alert(1)</script> \\frac_ & "quoted"'
CHARTS: dict[str, Chart] = {
    "intervals": IntervalChart(
        "difference (points)",
        (IntervalRow(HOSTILE, 1.0, -1.0, 3.0, HOSTILE), IntervalRow("alone", 2.0, None, None, "2", "better")),
        reference=0.0,
        margin=2.0,
    ),
    "ratios": IntervalChart(
        "speed (×)", (IntervalRow("fast", 2.0, 1.5, 2.7, "2 ×"),), reference=1.0, ratio=True
    ),
    "points": ScatterChart(
        "latency (s)",
        "exact match (%)",
        (Point(HOSTILE, 1.0, (0.9, 1.2), 40.0, (30.0, 50.0), True), Point("b", 2.0, None, 0.0, (0.0, 7.0))),
        front=True,
    ),
    "multiples": Multiples(
        "exact match (%)",
        (HOSTILE, "b"),
        (SmallPanel(HOSTILE, "n = 2", (IntervalRow(HOSTILE, 1.0, 0.0, 2.0, "1"), None)),),
    ),
    "bars": BarChart("time (ms)", ("call", HOSTILE), ((HOSTILE, (3.0, 0.0)), ("b", (1.0, 2.0))), ("3", "3")),
}


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """All kinds of figures, drawn once."""
    return draw_all([Figure(name, HOSTILE, "caption", "alt", chart) for name, chart in CHARTS.items()])


def test_each_is_drawn_in_both_themes_and_formats(drawn: Drawn) -> None:
    endings = ("light.png", "light.svg", "dark.png", "dark.svg")
    assert set(drawn.files) == {f"{name}-{ending}" for name in CHARTS for ending in endings}
    for name, content in drawn.files.items():
        if name.endswith(".png"):
            with Image.open(BytesIO(content)) as image:
                assert [round(one) for one in image.info["dpi"]] == [300, 300]
        else:
            tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(content).iter()}
            assert not tags & {"script", "a", "foreignObject", "image"}


def test_characters_without_a_font_are_noted_in_the_caption(drawn: Drawn) -> None:
    assert not drawn.unreadable
    rows = (IntervalRow("\U0010fffd", 1.0, 0.0, 2.0, "1"),)  # for private use: no font has it
    figure = Figure("odd", "title", "What it shows.", "alt", IntervalChart("value", rows))
    odd = draw_all([figure, Figure("bars", "title", "caption", "alt", CHARTS["bars"])])
    assert odd.unreadable == {"odd"}
    report = Report("title", (Section("Results", "text", (figure,)),), {})
    for written in (html_of(report, odd), files_of(report, odd)["report.md"].decode()):
        assert "What it shows. Boxes stand for characters" in written


def test_ratios_are_labelled_with_numbers() -> None:
    chart = CHARTS["ratios"]
    assert isinstance(chart, IntervalChart)
    canvas = draw_intervals(chart, THEMES["light"])
    canvas.draw_without_rendering()
    labels = [tick.get_text() for tick in canvas.axes[0].get_xticklabels()]
    assert {"1", "2"} <= set(labels)
    assert all(float(text) > 0 for text in labels)


def test_the_same_figure_gives_the_same_bytes(drawn: Drawn) -> None:
    again = draw_all([Figure("points", HOSTILE, "caption", "alt", CHARTS["points"])]).files
    assert {name: drawn.files[name] for name in again} == again


def test_texts_of_others_do_nothing_in_the_page(drawn: Drawn) -> None:
    figure = Figure("bars", HOSTILE, HOSTILE, f'" onload="alert(1) {HOSTILE}', CHARTS["bars"])
    report = Report(HOSTILE, (Section("Results", "text", (figure,)),), {})
    page = html_of(report, drawn)
    assert "<script" not in page
    assert 'onload="' not in page
    markdown = files_of(report, drawn)["report.md"].decode()
    assert "<script" not in markdown.replace("\\<", "")
    assert 'onload="' not in markdown


def test_a_matrix_has_the_speed_up_of_each_method() -> None:
    config = matrix(methods=[{"name": "plain"}, {"name": "failed"}], rounds=3)
    cells = [
        cell("sequential", method="plain"),
        cell("concurrent", method="plain", speed=(3, 2.5, 3.5)),
        cell("cold", method="plain", speed=(1, 0.5, 2), outcome="worse"),
        not_run("warm", method="failed"),
    ]
    found = matrix_report(matrix_out(config, cells))
    (figure,) = found.figures
    assert isinstance(figure.chart, IntervalChart)
    assert [(row.label, row.emphasis) for row in figure.chart.rows] == [
        ("concurrent", "better"),
        ("cold", "none"),
    ]
    assert figure.chart.rows[0].text.startswith("3 × [2.5, 3.5]")
    assert "n = 6 questions" in figure.caption
    assert "| concurrent | 3 × [2.5, 3.5] |" in found.sections[1].markdown
    assert f"`{MATRIX_FILE}`" in found.sections[2].markdown
    assert set(found.attachments) == {MATRIX_FILE}
