"""Tests of measuring a judge on labelled answers."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from app.core.config import PROJECT_ROOT
from app.core.errors import InvalidInput
from app.services.datasets.labelled import read_labelled
from app.services.evaluation.judges.base import Claim
from app.services.evaluation.judges.validation import Labelled, auc, overlap, summarise

SHIPPED = PROJECT_ROOT / "data" / "faithfulness" / "pairs.jsonl"


def rows(*faithful: bool) -> list[Labelled]:
    return [Labelled(Claim("q", f"answer {i}", ("context",)), one) for i, one in enumerate(faithful)]


class TestSummary:
    def test_counts_unfaithful_answers_as_what_is_to_be_found(self) -> None:
        found = summarise(rows(True, True, False, False, True), [0.9, 0.4, 0.3, 0.6, None])
        assert (found.n, found.unscored) == (4, 1)
        assert found.accuracy is not None
        assert found.precision is not None
        assert found.recall is not None
        assert (found.accuracy.value, found.precision.value, found.recall.value) == (0.5, 0.5, 0.5)
        assert found.auc == 0.75

    def test_nothing_called_unfaithful(self) -> None:
        found = summarise(rows(True, False), [0.9, 0.8])
        assert found.precision is None
        assert found.recall is not None
        assert found.recall.value == 0

    def test_nothing_judged(self) -> None:
        found = summarise(rows(True, False), [None, None])
        assert (found.n, found.unscored, found.accuracy, found.auc) == (0, 2, None, None)

    def test_auc_is_that_of_scikit_learn(self) -> None:
        generator = np.random.default_rng(3)
        scores, labels = generator.integers(0, 8, 200) / 8, generator.random(200) < 0.4
        assert auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
        assert auc(scores, np.ones(200, dtype=bool)) is None

    def test_overlap(self) -> None:
        assert overlap(Claim("q", "the Old tower", ("The tower is high",))) == pytest.approx(2 / 3)
        assert overlap(Claim("q", "", ("text",))) == 0


class TestFiles:
    def test_the_shipped_pairs(self) -> None:
        found = read_labelled(SHIPPED)
        assert len(found) >= 60
        assert abs(sum(one.faithful for one in found) / len(found) - 0.5) < 0.1
        overlaps = np.array([overlap(one.claim) for one in found])
        by_words = auc(overlaps, np.array([one.faithful for one in found]))
        assert by_words is not None
        assert 0.4 < by_words < 0.6  # or counting words would do for a judge
        for one in found:
            assert 20 <= len(one.claim.texts[0].split()) <= 130

    def test_begin(self, tmp_path: Path) -> None:
        file = tmp_path / "begin.tsv"
        file.write_text(
            "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label\n"
            't5\twow\ta "tower\thow high?\t300 metres\tFully attributable\n'
            "t5\twow\tk\tm\tr\tGeneric\n"
            "t5\twow\tk\tm\tr\tNot fully attributable\n"
        )
        assert read_labelled(file) == [
            Labelled(Claim("how high?", "300 metres", ('a "tower',)), True),
            Labelled(Claim("m", "r", ("k",)), False),
        ]

    def test_wrong_lines_are_named(self, tmp_path: Path) -> None:
        file = tmp_path / "bad.jsonl"
        file.write_text('{"context": "c", "question": "q", "answer": "a", "label": "maybe"}\nnonsense\n')
        with pytest.raises(InvalidInput) as caught:
            read_labelled(file)
        assert [error.field for error in caught.value.errors] == ["line 1", "line 2"]
