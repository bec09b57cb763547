"""Tests of matrices as Markdown."""

import uuid
from datetime import UTC, datetime

from app.schemas.matrix import MatrixOut
from app.services.matrices.advice import advice
from app.services.matrices.markdown import markdown_of
from tests.services.matrices.factories import cell, matrix, not_run


def test_tables_with_what_failed() -> None:
    config = matrix(methods=[{"name": "a|b"}], rounds=3)
    cells = [
        cell("sequential", method="a|b"),
        cell("concurrent", method="a|b", speed=(3, 2.5, 3.5)),
        cell("cold", method="a|b", speed=(1, 0.5, 2), outcome="worse"),
        not_run("warm", method="a|b"),
    ]
    text = markdown_of(
        MatrixOut(
            id=uuid.uuid4(),
            name="Speed",
            description="",
            model="mock/hash",
            dataset="quiz",
            questions=6,
            methods=["a|b"],
            optimisations=[one.name for one in config.optimisations],
            rounds=3,
            total=12,
            ended=12,
            failed=3,
            created_at=datetime(2026, 1, 2, tzinfo=UTC),
            baseline="sequential",
            score="exact_match",
            margin=0.02,
            ways=[],
            config=config.as_json(),
            cells=cells,
            advice=advice(config, cells),
            warnings=["something <b>"],
        )
    )
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
