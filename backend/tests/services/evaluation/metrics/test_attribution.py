"""Tests of where answers went right or wrong."""

from dataclasses import asdict

import pytest

from app.domain.metrics import Attribution
from app.services.evaluation.metrics.attribution import attribution


class TestAttribution:
    @pytest.mark.parametrize(
        ("right", "in_context", "where"),
        [
            (1.0, 1.0, "supported"),
            (1.0, 0.0, "unsupported"),
            (0.0, 1.0, "misread"),
            (0.0, 0.0, "not_retrieved"),
            (1.0, None, None),
        ],
    )
    def test_of_each_kind(self, right: float, in_context: float | None, where: str | None) -> None:
        scores = {"exact_match": 0.0, "contains": right, "answer_in_context": in_context}
        assert attribution(scores) == where
        assert where is None or where in asdict(Attribution())

    def test_nothing_retrieved(self) -> None:
        assert attribution({"exact_match": 1.0}) is None

    def test_not_scored(self) -> None:
        assert attribution({"answer_in_context": 1.0, "contains": None}) is None
