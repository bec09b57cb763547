"""Tests of matrices as Markdown."""

from app.services.matrices.advice import advice
from app.services.matrices.markdown import markdown_of
from tests.services.matrices.factories import cell, matrix, matrix_out, not_run


def test_tables_with_what_failed() -> None:
    config = matrix(methods=[{"name": "a|b"}], rounds=3)
    cells = [
        cell("sequential", method="a|b"),
        cell("concurrent", method="a|b", speed=(3, 2.5, 3.5)),
        cell("cold", method="a|b", speed=(1, 0.5, 2), outcome="worse"),
        not_run("warm", method="a|b"),
    ]
    out = matrix_out(config, cells, advice=advice(config, cells), warnings=["something <b>"])
    text = markdown_of(out)
    assert "## Speed: mock/hash" in text
    assert "9 of 12 trials completed" in text
    assert "> **Warning:** something \\<b\\>" in text
    assert "### a\\|b" in text
    assert "| concurrent | 3 × [2.5, 3.5] | 2 [1.9, 2.1] | 100.0 % | 70.0 % [60.0, 80.0] |" in text
    assert "| cold | 1 × [0.5, 2] *?* |" in text
    assert "**worse**" in text
    assert "| warm | *failed*: the server is gone |" in text
    assert "- a\\|b: use concurrent" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {13}
